"""Holes filled from a bounded neighbourhood, then the scene mean.

A resolver must not see NaN. What it sees instead depends on pixels at most `REACH` away, so that a
halo wide enough makes it the same in every tiling. Filled pixels feed the context of valid ones;
they never reach the output themselves.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube

Mask = NDArray[np.bool_]

REACH = 4
"""Pixels by which valid values are extended; a tile's halo needs as many."""


def fill_holes(cube: Cube, far: NDArray[np.floating] | None = None) -> Cube:
    """Replace NaN by a blend of the nearest valid values and a constant.

    Values spread by one pixel at a time, each new one the mean of its valid 3 x 3 neighbours, and
    fade linearly to `far` on the way: a hole has no step at its rim, and none at the reach.

    Parameters
    ----------
    cube
        Array (band, row, col); not changed.
    far
        One value per band for pixels beyond the reach, such as the scene mean. Default: 0 there,
        and values spread without fading; for methods whose context is within the reach.

    Returns
    -------
    The same array if it has no NaN, else a filled copy.
    """
    holes = np.isnan(cube)
    if not holes.any():
        return cube
    filled = cube.copy()
    for bands in _bands_by_mask(holes):
        mask = holes[bands[0]]
        if mask.any():
            ends = None if far is None else np.asarray(far, np.float32)[bands]
            filled[bands] = _fill(cube[bands], mask, ends)
    return filled


def _bands_by_mask(holes: Mask) -> Iterator[list[int]]:
    """Group the bands that have their holes at the same pixels: mostly all of them."""
    groups: dict[bytes, list[int]] = {}
    for band, mask in enumerate(holes):
        groups.setdefault(np.packbits(mask).tobytes(), []).append(band)
    yield from groups.values()


def _fill(cube: Cube, mask: Mask, far: NDArray[np.float32] | None) -> Cube:
    """Fill bands whose holes are at the same pixels."""
    ends = np.zeros(len(cube), np.float32) if far is None else far
    cube = np.where(mask, np.float32(0), cube)
    known = ~mask
    distance = np.zeros(mask.shape, np.float32)
    for step in range(1, REACH + 1):
        rows, cols = np.nonzero(spread(known) & ~known)
        cube[:, rows, cols] = _mean_of_neighbours(cube, known, rows, cols)
        distance[rows, cols] = step
        known[rows, cols] = True
    cube[:, ~known] = ends[:, None]
    if far is not None:
        # Only now: a value that had faded already would fade again as it spreads further.
        cube += distance / (REACH + 1) * (ends[:, None, None] - cube)
    return cube


def spread(known: Mask) -> Mask:
    """Extend a mask by one pixel to all eight sides."""
    wide = np.pad(known, 1)
    rows = wide[:-2] | wide[1:-1] | wide[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]


def _mean_of_neighbours(
    cube: Cube, known: Mask, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> Cube:
    """Mean of the known 3 x 3 neighbours of some pixels (pixel,) -> (band, pixel)."""
    total = np.zeros((len(cube), len(rows)), np.float32)
    number = np.zeros(len(rows), np.float32)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            row, col = rows + down, cols + right
            inside = (row >= 0) & (row < known.shape[0]) & (col >= 0) & (col < known.shape[1])
            row, col = row.clip(0, known.shape[0] - 1), col.clip(0, known.shape[1] - 1)
            use = inside & known[row, col]
            total += np.where(use, cube[:, row, col], np.float32(0))
            number += use
    mean: Cube = total / number
    return mean
