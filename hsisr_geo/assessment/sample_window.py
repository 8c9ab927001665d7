"""The window of a large scene that has the fewest holes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

_BLOCK = 16  # pixels: how finely windows are tried
_STRIP_ROWS = 8 * _BLOCK


def choose_window(raster: Raster, bands: Sequence[int], region: Window, side: int) -> Window:
    """Return the window of at most `side` pixels a side that has the fewest holes.

    Holes are looked for in three of the bands. Of equals, the window nearest to the middle of the
    region is taken. Memory follows the region's width.
    """
    shape = [axis.stop - axis.start for axis in region]
    if max(shape) <= side:
        return region
    probes = sorted({bands[0], bands[len(bands) // 2], bands[-1]})
    counts = _valid_per_block(raster, probes, region)
    sums = _window_sums(counts, *(_blocks(size, side) for size in shape))
    middle = [(size - 1) / 2 for size in sums.shape]
    away = sum(abs(place - m) for place, m in zip(np.indices(sums.shape), middle, strict=True))
    first = np.lexsort((np.ravel(away), -np.ravel(sums)))[0]
    corner = np.unravel_index(first, sums.shape)
    rows, cols = (
        _part(axis, _BLOCK * int(place), side) for axis, place in zip(region, corner, strict=True)
    )
    return rows, cols


def _blocks(size: int, side: int) -> int:
    """Return the number of blocks along an axis that a window takes."""
    return -(-size // _BLOCK) if size <= side else max(1, side // _BLOCK)


def _part(axis: slice, offset: int, side: int) -> slice:
    return slice(axis.start + offset, min(axis.stop, axis.start + offset + side))


def _valid_per_block(raster: Raster, bands: Sequence[int], region: Window) -> NDArray[np.int64]:
    """Count the valid values in each block of a region."""
    rows, cols = region
    lines = []
    for top in range(rows.start, rows.stop, _STRIP_ROWS):
        strip = slice(top, min(top + _STRIP_ROWS, rows.stop))
        valid = np.isfinite(read_window(raster, strip, cols, bands)).sum(axis=0)
        by_row = np.add.reduceat(valid, np.arange(0, valid.shape[0], _BLOCK), axis=0)
        lines.append(np.add.reduceat(by_row, np.arange(0, valid.shape[1], _BLOCK), axis=1))
    return np.concatenate(lines).astype(np.int64)


def _window_sums(counts: NDArray[np.int64], height: int, width: int) -> NDArray[np.int64]:
    """Sum over each window of height x width blocks."""
    total = np.pad(counts.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums: NDArray[np.int64] = (
        total[height:, width:]
        - total[:-height, width:]
        - total[height:, :-width]
        + total[:-height, :-width]
    )
    return sums
