"""Linear ramps and the weighted sum of overlapping tiles: a partition of unity.

Across each border between two cores, one tile fades out while the other fades in, over `ramp` input
pixels on both sides. At every output pixel the weights of all tiles sum to one, so no normalising
pass is needed; where tiles agree, blending changes nothing but the last bit.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.tiling import AxisTiles, Cell, Tile, TileGrid
from hsisr_geo.cube.windows import inside, scaled


def ramp_weights(axis: AxisTiles, index: int, upscale: int) -> NDArray[np.float32]:
    """Weight of a tile along one axis, at each output pixel that it contributes to.

    Returns
    -------
    float32 array, e.g. for two cores of 64, ramp 8, upscale 4: (288,) for either, the first one
    falling over its last 64 pixels; for a single core: (256,) of ones
    """
    core, reach = axis.core(index), axis.reach(index)
    weights = np.ones((reach.stop - reach.start) * upscale, np.float32)
    width = 2 * axis.ramp * upscale
    rise = (np.arange(width) + 0.5) / max(width, 1)
    if reach.start < core.start:
        weights[:width] = rise
    if reach.stop > core.stop:
        weights[len(weights) - width :] = rise[::-1]
    return weights


def cut_piece(output: Cube, grid: TileGrid, tile: Tile, cell: Cell, upscale: int) -> Cube:
    """Cut from a tile's output, weighted, what it contributes to a cell.

    Parameters
    ----------
    output
        Array (band, row, col) over the tile's reach.

    Returns
    -------
    float32 array (band, row, col) over the cell; a view where no other tile contributes
    """
    rows, cols = scaled(inside(cell.area, tile.reach), upscale)
    if len(cell.tiles) == 1:
        return output[:, rows, cols]
    row_weights = ramp_weights(grid.rows, tile.index[0], upscale)[rows]
    col_weights = ramp_weights(grid.cols, tile.index[1], upscale)[cols]
    return output[:, rows, cols] * (row_weights[:, None] * col_weights)


def blend(pieces: Sequence[Cube]) -> Cube:
    """Add up what all tiles contribute to a cell; their order is part of the last bit."""
    return reduce(np.add, pieces)
