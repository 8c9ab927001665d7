"""The CRS of a CF cube: by its grid mapping, or by what others leave instead of one."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.products.cf.cube import Cube
from hsisr_geo.raster.products.cf.surroundings import Groups, around, coordinate_of, grid_mapping
from hsisr_geo.raster.products.place import WGS84, wkt_of

_OTHERWISE = "spatial_epsg", "epsg_code", "epsg", "srid", "proj4", "proj4text", "proj4_string"
# ^ how NSIDC, GMT's and Copernicus' files, among others, name a CRS in a grid mapping
_NUMBERS = "epsg", "proj:epsg"
_LOOSELY = ("proj:wkt2", "proj:code", "proj:projjson", "crs_wkt", "spatial_ref", "crs",
            *_NUMBERS, *_OTHERWISE)  # fmt: skip
_OF_GDAL = "wkt", "projjson", "url"  # in its `_CRS` of Zarr
_CODE = re.compile(
    r"\s*(?:\+init=|https?://www\.opengis\.net/def/crs/)?(?:epsg[:/]+(?:[\d.]+/)?)?"
    r"(\d+)(?:\.0*)?\s*", re.IGNORECASE
)  # fmt: skip


def plain(text: object) -> str:
    """Return a text of a file as Unicode: what is in other bytes than it says is read as those."""
    raw = text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def read_crs(cube: Cube, groups: Groups, path: Path) -> tuple[str | None, str]:
    """Return the CRS of a cube as WKT, and a note where it tells one that is not understood.

    WGS 84 where its coordinates are degrees and nothing else is told.
    """
    attributes = grid_mapping(cube, groups)
    for key in ("crs_wkt", "spatial_ref"):
        if attributes.get(key):
            return wkt_of(plain(attributes[key]), str(path)), ""
    told = _otherwise_told(attributes, path)
    if "grid_mapping_name" in attributes:
        by_cf, odd = _from_cf(attributes)
        return (by_cf or told), ("" if told else odd)
    told = told or _loosely_told(cube, groups, path)
    if told:
        return told, ""
    near = {**cube.first.coords, **{dim: coordinate_of(cube, groups, dim) for dim in cube.axes[1:]}}
    named = {str(name).lower(): c for name, c in near.items() if c is not None and c.ndim == 1}
    standard = [c.attrs.get("standard_name") for c in named.values()]
    degrees = [str(c.attrs.get("units", "")) for n, c in named.items() if n in cube.axes]
    if "longitude" in standard or "degrees_east" in degrees:
        return wkt_of(WGS84, str(path)), ""
    return None, ""


def _loosely_told(cube: Cube, groups: Groups, path: Path) -> str | None:
    """Return the CRS that stands without a grid mapping, with the cube or in a group around it.

    GDAL's own in Zarr, GeoZarr's, that of older xarray, and single numbers of stackstac.
    """
    near = around(cube, groups)
    single = {n: v.values for n, v in cube.first.coords.items() if v.ndim == 0 and n in _NUMBERS}
    for attributes in (cube.first.attrs, *(dataset.attrs for dataset in near), single):
        gdals = attributes.get("_CRS")
        found = _otherwise_told(gdals, path, _OF_GDAL) if isinstance(gdals, dict) else None
        if found := found or _otherwise_told(attributes, path, _LOOSELY):
            return found
    return None


def _otherwise_told(
    attributes: Mapping[str, Any], path: Path, keys: Sequence[str] = _OTHERWISE
) -> str | None:
    """Return the CRS that a mapping tells by a code or as PROJ does, for which CF has no names."""
    plain_keys = {str(key).lower(): value for key, value in attributes.items()}
    for value in (plain_keys[key] for key in keys if key in plain_keys):
        if isinstance(value, dict):
            text = _of_projjson(value)
        else:
            text = plain(value) if isinstance(value, (str, bytes)) else str(_bare(value))
        code = _CODE.fullmatch(text)
        if not code and "://" in text:  # nothing is fetched
            continue
        with suppress(RasterError):
            return wkt_of(int(code[1]) if code else text, str(path))
    return None


def _of_projjson(told: Mapping[str, Any]) -> str:
    """Return the WKT of a CRS in PROJ's JSON, "" where it is none; rasterio reads no such."""
    from pyproj import CRS
    from pyproj.exceptions import ProjError

    with suppress(ProjError, KeyError, ValueError, TypeError):
        return str(CRS.from_user_input(told).to_wkt())
    return ""


def _from_cf(attributes: Mapping[str, Any]) -> tuple[str | None, str]:
    """Ask pyproj, which knows every grid mapping of CF and how old files spell them."""
    from pyproj import CRS
    from pyproj.exceptions import ProjError

    told = {key: plain(v) if isinstance(v, (str, bytes)) else _bare(v)
            for key, v in attributes.items()}  # fmt: skip
    try:
        crs = CRS.from_cf(told)
    except (ProjError, KeyError, ValueError, TypeError) as error:
        name = told["grid_mapping_name"]
        return None, f"its grid mapping {name} is not understood ({error}): the place has no CRS"
    return str(crs.to_wkt()), ""


def _bare(value: Any) -> Any:
    """Return Python's numbers: pyproj takes an array of one for a list."""
    numbers = np.ravel(value)
    return numbers[0].item() if numbers.size == 1 else numbers.tolist()
