"""Rectangles of a raster without a hole in any good band: scenes that need no filling."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.raster import Raster, read_window
from hsisr_geo.tiling import Window

LEAST_SIDE = 64


def solid_parts(raster: Raster) -> list[Window]:
    """Return the whole raster if it is solid, else rectangles of at least 64 pixels a side.

    The largest comes first; each next one is the largest of what is left.
    """
    cube = read_window(raster, *_whole(raster), raster.bands.good_indices)
    left: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(cube))
    return [_whole(raster)] if left.all() else list(_largest_first(left))


def _largest_first(left: NDArray[np.bool_]) -> Iterator[Window]:
    while (part := max(_candidates(left), key=_area, default=None)) is not None:
        yield part
        left[part] = False


def _candidates(solid: NDArray[np.bool_]) -> Iterator[Window]:
    """Give, for each lower edge, the rectangles that cannot be made taller or wider."""
    height = np.zeros(solid.shape[1], int)
    for bottom, line in enumerate(solid, start=1):
        height = np.where(line, height + 1, 0)
        for tall in sorted({int(h) for h in height if h >= LEAST_SIDE}):
            edges = np.flatnonzero(np.diff(np.pad(height >= tall, 1).astype(int)))
            for left, right in edges.reshape(-1, 2):
                if right - left >= LEAST_SIDE:
                    yield slice(bottom - tall, bottom), slice(int(left), int(right))


def _area(part: Window) -> int:
    rows, cols = part
    return int((rows.stop - rows.start) * (cols.stop - cols.start))


def _whole(raster: Raster) -> Window:
    return slice(0, raster.rows), slice(0, raster.cols)
