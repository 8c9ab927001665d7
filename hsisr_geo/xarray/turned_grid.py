"""A grid whose rows and columns are not along the axes: where it lies, by its pixels' centres.

Such an array has no `x` and `y`, and GeoTransform is that of the whole: a part of it would not know
where it was cut. rioxarray labels each centre, in `xc` and `yc`, and so do we.
"""

from collections.abc import Hashable
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from affine import Affine

from hsisr_geo.xarray.axes import Axes
from hsisr_geo.xarray.grid_attributes import geotransform

_CENTRES = ("xc", "yc")
_CLOSE = 1e-3  # of a step


def is_turned(grid: Affine) -> bool:
    """Tell whether rows and columns are not along the axes."""
    return bool(grid.b or grid.d)


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

    Where centres are not labelled, or on no grid, it is the GeoTransform that is written.
    """
    told = geotransform(array)
    if told is None or not is_turned(told):
        return None
    corners = [_corners(array, axes, name) for name in _CENTRES]
    if any(corner is None for corner in corners):
        return told
    (x, y), rows, cols = corners, array.sizes[axes.y], array.sizes[axes.x]
    a, d = (
        (told.a, told.d) if cols < 2 else (np.diff(v, axis=1).mean() / (cols - 1) for v in (x, y))
    )
    b, e = (
        (told.b, told.e) if rows < 2 else (np.diff(v, axis=0).mean() / (rows - 1) for v in (x, y))
    )
    found = Affine(a, b, x[0, 0], d, e, y[0, 0])
    across, down = cols - 1, rows - 1
    last = found @ (across, down)
    size = max(abs(v) for v in (a, b, d, e))
    if max(abs(last[0] - x[-1, -1]), abs(last[1] - y[-1, -1])) > _CLOSE * size:
        return told
    return found @ Affine.translation(-0.5, -0.5)


def _corners(array: xr.DataArray, axes: Axes, name: str) -> Any:
    """Return the labels of the pixels at the four corners, None where there are no such labels."""
    if name not in array.coords or set(array.coords[name].dims) != {axes.y, axes.x}:
        return None
    ends = {axes.y: [0, -1], axes.x: [0, -1]}
    return array.coords[name].isel(ends).transpose(axes.y, axes.x).values.astype(np.float64)
