"""Bands of a window, one plane after another, read a few at a time.

One band a read costs more in GDAL's bookkeeping than in pixels; all at once is a second copy.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.windows import Window
from hsisr_geo.raster import Raster, read_window

_AT_ONCE = 16


def whole(raster: Raster) -> Window:
    """Return the window that is all of a raster."""
    return slice(0, raster.rows), slice(0, raster.cols)


def read_planes(
    raster: Raster, window: Window, bands: Sequence[int]
) -> Iterator[NDArray[np.float32]]:
    """Yield the bands at 0-based indices, (row, col) each, NaN where there is no value."""
    for start in range(0, len(bands), _AT_ONCE):
        yield from read_window(raster, *window, bands[start : start + _AT_ONCE])


def read_cube(raster: Raster, window: Window, bands: Sequence[int]) -> Cube:
    """Read bands into one cube (band, row, col)."""
    shape = (axis.stop - axis.start for axis in window)
    cube = np.empty((len(bands), *shape), np.float32)
    for target, plane in zip(cube, read_planes(raster, window, bands), strict=True):
        target[:] = plane
    return cube
