"""A grid whose rows and columns are not along the axes: where it lies, by its pixels' centres.

Such an array has no `x` and `y`, and GeoTransform is that of the whole: a part of it would not know
where it was cut. rioxarray labels each centre, in `xc` and `yc`, and so do we; odc-geo counts the
pixels of the whole in `x` and `y`.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from affine import Affine

from hsisr_geo.raster.place.grid import is_turned
from hsisr_geo.raster.products.place import counted_grid
from hsisr_geo.xarray.axes import Axes
from hsisr_geo.xarray.grid_attributes import geotransform

_CENTRES = ("xc", "yc")
_CLOSE = 1e-3  # of a step


def centres(
    grid: Affine, dims: tuple[Hashable, Hashable], shape: tuple[int, int]
) -> dict[Hashable, xr.Variable]:
    """Return `xc` and `yc` along rows and columns, computed when they are looked at."""
    row, col = (da.arange(size, dtype=np.float64, chunks=256) + 0.5 for size in shape)
    parts = (grid.a, grid.b, grid.c), (grid.d, grid.e, grid.f)
    places = (first + along * col[None, :] + down * row[:, None] for along, down, first in parts)
    return {name: xr.Variable(dims, place) for name, place in zip(_CENTRES, places, strict=True)}


def turned_grid(array: xr.DataArray, axes: Axes) -> Affine | None:
    """Return the geotransform of a turned grid, or of a part of it; None where it is not turned.

    Where centres are not labelled, or on no grid, it is the GeoTransform that is written, which
    rasterix takes away; None where `x` and `y` do not count pixels, as those of an upright grid.
    """
    told = geotransform(array)
    if told is not None and not is_turned(told):
        return None
    if axes.x in array.coords and axes.y in array.coords:
        x, y = (array.coords[name].values.astype(np.float64) for name in (axes.x, axes.y))
        return None if told is None else counted_grid(told, x, y)
    corners = [_corners(array, axes, name) for name in _CENTRES]
    if any(corner is None for corner in corners):
        return told
    return _through(corners, (array.sizes[axes.y], array.sizes[axes.x]), told) or told


def _through(corners: Sequence[Any], shape: tuple[int, int], told: Affine | None) -> Affine | None:
    """Return the geotransform by the centres of four corner pixels; None where they fit none.

    Along what is a single pixel wide its size is that which is `told`.
    """
    (x, y), (rows, cols) = corners, shape
    if told is None and min(shape) < 2:
        return None
    a, d = (np.diff(v, axis=1).mean() / max(cols - 1, 1) for v in (x, y))
    b, e = (np.diff(v, axis=0).mean() / max(rows - 1, 1) for v in (x, y))
    if told is not None:
        (a, d), (b, e) = (
            (told.a, told.d) if cols < 2 else (a, d),
            (told.b, told.e) if rows < 2 else (b, e),
        )
    found = Affine(a, b, x[0, 0], d, e, y[0, 0])
    last = np.subtract(found @ (cols - 1, rows - 1), (x[-1, -1], y[-1, -1]))
    if np.abs(last).max() > _CLOSE * max(abs(v) for v in (a, b, d, e)) or not found.determinant:
        return None
    return found @ Affine.translation(-0.5, -0.5)


def _corners(array: xr.DataArray, axes: Axes, name: str) -> Any:
    """Return the labels of the pixels at the four corners, None where there are no such labels."""
    if name not in array.coords or set(array.coords[name].dims) != {axes.y, axes.x}:
        return None
    ends = {axes.y: [0, -1], axes.x: [0, -1]}
    return array.coords[name].isel(ends).transpose(axes.y, axes.x).values.astype(np.float64)
