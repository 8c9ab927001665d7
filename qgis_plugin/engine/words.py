"""The engine's messages in the words of the dialog: `--upscale` becomes 'Upscale' (UPSCALE).

Plain Python. The engine names the options of its command line; a person at a dialog sees labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# The parameter that an option is set by. Tests hold them against the engine's options and ours.
PARAMETERS = {
    "--again": "AGAIN",
    "--bands": "BANDS",
    "--bounds": "EXTENT",
    "--co": "CREATION",
    "--detail": "DETAIL",
    "--device": "DEVICE",
    "--drop-bad": "DROP_BAD",
    "--dry-run": "DRY_RUN",
    "--exclude": "EXCLUDE",
    "--format": "FORMAT",
    "--mask-clouds": "MASK_CLOUDS",
    "--minutes": "MINUTES",
    "--model": "MODEL",
    "--no-consistency": "NO_CONSISTENCY",
    "--nodata": "NODATA",
    "--orthorectify": "ORTHORECTIFY",
    "--out": "OUT",
    "--overwrite": "OVERWRITE",
    "--precision": "PRECISION",
    "--psf": "PSF",
    "--samples": "SAMPLES",
    "--seed": "SEED",
    "--tile": "TILE",
    "--uncertainty": "UNCERTAINTY",
    "--uncertainty-bands": "UNCERTAINTY_BANDS",
    "--upscale": "UPSCALE",
    "--valid-range": "VALID_MIN",
    "--window": "WINDOW",
}
_FOR_PYTHON = re.compile(r" \([a-z_]+=\w*\)")  # what a caller in Python would write
_OPTION = re.compile(r"(?<![\w/-])--[a-z][a-z-]*\b")


def in_words_of_the_dialog(message: str, label_of: Callable[[str], str | None]) -> str:
    """Replace the options in a message by the labels of the parameters that set them.

    Parameters
    ----------
    label_of : label of a parameter of this dialog, None where it has none of that name

    e.g. "choose another --model" -> "choose another 'Model' (MODEL)", and what no dialog has,
    "give --all-bands" -> "give the command line's --all-bands"
    """

    def words(match: re.Match[str]) -> str:
        name = PARAMETERS.get(match[0])
        label = None if name is None else label_of(name)
        return f"the command line's {match[0]}" if label is None else f"'{label}' ({name})"

    return _OPTION.sub(words, _FOR_PYTHON.sub("", message))
