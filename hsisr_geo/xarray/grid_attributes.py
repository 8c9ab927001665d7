"""What attributes tell of the grid of an array beside CF: GeoZarr's, stackstac's, older xarray's.

stackstac labels pixels by their first corner unless it is asked for centres, and keeps the
geotransform as `transform`; rioxarray can keep its place as `spatial:transform` and `proj:wkt2`.
"""

from collections.abc import Hashable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.place.grid import GEOTRANSFORM, is_turned
from hsisr_geo.raster.products.place import wkt_of
from hsisr_geo.xarray.axes import Axes, name_of

_TRANSFORMS = ("spatial:transform", "transform")
_SIZES = ("resolution", "res")
_CRS = ("proj:wkt2", "proj:code", "crs")
_CLOSE = 1e-3  # of a pixel


def geotransform(array: xr.DataArray) -> Affine | None:
    """Return the GeoTransform beside the CRS, as GDAL and rioxarray write it; None without one."""
    told = (read_geotransform(coordinate.attrs) for coordinate in array.coords.values())
    return next((found for found in told if found is not None), None)


def read_geotransform(attrs: Mapping[Any, Any]) -> Affine | None:
    """Return the GeoTransform among attributes; None where there is none that can be read."""
    try:
        return Affine.from_gdal(*map(float, str(attrs[GEOTRANSFORM]).split()))
    except (KeyError, TypeError, ValueError):
        return None


def finer_attributes(attrs: Mapping[Hashable, Any], upscale: int) -> dict[Hashable, Any]:
    """Return attributes of an array whose rows and columns are `upscale` times finer."""
    found = {k: v for k, v in attrs.items() if not hasattr(v, "resolutions_xy")}
    # ^ stackstac's `spec`, an object of its own, which told the coarser grid
    for name in _TRANSFORMS:
        coarse = _of_corners(attrs, name)
        if coarse is not None:
            finer = coarse @ Affine.scale(1 / upscale) @ _to_told_place(attrs, name)
            numbers = tuple(finer)[: len(tuple(attrs[name]))]
            found[name] = finer if isinstance(attrs[name], Affine) else list(numbers)
    if "spatial:shape" in attrs:
        found["spatial:shape"] = [int(size) * upscale for size in attrs["spatial:shape"]]
    for name in (name for name in _SIZES if name in attrs):
        told = attrs[name]
        if isinstance(told, (tuple, list)):
            found[name] = [size / upscale for size in told]
        elif isinstance(told, (int, float)):
            found[name] = told / upscale
    return found


def labels_are_corners(array: xr.DataArray, axes: Axes) -> bool:
    """Tell whether coordinates are those of pixels' first corners, by the geotransform beside."""
    told = next((t for n in _TRANSFORMS if (t := _of_corners(array.attrs, n))), None)
    if told is None or not {axes.x, axes.y} <= set(array.coords) or is_turned(told):
        return False
    along = ((axes.x, told.a, told.c), (axes.y, told.e, told.f))
    return all(_begin_pixels(array.coords[name].values, step, first) for name, step, first in along)


def _begin_pixels(labels: Any, step: float, first: float) -> bool:
    """Tell whether labels, of a part of an array too, are where pixels of that size begin."""
    if len(labels) < 2 or abs(float(labels[1] - labels[0]) - step) > _CLOSE * abs(step):
        return False
    count = (float(labels[0]) - first) / step
    return abs(count - round(count)) < _CLOSE


def crs_told(array: xr.DataArray) -> str | None:
    """Return the CRS of an array without a grid mapping as WKT; None where none is understood."""
    said = next((array.attrs[name] for name in _CRS if array.attrs.get(name)), None)
    if said is None and "epsg" in array.coords and array.coords["epsg"].ndim == 0:
        said = int(array.coords["epsg"])
    with suppress(RasterError):
        return None if said is None else wkt_of(said, name_of(array))
    return None


def _of_corners(attrs: Mapping[Hashable, Any], name: str) -> Affine | None:
    """Return a geotransform of pixels' corners; None where that attribute is none."""
    told = attrs.get(name)
    if isinstance(told, (Affine, tuple, list, np.ndarray)) and len(tuple(told)) in (6, 9):
        corners: Affine = Affine(*map(float, tuple(told)[:6])) @ ~_to_told_place(attrs, name)
        return corners
    return None


def _to_told_place(attrs: Mapping[Hashable, Any], name: str) -> Affine:
    """Return what leads from a pixel's corner to the place that a geotransform tells of it."""
    centre = attrs.get("spatial:registration") == "node" and name == "spatial:transform"
    return Affine.translation(0.5, 0.5) if centre else Affine.identity()
