"""Rectangles of a scene without a hole in any good band: scenes that need no filling."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window, whole

LEAST_SIDE = 64


def solid_parts(raster: Raster) -> list[Window]:
    """Return the whole raster if it is solid, else rectangles of at least 64 pixels a side.

    The largest comes first; each next one is the largest of what is left.
    """
    return solid_rectangles(read_window(raster, *whole(raster), raster.bands.good_indices))


def solid_rectangles(cube: NDArray[np.float32]) -> list[Window]:
    """Do so for a cube (band, row, col) with NaN in its holes."""
    left: NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(plane) for plane in cube])
    # ^ plane by plane: the flags of a large cube take a quarter of its memory
    if left.all():
        return [(slice(0, left.shape[0]), slice(0, left.shape[1]))]
    return list(_largest_first(left))


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
