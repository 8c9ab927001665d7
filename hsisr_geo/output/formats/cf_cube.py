"""A cube by the CF conventions: what can be stored so, its attributes, and the arrays beside it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from hsisr_geo.bands.bands import Bands
from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.format import Content, as_stored, needs_mask
from hsisr_geo.raster.place.grid import is_turned, written_geotransform
from hsisr_geo.raster.raster import Raster

CUBE = "cube"


class Variable(NamedTuple):
    """An array beside the cube."""

    name: str
    values: NDArray[Any]
    dimensions: tuple[str, ...]
    attributes: dict[str, str]


def as_cf(raster: Raster) -> Raster:
    """Return the raster with one scale and one way to tell holes, as CF has no other.

    Where bands differ, or only a mask tells the holes, it is float32 in physical values.
    """
    stored = as_stored(raster)
    pairs = {(band.scale, band.offset) for band in stored.bands}
    if len(pairs) == 1 and not needs_mask(stored):
        return stored
    plain = (replace(b, scale=1.0, offset=0.0, nodata=math.nan) for b in stored.bands)
    return replace(stored, dtype="float32", bands=Bands(tuple(plain)), has_mask=False)


def check_place(path: Path, raster: Raster, name: str) -> None:
    """Refuse places that coordinates along rows and columns cannot tell.

    Raises
    ------
    OutputError : naming `path`
    """
    if raster.has_transform and is_turned(raster.transform):
        raise OutputError(f"{path}: {name} cannot tell the place of a rotated grid: use GeoTIFF")
    if not raster.has_transform and (raster.gcps or raster.rpcs):
        raise OutputError(f"{path}: {name} cannot hold control points or RPCs: use GeoTIFF")


def band_dimension(raster: Raster) -> str:
    """Return the name of the axis of the bands: "wavelength" where these tell bands apart."""
    known = raster.bands.wavelengths_nm
    return "wavelength" if known is not None and len(set(known)) == len(known) else "band"


def variables(raster: Raster) -> Iterator[Variable]:
    """Yield what stands beside the cube: of bands, along rows and columns, and the CRS."""
    yield from _of_bands(raster)
    if raster.has_transform:
        yield from _axes(raster)
    yield _spatial_ref(raster)


def coordinates(raster: Raster) -> str:
    """Return what CF's attribute `coordinates` lists: all beside the cube but its axes."""
    axes = (band_dimension(raster), "y", "x")
    return " ".join(v.name for v in variables(raster) if v.name not in axes)


def cube_attributes(content: Content) -> dict[str, Any]:
    """Return the attributes of the cube, but for its dimensions and fill value."""
    raster = content.raster
    first = raster.bands[0]
    attributes: dict[str, Any] = {"grid_mapping": "spatial_ref", **plain_tags(content)}
    if (first.scale, first.offset) != (1.0, 0.0):
        attributes |= {"scale_factor": first.scale, "add_offset": first.offset}
    if first.unit and len({band.unit for band in raster.bands}) == 1:
        attributes["units"] = first.unit
    return attributes


def plain_tags(content: Content) -> dict[str, str]:
    """Return the tags of the file; those of other domains as DOMAIN:NAME."""
    tags: dict[str, str] = dict(content.tags)
    domains: Mapping[str, Mapping[str, str]] = content.raster.tags
    for domain, items in domains.items():
        tags |= {f"{domain}:{name}" if domain else name: text for name, text in items.items()}
    return tags


def _of_bands(raster: Raster) -> Iterator[Variable]:
    bands, dimension = raster.bands, band_dimension(raster)
    if any(band.label for band in bands):
        yield Variable("band_name", np.array([band.label for band in bands]), (dimension,), {})
    if dimension == "band":
        yield Variable("band", np.arange(1, len(bands) + 1), (dimension,), {})
    if any(band.wavelength_nm is not None for band in bands):
        told = {"units": "nm", "standard_name": "radiation_wavelength"}
        yield Variable("wavelength", _floats(b.wavelength_nm for b in bands), (dimension,), told)
    if any(band.fwhm_nm is not None for band in bands):
        told = {"units": "nm", "long_name": "full width at half maximum"}
        yield Variable("fwhm", _floats(b.fwhm_nm for b in bands), (dimension,), told)
    good = np.array([b.good for b in bands], np.int8)
    told = {"long_name": "1 for a good band, 0 for a bad one (ENVI bbl)"}
    yield Variable("good", good, (dimension,), told)


def _axes(raster: Raster) -> Iterator[Variable]:
    transform = raster.transform
    x = transform.c + transform.a * (np.arange(raster.cols) + 0.5)
    y = transform.f + transform.e * (np.arange(raster.rows) + 0.5)
    degrees = bool(raster.crs) and CRS.from_wkt(raster.crs).is_geographic
    for name, values, projected, geographic, unit in (
        ("x", x, "projection_x_coordinate", "longitude", "degrees_east"),
        ("y", y, "projection_y_coordinate", "latitude", "degrees_north"),
    ):
        attributes = {"axis": name.upper(), "standard_name": projected}
        if degrees:
            attributes |= {"standard_name": geographic, "units": unit}
        elif raster.crs:
            attributes["units"] = CRS.from_wkt(raster.crs).linear_units
        yield Variable(name, values, (name,), attributes)


def _spatial_ref(raster: Raster) -> Variable:
    attributes: dict[str, str] = {}
    if raster.crs:  # two names: of CF, and of GDAL
        attributes |= {"crs_wkt": raster.crs, "spatial_ref": raster.crs}
    if raster.has_transform:
        attributes |= written_geotransform(raster.transform)
    return Variable("spatial_ref", np.array(0, np.int32), (), attributes)


def _floats(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value for value in values], np.float64)
