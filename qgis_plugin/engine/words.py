"""The engine's messages in the words of the dialog: `--upscale` becomes 'Upscale' (UPSCALE).

Plain Python. The engine names the options of its command line; a person at a dialog sees labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# The parameter that an option is set by. Tests hold them against the engine's options and ours.
PARAMETERS = {
    "--again": "AGAIN",
    "--all-bands": "ALL_BANDS",
    "--bands": "BANDS",
    "--bounds": "EXTENT",
    "--co": "CREATION",
    "--data-range": "DATA_RANGE",
    "--detail": "DETAIL",
    "--device": "DEVICE",
    "--drop-bad": "DROP_BAD",
    "--dry-run": "DRY_RUN",
    "--exclude": "EXCLUDE",
    "--format": "FORMAT",
    "--index": "INDEX",
    "--mask-clouds": "MASK_CLOUDS",
    "--memory": "MEMORY",
    "--minutes": "MINUTES",
    "--model": "MODEL",
    "--no-consistency": "NO_CONSISTENCY",
    "--nodata": "NODATA",
    "--orthorectify": "ORTHORECTIFY",
    "--out": "OUT",
    "--overlap": "OVERLAP",
    "--overwrite": "OVERWRITE",
    "--plot": "PLOT",
    "--precision": "PRECISION",
    "--psf": "PSF",
    "--samples": "SAMPLES",
    "--seed": "SEED",
    "--sigma": "SIGMA",
    "--threads": "THREADS",
    "--tile": "TILE",
    "--uncertainty": "UNCERTAINTY",
    "--uncertainty-bands": "UNCERTAINTY_BANDS",
    "--upscale": "UPSCALE",
    "--valid-range": "VALID_MIN",
    "--window": "WINDOW",
}
WATER_VAPOUR = "--exclude water-vapour"  # a box of its own in most dialogs
ARGUMENTS = {"SRC": "INPUT", "DST": "OUTPUT"}
ALGORITHMS = {  # command -> algorithm; a label is asked for by hsisr:NAME
    "run": "superresolve",
    "index": "spectralindex",
    **{name: name for name in ("assess", "adapt", "evaluate", "info", "psf")},
}
_USAGE = re.compile(r"Usage: hsisr-geo |Try 'hsisr-geo |Error: |$")
_FOR_PYTHON = re.compile(r" \([a-z_]+=\w*\)")  # what a caller in Python would write
_SPOKEN = re.compile(r"(?<![\w/.-])(--[a-z][a-z-]*|SRC|DST|hsisr-geo [a-z]+)\b(?![/.])")


def is_usage(line: str) -> bool:
    """Whether a line only says how the command line is used, or what the error says anyway."""
    return _USAGE.match(line) is not None


def in_words_of_the_dialog(message: str, label_of: Callable[[str], str | None]) -> str:
    """Replace what a message says of the command line by labels: options, arguments, commands.

    Parameters
    ----------
    label_of : label of a parameter of this dialog or of an algorithm, None where there is none

    e.g. "choose another --model" -> "choose another 'Model' (MODEL)", and what this dialog does not
    have, "give --all-bands" -> "give the command line's --all-bands"
    """

    def words(match: re.Match[str]) -> str:
        said, command = match[0], match[0].removeprefix("hsisr-geo ")
        name = {**PARAMETERS, **ARGUMENTS}.get(said)
        if command in ALGORITHMS:
            name = f"hsisr:{ALGORITHMS[command]}"
        label = None if name is None else label_of(name)
        if label is None:
            return f"the command line's {said}" if said.startswith("--") else said
        return f"'{label}' ({name})"

    box = label_of("WATER_VAPOUR")
    if box is not None:
        message = message.replace(WATER_VAPOUR, f"'{box}' (WATER_VAPOUR)")
    return _SPOKEN.sub(words, _FOR_PYTHON.sub("", message))
