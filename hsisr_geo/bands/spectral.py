"""Where files keep wavelengths, widths and bad-band flags, and which place is believed.

The same fact is found in several places of one file, and not all are equally exact:
GDAL >= 3.10 rounds the IMAGERY items of an ENVI header to three decimals of a micrometre.
Places are asked in the order of `_places`; the first that knows a fact is believed.
"""

import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from hsisr_geo.bands.bands import guess_unit, to_nanometers
from hsisr_geo.bands.envi_header import split_list

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_NO_UNIT = frozenset(("", "unknown", "none"))
_DESCRIBED = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)\s*\(?(nm|nanomet\w+|µm|um|micromet\w+|microns?)\b", re.IGNORECASE
)
# Without a unit only what can hardly be anything else: "channel_0 (381.0055927)".
_BARE = re.compile(r"(?:^|[\s(_=])(\d{3,5}\.\d+)\)?$")


class Spectral(NamedTuple):
    """Centre wavelengths and widths in nanometres and good-band flags; None where not told."""

    centres: list[float | None]
    widths: list[float | None]
    good: list[bool | None]


class _Said(NamedTuple):
    """What one place of a file says about one band, in the unit of that place."""

    centre: float | None = None
    unit: str | None = None
    width: float | None = None
    good: bool | None = None


def read_spectral(dataset: Any, fields: Mapping[str, str]) -> Spectral:
    """Read the spectral facts of an open rasterio dataset.

    Parameters
    ----------
    fields : of its ENVI header, {} for other formats
    """
    count = dataset.count
    result = Spectral([None] * count, [None] * count, [None] * count)
    undecided = True
    for place, said in _places(dataset, fields):
        unit = _common_unit(said)
        found = _in_nanometers(said, unit)
        if undecided and any(s.centre is not None for s in said):
            # ... even if in a unit that is no length: places that follow would only guess
            undecided = False
            _log_place(f"{dataset.name}: wavelengths from the {place}", said, unit)
            result = result._replace(centres=found.centres)
        if _unknown(result.widths):
            result = result._replace(widths=found.widths)
        if _unknown(result.good):
            result = result._replace(good=found.good)
    return result


def _places(dataset: Any, fields: Mapping[str, str]) -> Iterator[tuple[str, Sequence[_Said]]]:
    count, numbers = dataset.count, range(1, dataset.count + 1)
    default = [_lower(dataset.tags(i)) for i in numbers]
    yield "ENVI header", _from_lists(fields, count)
    yield "band tags", [_from_tags(tags) for tags in default]
    yield "IMAGERY band tags", [_from_imagery(dataset.tags(i, ns="IMAGERY")) for i in numbers]
    unit = dataset.tags().get("wavelength#units")
    yield "wavelength dimension", [_from_dimension(tags, unit) for tags in default]
    yield "ENVI tags of the file", _from_lists(_lower(dataset.tags(ns="ENVI")), count)
    yield "tags of the file", _from_lists(_lower(dataset.tags()), count)
    yield "band descriptions", [_from_description(text) for text in _descriptions(dataset)]


def _descriptions(dataset: Any) -> Sequence[str | None]:
    """Return the names of the bands, none where they are not the UTF-8 that rasterio expects."""
    try:
        descriptions: Sequence[str | None] = dataset.descriptions
    except UnicodeDecodeError:
        return [None] * int(dataset.count)
    return descriptions


def _from_lists(fields: Mapping[str, str], count: int) -> list[_Said]:
    def column(key: str) -> list[str | None]:
        items = split_list(fields.get(key), count)
        return [None] * count if items is None else list(items)

    unit = fields.get("wavelength_units")
    columns = zip(column("wavelength"), column("fwhm"), column("bbl"), strict=True)
    return [_Said(to_number(w), unit, to_number(f), _flag(b)) for w, f, b in columns]


def _from_tags(tags: Mapping[str, str]) -> _Said:
    good = _flag(tags.get("bbl"))
    if good is None and "good_band" in tags:  # GDAL >= 3.13
        good = tags["good_band"].lower() not in ("false", "0", "no")
    unit = tags.get("wavelength_units")
    return _Said(to_number(tags.get("wavelength")), unit, to_number(tags.get("fwhm")), good)


def _from_imagery(tags: Mapping[str, str]) -> _Said:
    centre, width = tags.get("CENTRAL_WAVELENGTH_UM"), tags.get("FWHM_UM")
    return _Said(to_number(centre), "um", to_number(width))


def _from_dimension(tags: Mapping[str, str], unit: str | None) -> _Said:
    value = tags.get("netcdf_dim_wavelength", tags.get("dim_wavelength_value"))
    return _Said(to_number(value), tags.get("dim_wavelength_unit", unit))


def _from_description(text: str | None) -> _Said:
    found = _DESCRIBED.search(text or "")
    if found is not None:
        return _Said(float(found[1]), "nm" if found[2].lower().startswith("n") else "um")
    bare = _BARE.search(text or "")
    return _Said(float(bare[1]), "nm") if bare else _Said()


def _common_unit(said: Sequence[_Said]) -> str:
    """Return the unit for the bands of a place that name none."""
    centres = [s.centre for s in said if s.centre is not None]
    return guess_unit(centres) if centres else "Nanometers"


def _in_nanometers(said: Sequence[_Said], unit: str) -> Spectral:
    units = [unit if _is_unitless(s) else str(s.unit) for s in said]
    return Spectral(
        [_converted(s.centre, u) for s, u in zip(said, units, strict=True)],
        [_converted(s.width, u) for s, u in zip(said, units, strict=True)],
        [s.good for s in said],
    )


def _log_place(message: str, said: Sequence[_Said], unit: str) -> None:
    if any(_is_unitless(s) for s in said):
        message += f", which names no unit: taken as {unit}"
    strange = {
        str(s.unit) for s in said if not _is_unitless(s) and not _converted(1.0, str(s.unit))
    }
    if strange:
        _LOG.warning("%s, in %s: not understood, left out", message, ", ".join(sorted(strange)))
    else:
        _LOG.info(message)


def _is_unitless(said: _Said) -> bool:
    return (said.unit or "").strip().lower() in _NO_UNIT


def _converted(value: float | None, unit: str) -> float | None:
    return None if value is None or value <= 0 else to_nanometers(value, unit)


def _lower(tags: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in tags.items()}


def _unknown(values: Sequence[T | None]) -> bool:
    return all(value is None for value in values)


def to_number(text: str | None) -> float | None:
    """Read a number; None for text that is no finite number."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _flag(text: str | None) -> bool | None:
    number = to_number(text)
    return None if number is None else number != 0
