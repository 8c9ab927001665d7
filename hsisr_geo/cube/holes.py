"""Holes filled from a bounded neighbourhood, then the scene mean.

A resolver must not see NaN. What it sees instead depends on pixels at most `REACH` away, so that a
halo wide enough makes it the same in every tiling. Filled pixels feed the context of valid ones;
they never reach the output themselves.
"""

from collections.abc import Iterator
from typing import Any

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
    wide, known = _framed(cube, ~mask), _framed(~mask, ~mask)
    cube, inside = wide[:, 1:-1, 1:-1], known[1:-1, 1:-1]
    distance = np.zeros(mask.shape, np.float32)
    for step in range(1, REACH + 1):
        rows, cols = np.nonzero(spread(inside) & ~inside)
        cube[:, rows, cols] = _mean_of_neighbours(wide, known, rows, cols)
        distance[rows, cols] = step
        inside[rows, cols] = True
    cube[:, ~inside] = ends[:, None]
    if far is not None:
        # Only now: a value that had faded already would fade again as it spreads further.
        cube += distance / (REACH + 1) * (ends[:, None, None] - cube)
    return cube


def _framed(values: NDArray[Any], where: Mask) -> NDArray[Any]:
    """Copy the values of some pixels into a frame of zeros, one pixel wide; zero elsewhere, too."""
    *bands, rows, cols = values.shape
    wide = np.zeros((*bands, rows + 2, cols + 2), values.dtype)
    np.copyto(wide[..., 1:-1, 1:-1], values, where=where)
    return wide


def spread(known: Mask) -> Mask:
    """Extend a mask by one pixel to all eight sides."""
    wide: Mask = _framed(known, known)
    rows = wide[:-2] | wide[1:-1] | wide[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]


def _mean_of_neighbours(
    wide: Cube, known: Mask, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> Cube:
    """Mean of the known 3 x 3 neighbours of some pixels (pixel,) -> (band, pixel).

    `wide` and `known` have a frame of one pixel; what is not known is zero.
    """
    total = np.zeros((len(wide), len(rows)), np.float32)
    number = np.zeros(len(rows), np.float32)
    for down in range(3):
        for right in range(3):
            total += wide[:, rows + down, cols + right]
            number += known[rows + down, cols + right]
    mean: Cube = total / number
    return mean
