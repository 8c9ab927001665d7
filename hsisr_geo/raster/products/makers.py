"""Metadata that makers keep outside of their GeoTIFFs, in names and JSON: scaling, units, bands.

Wyvern, "Data product guide" 1.5 and 2.0: wyvern_<platform>_<time>_<id>[_<level>].tiff, radiance
unscaled in W/(m2 sr um); wavelengths are tags of its bands, or `eo:bands` of the STAC item beside;
usable data mask …_data_mask.tiff beside, whose second band is 1 for a cloud (in 1.5 and in 2.0).
Pixxel, support pages: FFnn_<id>_<date>_<level>_<date>_aaabbccc.tif; reflectance of L1C and L2A is
DN / 50000, radiance of L1B unscaled. Kuva Hyperfield, as acolite reads it: L1C.tif and a JSON with
"image.bands", each with wavelength, bandwidth, scale and offset; (DN + offset) * scale, 0 is none.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.wavelengths import as_they_can_be
from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.facts.stac_item import (
    Facts,
    as_object,
    as_objects,
    first_number,
    read_object,
)
from hsisr_geo.raster.raster import Clouds, Raster

_WYVERN = re.compile(r"wyvern_.+?(?:_(?P<level>l\d\w))?\.tiff?", re.IGNORECASE)
_PIXXEL = re.compile(r"FF\d\d_[^_]+_\d{8}_(?P<level>L\d\w)_\d{8}_\d{6,9}\.tiff?", re.IGNORECASE)
_KUVA_JSON = re.compile(r"hyperfield.*_L1C.*\.json", re.IGNORECASE)
_WYVERN_CLOUDS = 1  # band of the usable data mask, from 0
_RADIANCE = "W m-2 sr-1 um-1"
_PIXXEL_FACTOR = 50_000.0


def as_its_maker_means(raster: Raster, place: Path) -> Raster:
    """Complete a GeoTIFF by what its maker says beside it or by its name; others stay as they are.

    Raises
    ------
    RasterError : the file beside it tells of another number of bands
    """
    if raster.driver not in ("GTiff", "COG"):
        return raster
    if found := _WYVERN.fullmatch(place.name):
        return _wyvern(raster, place, (found["level"] or "L1B").upper())
    if found := _PIXXEL.fullmatch(place.name):
        return _pixxel(raster, found["level"].upper())
    beside = _kuva_json(place)
    return raster if beside is None else _kuva(raster, *beside)


def _with_bands(raster: Raster, change: Callable[[int, Band], Band]) -> Raster:
    return replace(raster, bands=Bands(tuple(change(i, b) for i, b in enumerate(raster.bands))))


def _wyvern(raster: Raster, place: Path, level: str) -> Raster:
    if level.startswith("L1"):
        raster = _with_bands(raster, lambda _, band: replace(band, unit=band.unit or _RADIANCE))
    return replace(raster, product=f"Wyvern {level}", clouds=_wyvern_clouds(raster, place))


def _wyvern_clouds(raster: Raster, place: Path) -> Clouds | None:
    """Return the band of clouds in the usable data mask; None where none lies on this grid."""
    stems = place.stem, re.sub(r"_l\d\w$", "", place.stem, flags=re.IGNORECASE)
    for beside in (place.with_name(f"{stem}_data_mask{place.suffix}") for stem in stems):
        with suppress(RasterError):
            mask = gdal.describe(str(beside)) if beside.is_file() else None
            if mask is None:
                continue
            same = mask.shape == raster.shape and mask.transform == raster.transform
            if same and len(mask.bands) > _WYVERN_CLOUDS:
                name = "the cloud mask of data_mask"
                source = gdal.GdalSource(mask.path)  # GDAL may take a fourth band for alpha
                return Clouds(name, source, files=mask.files, band=_WYVERN_CLOUDS)
    return None


def _pixxel(raster: Raster, level: str) -> Raster:
    def changed(_: int, band: Band) -> Band:
        if level.startswith("L1B"):
            return replace(band, unit=band.unit or _RADIANCE)
        plain = band.scale == 1.0 and band.offset == 0.0 and raster.dtype[0] in "iu"
        return replace(band, scale=1 / _PIXXEL_FACTOR) if plain else band

    return replace(_with_bands(raster, changed), product=f"Pixxel {level}")


def _kuva_json(place: Path) -> tuple[Facts, Path] | None:
    """Return the metadata beside an image of Kuva; None where there are none, or it is no image."""
    if "L1C" not in place.stem.upper():
        return None
    named = (p for p in sorted(place.parent.iterdir()) if _KUVA_JSON.fullmatch(p.name))
    for path in named:
        told = read_object(path) or {}
        if as_objects(as_object(told.get("image")).get("bands")):
            return told, path
    return None


def _kuva(raster: Raster, told: Facts, path: Path) -> Raster:
    image = told["image"]
    rows = sorted(image["bands"], key=lambda row: _number(row.get("index"), 0.0))
    if len(rows) != len(raster.bands):
        raise RasterError(
            f"{path} tells of {len(rows)} bands, but {raster.path} has {len(raster.bands)}: the "
            "product is incomplete or mixed up with another"
        )

    def changed(index: int, band: Band) -> Band:
        row = rows[index]
        scale, offset = _number(row.get("scale"), 1.0), _number(row.get("offset"), 0.0)
        return replace(
            band,
            wavelength_nm=first_number(row.get("wavelength")),
            fwhm_nm=first_number(row.get("bandwidth")),
            scale=scale,
            offset=offset * scale,
            nodata=0.0,
        )

    plain = {"platform": as_object(told.get("satellite")).get("name"),
             "acquired": image.get("acquired_on")}  # fmt: skip
    said = {name: str(text) for name, text in plain.items() if text}
    tags = {**raster.tags, "": {**raster.tags.get("", {}), **said}}
    bands, odd = as_they_can_be(_with_bands(raster, changed).bands)
    raster = replace(raster, bands=bands).noted(odd)
    return replace(raster, product="Kuva L1C", tags=tags, files=(*raster.files, str(path)))


def _number(value: Any, otherwise: float) -> float:
    found = first_number(value)
    return otherwise if found is None else found
