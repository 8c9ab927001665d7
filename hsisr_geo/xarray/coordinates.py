"""The labels of a finer array: coordinates at the centres of its pixels, and its place on Earth.

Pixel k of the finer grid has its centre at (k + 1/2) / upscale - 1/2 pixels of the coarser one.
"""

import json
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine

from hsisr_geo.raster.place.grid import written_geotransform
from hsisr_geo.xarray.axes import Axes
from hsisr_geo.xarray.grid_attributes import (
    geotransform,
    labels_are_corners,
    read_geotransform,
)
from hsisr_geo.xarray.turned_grid import centres, turned_grid

_GCPS = "gcps"


def finer_coordinates(array: xr.DataArray, axes: Axes, upscale: int) -> dict[Hashable, Any]:
    """Return the coordinates of an array whose rows and columns are `upscale` times finer.

    Numbers along rows and columns are interpolated linearly, beyond the outermost centres too, so
    that regular spacing stays regular; what is no number is repeated. Those along the bands stay,
    as do scalars; in one with a GeoTransform or GCPs, as rioxarray writes them, these follow.
    """
    found: dict[Hashable, Any] = {}
    turned = turned_grid(array, axes)
    middle = 0.0 if labels_are_corners(array, axes) else 0.5
    for name, coordinate in array.coords.items():
        variable = coordinate.variable.copy(deep=False)
        step = _step_of(array, axes, name)
        for dim in (axes.y, axes.x):
            if dim in variable.dims:
                variable = _finer(variable, dim, upscale, step, middle)
        found[name] = _placed(variable, upscale, turned, scaled=_has_centres(array, axes))
    if turned is not None:
        shape = array.sizes[axes.y] * upscale, array.sizes[axes.x] * upscale
        found |= centres(turned @ Affine.scale(1 / upscale), (axes.y, axes.x), shape)
        for name in {axes.x, axes.y} & set(found):  # as odc-geo counts them, of the finer grid
            size = array.sizes[name] * upscale
            found[name] = xr.Variable(name, np.arange(size) + 0.5, array.coords[name].attrs)
    return found


def _finer(
    variable: xr.Variable, dim: Hashable, upscale: int, step: float | None, middle: float
) -> xr.Variable:
    """Return a variable with a dimension `upscale` times longer."""
    axis = variable.dims.index(dim)
    size = variable.shape[axis]
    is_label = variable.ndim > 1 and variable.dtype.kind in "iu"  # such as a class of each pixel
    if variable.dtype.kind not in "fiu" or is_label or (size == 1 and step is None):
        values = np.repeat(variable.data, upscale, axis=axis)
    else:
        values = _interpolated(variable.data, axis, upscale, step, middle)
    return xr.Variable(variable.dims, values, variable.attrs, variable.encoding)


def _interpolated(values: Any, axis: int, upscale: int, step: float | None, middle: float) -> Any:
    """Interpolate places linearly; of a single one, `step` tells the size of its pixel.

    `middle` is where in a pixel they are, 0.5 of centres. `values` is a numpy or a dask array; so
    is what is returned.
    """
    along = np.moveaxis(values, axis, 0).astype(np.float64)
    position = (np.arange(len(along) * upscale) + middle) / upscale - middle
    if len(along) == 1:
        finer = along + position.reshape(-1, *[1] * (along.ndim - 1)) * (step or 0.0)
    else:
        left = np.clip(np.floor(position), 0, len(along) - 2).astype(int)
        share = (position - left).reshape(-1, *[1] * (along.ndim - 1))
        finer = along[left] + share * (along[left + 1] - along[left])
    kind = values.dtype if values.dtype.kind == "f" and values.ndim > 1 else np.float64
    return np.moveaxis(finer, 0, axis).astype(kind)


def _step_of(array: xr.DataArray, axes: Axes, name: Hashable) -> float | None:
    """Return the width or height of a pixel, as the place of the array tells it."""
    told = geotransform(array)
    if told is None or name not in (axes.x, axes.y):
        return None
    return float(told.a if name == axes.x else told.e)


def _has_centres(array: xr.DataArray, axes: Axes) -> bool:
    return axes.x in array.coords or axes.y in array.coords


def _placed(
    variable: xr.Variable, upscale: int, turned: Affine | None, *, scaled: bool
) -> xr.Variable:
    """Let what rioxarray wrote of the place follow the grid."""
    attrs = dict(variable.attrs)
    transform = read_geotransform(attrs)
    if transform is not None and turned is not None:
        transform = turned
    if transform is not None and (scaled or transform != Affine.identity()):
        # ^ the identity, and no coordinates: GCPs tell the place, and pixels stay pixels
        attrs |= written_geotransform(transform @ Affine.scale(1 / upscale))
    if _GCPS in attrs:
        attrs[_GCPS] = _finer_gcps(attrs[_GCPS], upscale)
    if attrs == variable.attrs:
        return variable
    return xr.Variable(variable.dims, variable.data, attrs, variable.encoding)


def _finer_gcps(told: str | Mapping[str, Any], upscale: int) -> str | dict[str, Any]:
    """Return control points of the finer grid; older rioxarray keeps no text, but a mapping."""
    points: dict[str, Any] = json.loads(told if isinstance(told, str) else json.dumps(told))
    for feature in points["features"]:
        properties = feature["properties"]
        properties["row"] *= upscale
        properties["col"] *= upscale
    return json.dumps(points) if isinstance(told, str) else points
