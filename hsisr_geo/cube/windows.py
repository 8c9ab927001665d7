"""`Window`: (rows, cols) of a cube, and the arithmetic on it."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)
Window = tuple[slice, slice]
"""(rows, cols), in pixels of the whole scene."""
BLOCK = 256
EVERY = slice(None)
"""All of an axis."""


def scaled(window: Window, upscale: int) -> Window:
    """Output pixels of a window of input pixels: (2:5, 0:3) at upscale 4 -> (8:20, 0:12)."""
    rows, cols = window
    return (
        slice(rows.start * upscale, rows.stop * upscale),
        slice(cols.start * upscale, cols.stop * upscale),
    )


def area(window: Window) -> int:
    """Count the pixels of a window."""
    rows, cols = window
    pixels: int = (rows.stop - rows.start) * (cols.stop - cols.start)
    return pixels


def widened(window: Window, by: int, whole: Window) -> Window:
    """Grow a window by some pixels on all sides, as far as the whole goes."""
    rows, cols = (
        slice(max(part.start - by, all_.start), min(part.stop + by, all_.stop))
        for part, all_ in zip(window, whole, strict=True)
    )
    return rows, cols


def moved(window: Window, origin: tuple[int, int]) -> Window:
    """Express a window of a part in pixels of the whole, where the part begins at `origin`."""
    (rows, cols), (top, left) = window, origin
    return slice(rows.start + top, rows.stop + top), slice(cols.start + left, cols.stop + left)


def inside(window: Window, outer: Window) -> Window:
    """Express a window relative to the first pixel of one that contains it."""
    (rows, cols), (top, left) = window, (outer[0].start, outer[1].start)
    return slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)


def phases(plane: NDArray[Scalar], upscale: int) -> Iterator[NDArray[Scalar]]:
    """Yield the output pixels of a plane in turns, one of each input pixel at a time; views."""
    for row, col in np.ndindex(upscale, upscale):
        yield plane[row::upscale, col::upscale]


def blocks(shape: tuple[int, int], side: int) -> Iterator[Window]:
    """Yield the blocks (rows, cols) of a raster of `shape`, row by row."""
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            yield (
                slice(top, min(top + side, shape[0])),
                slice(left, min(left + side, shape[1])),
            )


def block_side(shape: tuple[int, int], side: int = BLOCK) -> int:
    """Return the side of the blocks of a raster: no larger than it is, in steps of 16."""
    return min(side, 16 * -(-max(shape) // 16))
