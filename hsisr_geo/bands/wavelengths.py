"""Wavelengths in nanometres, whatever a file calls their unit, and whether they can be."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from statistics import median
from typing import NamedTuple

from hsisr_geo.bands.bands import Bands, guess_unit, to_nanometers
from hsisr_geo.bands.lists import without_repr

SHORTEST_NM, LONGEST_NM = 200.0, 20_000.0
"""What imaging spectrometers measure, from the ultraviolet to the thermal infrared."""

_NONE_BELOW, _NONE_ABOVE = 100.0, 200_000.0  # of single bands, where most of them are plausible
_JUDGED = 4  # widths at least
_NO_UNIT = frozenset(("", "unknown", "none", "1"))
_FACTORS = {"Nanometers": 1.0, "Micrometers": 1e3, "Angstroms": 0.1, "Meters": 1e9,
            "Millimeters": 1e6, "Picometers": 1e-3}  # fmt: skip
# ^ in the order in which readings are tried where the unit that is told does not fit
_NM_PER_CM = 1e7
_WAVENUMBER = re.compile(r"wave_?numbers?|(1\s*/\s*cm|cm\s*\^?\(?-1\)?|cm\*\*-1)", re.IGNORECASE)
_WITHIN = re.compile(r"(nanomet\w+|\bnm\b|micromet\w+|microns?|[µμ]m|\bum\b|angstroms?|Å)", re.I)


class Wavelengths(NamedTuple):
    """Wavelengths in nanometres, None where not told; what one must know of how they were read.

    `unit` is the one that was taken, `factor` what one of it is in nanometres, 0 for none.
    """

    nm: list[float | None]
    unit: str
    factor: float
    note: str = ""


def named_unit(unit: str | None) -> str:
    """Return a unit as it is told, "" for none: "Wavelength [nm]" tells nm."""
    text = without_repr(unit or "")
    if text.lower() in _NO_UNIT:
        return ""
    found = _WITHIN.search(text)
    if to_nanometers(1.0, text) is None and found:
        return {"n": "nm", "m": "um", "u": "um", "a": "Angstroms", "å": "Angstroms"}.get(
            found[1][0].lower(), "um"
        )
    return text


def is_wavenumber(unit: str | None) -> bool:
    """Tell whether a unit is one of wavenumbers: "Wavenumber" in ENVI headers, cm-1."""
    return _WAVENUMBER.fullmatch((unit or "").strip()) is not None


def of_wavenumber(
    number: float | None, width: float | None = None
) -> tuple[float | None, float | None]:
    """Return wavelength and width in nanometres of a wavenumber and a width in 1/cm.

    >>> of_wavenumber(1000.0, 4.0)
    (10000.0, 40.0)
    """
    if not number or number <= 0:
        return None, None
    centre = _NM_PER_CM / number
    return round(centre, 6), None if width is None else round(width * centre / number, 6)


def in_nanometers(values: Sequence[float | None], unit: str | None) -> Wavelengths:
    """Convert wavelengths; a unit that does not fit its numbers gives way to one that does.

    Parameters
    ----------
    values : None, 0 and negative ones are not told
    unit : as the file has it; None or "Unknown" where it has none
    """
    known = [v for v in values if v is not None and v > 0]
    nothing: list[float | None] = [None] * len(values)
    told = named_unit(unit)
    if not known:
        return Wavelengths(nothing, told or "Nanometers", 1.0)
    taken = told or guess_unit(known)
    factor = to_nanometers(1.0, taken)
    if factor is None:
        return Wavelengths(nothing, taken, 0.0, f"wavelengths in {taken}: not understood, left out")
    if _numbers_of_bands(known):
        return Wavelengths(
            nothing, "none", 0.0, "its wavelengths are 1, 2, 3 …, the numbers of bands: left out"
        )
    note = ""
    if not _plausible(known, factor):
        fitting = next((u for u, f in _FACTORS.items() if _plausible(known, f)), None)
        odd = f"wavelengths from {min(known):g} to {max(known):g} do not fit {taken}"
        if fitting is None:
            return Wavelengths(nothing, taken, 0.0, f"{odd}: left out")
        note = f"{odd}: taken as {fitting}" if told else ""
        taken, factor = fitting, _FACTORS[fitting]
    nm = [_times(v, factor) for v in values]
    nm, strange = _without_strange(nm, median(known) * factor)
    return Wavelengths(nm, taken, factor, strange or note)


def _times(value: float | None, factor: float) -> float | None:
    """Return a wavelength in nanometres; None of what is not told."""
    if value is None or not value > 0:  # of NaN, too
        return None
    # keep a femtometre, drop the float noise: 0.41746 um * 1000 is 417.46000000000004
    return value if factor == 1.0 else round(value * factor, 6)


def _without_strange(nm: list[float | None], middle: float) -> tuple[list[float | None], str]:
    """Leave out single wavelengths that cannot be, beside plausible ones; say so."""
    strange = [v for v in nm if v is not None and not _NONE_BELOW < v < _NONE_ABOVE]
    if not strange:
        return nm, ""
    told = f"wavelengths of {strange[0]:g} nm cannot be, beside {middle:g} nm: left out"
    kept = [None if v in strange else v for v in nm]
    return kept, f"{told}, in {len(strange)} of {len(nm)} bands"


def fitting_widths(
    widths: Sequence[float | None], centres: Sequence[float | None]
) -> tuple[list[float | None], str]:
    """Return widths of bands beside their centres, both in nanometres, and what one must know.

    Widths in micrometres beside centres in nanometres, or the other way round, are a thousandth of
    the steps between centres, or wider than the centres are long: they are taken as meant.
    """
    pairs = [(w, c) for w, c in zip(widths, centres, strict=True) if w and c]
    same = list(widths)
    if len(pairs) < _JUDGED:
        return same, ""
    width, centre = median(w for w, _ in pairs), median(c for _, c in pairs)
    places = sorted({c for _, c in pairs})
    step = median(b - a for a, b in pairwise(places)) if len(places) > 1 else 0.0
    if width > centre:
        factor, unit = 1e-3, "nm"
    elif width < 0.01 * step and width * 1e3 < 0.5 * centre:
        factor, unit = 1e3, "um"
    else:
        return same, ""
    note = f"widths of {width:g} nm do not fit bands {step:g} nm apart: taken as {unit}"
    return [w and round(w * factor, 6) for w in widths], note


def as_they_can_be(bands: Bands, unit: str | None = "Nanometers") -> tuple[Bands, str]:
    """Return bands whose wavelengths are numbers in that unit in nanometres, and what is odd.

    Numbers that cannot be of that unit are read in the one that fits, widths with them.
    """
    found = in_nanometers([band.wavelength_nm for band in bands], unit)
    factor = found.factor or 1.0
    widths = [_scaled(b.fwhm_nm, factor, c) for b, c in zip(bands, found.nm, strict=True)]
    widths, on_widths = fitting_widths(widths, found.nm)
    made = (
        replace(band, wavelength_nm=centre, fwhm_nm=width)
        for band, centre, width in zip(bands, found.nm, widths, strict=True)
    )
    return Bands(tuple(made)), "; ".join(filter(None, (found.note, on_widths)))


def _scaled(width: float | None, factor: float, centre: float | None) -> float | None:
    """Return a width in the unit of its centre, unless it would be wider than that is long."""
    if not width or width < 0 or not isfinite(width):
        return None
    scaled = round(width * factor, 6)
    return width if factor == 1.0 or scaled > (centre or scaled) else scaled


def numbers_of_bands(values: Sequence[float]) -> bool:
    """Tell whether numbers only count the bands, from 0 or 1."""
    return _numbers_of_bands([v for v in values if v > 0])


def plausible(values_nm: Sequence[float]) -> bool:
    """Tell whether numbers can be wavelengths in nanometres."""
    return bool(values_nm) and _plausible(values_nm, 1.0)


def _plausible(known: Sequence[float], factor: float) -> bool:
    return SHORTEST_NM <= median(known) * factor <= LONGEST_NM


def _numbers_of_bands(known: Sequence[float]) -> bool:
    return len(known) > 2 and all(v == i for i, v in enumerate(known, start=1))
