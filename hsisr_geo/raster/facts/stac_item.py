"""The STAC item beside a raster: wavelengths, widths and bad bands that the raster does not tell.

EnMAP-Box writes NAME.tif.stac.json ("Metadata guide"), makers of satellites NAME.json, and others
NAME.stac.json: `eo:bands` of STAC 1.0 or `bands` of 1.1, in micrometres, of an asset or of the
item; EnMAP-Box as well `envi:metadata`, lists as in a header of ENVI.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.lists import to_number
from hsisr_geo.bands.wavelengths import as_they_can_be
from hsisr_geo.raster.raster import Raster

Facts = Mapping[str, Any]

_LISTS = ("eo:bands", "bands")  # of STAC 1.0 and 1.1
_ENVI = "envi:metadata"
_MULTIPLIER = "enmapbox:bad_band_multiplier"
_MOST_BYTES = 16 << 20  # of a JSON beside: an item of a scene has some kB


def with_item_beside(raster: Raster, place: Path) -> Raster:
    """Complete bands that have no wavelength by an item beside the file; say by which."""
    if any(band.wavelength_nm is not None for band in raster.bands):
        return raster
    stems = place.name, place.stem
    names = [f"{stem}{ending}" for ending in (".stac.json", ".json") for stem in stems]
    for path in map(place.with_name, names):
        told = _bands_told(read_object(path) or {}, place.name, len(raster.bands))
        if told is None:
            continue
        bands, odd = as_they_can_be(_with(raster.bands, told[0]), told[1])
        if any(band.wavelength_nm is not None for band in bands):
            note = f"its wavelengths are those that {path.name} beside it tells"
            files = (*raster.files, str(path))
            return replace(raster, bands=bands, files=files).noted(note, odd)
    return raster


def _with(bands: Bands, told: list[Facts]) -> Bands:
    return Bands(tuple(_as_told(band, by) for band, by in zip(bands, told, strict=True)))


def _as_told(band: Band, by: Facts) -> Band:
    return replace(
        band,
        name=band.name or str(by.get("name") or ""),
        wavelength_nm=_of_either(by, "center_wavelength"),
        fwhm_nm=_of_either(by, "full_width_half_max"),
        good=band.good and first_number(by.get(_MULTIPLIER)) != 0,
    )


def _of_either(by: Facts, key: str) -> float | None:
    """Return what STAC 1.0 calls by the key, and 1.1 by `eo:` and the key."""
    return next((n for k in (key, f"eo:{key}") if (n := first_number(by.get(k))) is not None), None)


def _bands_told(item: Facts, file: str, count: int) -> tuple[list[Facts], str] | None:
    """Return what an item tells of each of a file's bands, and the unit of their wavelengths."""
    for holder in _holders(item, file):
        for told in (as_objects(holder.get(key)) for key in _LISTS):
            if len(told) == count and any(_of_either(by, "center_wavelength") for by in told):
                return told, "Micrometers"
        if found := _of_lists(as_object(holder.get(_ENVI)), count):
            return found
    return None


def _holders(item: Facts, file: str) -> Iterator[Facts]:
    """Yield what may have a list of bands: the file's own asset first, then others, the item."""
    assets = [as_object(asset) for asset in as_object(item.get("assets")).values()]
    yield from sorted(assets, key=lambda a: str(a.get("href", "")).rpartition("/")[2] != file)
    yield as_object(item.get("properties"))


def _of_lists(envi: Facts, count: int) -> tuple[list[Facts], str] | None:
    """Return what lists named as ENVI's tell of each band."""
    named = {"center_wavelength": "wavelength", "full_width_half_max": "fwhm",
             _MULTIPLIER: "bbl", "name": "band_names"}  # fmt: skip
    lists = {key: envi[name] for key, name in named.items()
             if isinstance(envi.get(name), list) and len(envi[name]) == count}  # fmt: skip
    if "center_wavelength" not in lists:
        return None
    told: list[Facts] = [{key: values[i] for key, values in lists.items()} for i in range(count)]
    return told, str(envi.get("wavelength_units") or "Nanometers")


def as_object(found: Any) -> Facts:
    """Return an object of JSON, an empty one for anything else."""
    return found if isinstance(found, dict) else {}


def as_objects(found: Any) -> list[Facts]:
    """Return a list of objects, an empty one for anything else."""
    items = found if isinstance(found, list) else []
    return items if all(isinstance(item, dict) for item in items) else []


def first_number(value: Any) -> float | None:
    """Return a number, in a text too, or the first of a list (value, uncertainty)."""
    first = value[0] if isinstance(value, list) and value else value
    number = first if isinstance(first, (int, float)) else to_number(str(first or ""))
    return None if number is None else float(number)


def read_object(path: Path) -> Facts | None:
    """Read a JSON object; None where there is none, or it is no such thing."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        told = json.loads(path.read_text("utf-8", "replace"))
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
