"""The names that files have for wavelengths and widths, with the unit that may be in a name.

ENVI says `wavelength`, others "Wavelength (nm)", `center_wavelength_um`, "band centers" or `wvl`.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from hsisr_geo.bands.lists import split_list, to_number

ENVI_NAMES = ("wavelength", "wavelength_units", "fwhm")
_UNIT = r"(?:_?(?:in_)?(?P<unit>nm|um|µm|μm|nanomet(?:er|re)s?|micromet(?:er|re)s?|microns?))?"
_MIDDLE = r"(?:cent(?:er|re|ral)|peak|nominal|effective|mean)_?(?:filter_?)?"
_CENTRE = re.compile(
    r"(?:(?:sensor_)?band_?)?"
    rf"(?:(?:{_MIDDLE})?(?:band_?)?(?:radiation_)?wave_?lengths?(?:_?(?:cent(?:er|re)s?|c|3d))?"
    rf"|(?<=band_)cent(?:er|re)s?|(?<=band)cent(?:er|re)s?){_UNIT}"
)
_SHORT = re.compile(rf"(?:(?:wl|wls|wvl|wvls|cwl){_UNIT}|lambda_?(?P<of_lambda>nm|um|µm|μm))")
_WIDTH = re.compile(rf"(?:fwhms?|band_?widths?|full_?width_?half_?max(?:imum)?){_UNIT}")
_UNITS = re.compile(r"(?:radiation_)?wave_?lengths?_?(?:units?|uom)")


class Spelled(NamedTuple):
    """What a name tells: "wavelength", "fwhm" or "wavelength_units", and a unit or "".

    `short` ones, `lambda` say, may mean anything else, too.
    """

    name: str
    unit: str = ""
    short: bool = False


def spelled(name: str) -> Spelled | None:
    """Return what the name of a tag or variable tells; None where it is nothing of a spectrum.

    >>> spelled("Wavelength (nm)")
    Spelled(name='wavelength', unit='nm', short=False)
    """
    plain = re.sub(r"[^a-z0-9µμ]+", "_", name.lower()).strip("_")
    kinds = (_CENTRE, "wavelength", False), (_WIDTH, "fwhm", False), (_SHORT, "wavelength", True)
    for pattern, known, short in kinds:
        if found := pattern.fullmatch(plain):
            unit = found["unit"] or found.groupdict().get("of_lambda")
            return Spelled(known, unit or "", short)
    return Spelled("wavelength_units") if _UNITS.fullmatch(plain) else None


def key_of(name: str, fields: Mapping[str, str], count: int = 1) -> str | None:
    """Return under which key fields have what ENVI calls by that name; None where they have none.

    ENVI's own name goes first, then the first that is no abbreviation; these count only where they
    have `count` numbers.
    """
    if fields.get(name):
        return name
    told = [(kind, key) for key, text in fields.items() if text and (kind := spelled(key))]
    fitting = (
        key
        for kind, key in sorted(told, key=lambda pair: pair[0].short)
        if kind.name == name and not (kind.short and not _numbers(fields[key], count))
    )
    return next(fitting, None)


def unit_in(fields: Mapping[str, str], key: str | None) -> str | None:
    """Return the unit of the wavelengths under a key: the one in its name, else by a key for it."""
    within = spelled(key or "")
    named = key_of("wavelength_units", fields)
    return (within.unit if within else "") or (fields[named] if named else None)


def _numbers(text: str, count: int) -> bool:
    items = split_list(text, count)
    return items is not None and all(to_number(item) is not None for item in items)
