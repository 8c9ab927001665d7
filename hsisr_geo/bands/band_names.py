"""Wavelengths in what bands are called: "wl_450.5 nm", "channel_0 (381.0)", "Band_503", "rhos_443".

They are believed where no place of a file tells wavelengths. Names that only count bands, or years,
tell none.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from hsisr_geo.bands.spellings import spelled
from hsisr_geo.bands.wavelengths import in_nanometers, plausible

Centre = tuple[float, str]
"""A number and its unit, "" where none is told."""

_DESCRIBED = re.compile(
    r"(?<![\d.])(\d+(?:\.\d+)?)[\s_]*\(?(nm|nanomet\w+|µm|um|micromet\w+|microns?)(?![^\W_])",
    re.IGNORECASE,
)
# Without a unit only what can hardly be anything else: "channel_0 (381.0055927)" ...
_BARE = re.compile(r"(?:^|[\s(_=])(\d{3,5}\.\d+)\)?$")
# ... and names that are the same but for a number that grows from band to band and can be one, and
# one that counts the bands: "Band_503" (Wyvern), "X450.5" (R), "b001_450", "Band 1 (450)"
_NUMBERED = re.compile(
    r"(?P<before>[^\d.]*?)[\s_(-]*(?P<equals>[=:]\s*)?"
    r"(?P<number>\d{3,5}(?:\.\d+)?|\d{1,2}\.\d{3,})\)?"
)
_COUNTED = re.compile(r"([^\d]*?)(\d+)([\s_(:-].*)")
_YEARS = (1900, 2100)
_ENDING = re.compile(r"(?:^|_)(\d{3,4}(?:\.\d+)?)$")  # of variables that are bands


def in_text(text: str | None) -> Centre | None:
    """Read what a description says: a number with its unit, or one that can hardly be another."""
    found = _DESCRIBED.search(text or "")
    if found is not None:
        return float(found[1]), "nm" if found[2].lower().startswith("n") else "um"
    bare = _BARE.search(text or "")
    return (float(bare[1]), "nm") if bare else None


def in_texts(texts: Sequence[str | None]) -> list[Centre | None]:
    """Read what each description says; where others have decimals, whole numbers count as well.

    "wl_450.5", "wl_550": R and NumPy write no decimals where there are none.
    """
    said = [in_text(text) for text in texts]
    if not any(_BARE.search(text or "") for text in texts):
        return said
    decimals = (re.sub(r"(?<![\d.])(\d{3,5})(\)?)$", r"\1.0\2", text or "") for text in texts)
    pairs = zip(said, decimals, strict=True)
    return [found if found else in_text(text) for found, text in pairs]


def in_names(texts: Sequence[str | None]) -> list[Centre | None]:
    """Read wavelengths out of names that differ in a number only, which grows like one."""
    bare = [_without_count((text or "").strip(), i) for i, text in enumerate(texts)]
    found = [_NUMBERED.fullmatch(text) for text in bare]
    matches = [match for match in found if match and _may_be_centre(match)]
    numbers = [float(match["number"]) for match in matches]
    alike = len({match["before"].lower() for match in matches}) == 1
    known = len(matches) == len(texts) > 1 and alike and _grow(numbers)
    nm = in_nanometers(numbers, None).nm if known else []
    if not known or not plausible([v for v in nm if v]):
        return [None] * len(texts)
    return [(number, "") for number in numbers]


def _may_be_centre(match: re.Match[str]) -> bool:
    """Tell whether a number in a name may be a wavelength: "wl=500"; not "z=500", nor "500"."""
    kind = spelled(match["before"])
    alone = not match["before"] and "." not in match["number"]
    return not (alone or match["equals"]) or (kind is not None and kind.name == "wavelength")


def _without_count(name: str, index: int) -> str:
    """Take the number of a band out of its name, counted from 0 or 1: "Band 1 (450)"."""
    found = _COUNTED.fullmatch(name)
    return found[1] + found[3] if found and int(found[2]) in (index, index + 1) else name


def _grow(numbers: Sequence[float]) -> bool:
    """Tell whether numbers grow as wavelengths do: not one by one, as counts, and no years."""
    steps = {b - a for a, b in pairwise(numbers)}
    years = all(_YEARS[0] <= n <= _YEARS[1] and n == int(n) for n in numbers)
    return all(step > 0 for step in steps) and steps != {1.0} and not years


def in_ends(names: Sequence[str]) -> list[Centre | None]:
    """Read wavelengths at the ends of names, whatever stands before: "rhos_443"."""
    found = [_ENDING.search(name) for name in names]
    numbers = [float(match[1]) for match in found if match]
    if len(numbers) < len(names) or not plausible(numbers):
        return [None] * len(names)
    return [(number, "nm") for number in numbers]
