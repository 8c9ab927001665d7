"""Blocks of an output, put together from the records of its tiles as soon as these are finished.

Tiles do not fit the blocks of a file. Written as they come, compressed blocks would be rewritten
wherever tiles meet, which trebles the file; so a block waits for the tiles that contribute to it.
What several tiles contribute to is blended here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.radiometry import Cube, encode, valid_pixels
from hsisr_geo.cube.blending import blend
from hsisr_geo.cube.consistency import Consistency
from hsisr_geo.cube.tiling import AxisTiles, Cell
from hsisr_geo.cube.windows import BLOCK, EVERY, Window, blocks, inside
from hsisr_geo.journal.index import TileIndex
from hsisr_geo.journal.layout import SUMS, CellPart, Layout
from hsisr_geo.journal.records import array_at
from hsisr_geo.raster.raster import Raster

Index = tuple[int, int]
Some = tuple[slice, slice, slice]  # (bands, rows, cols)


@dataclass(frozen=True, eq=False)
class TileBlocks:
    """The pixels of one output, as the `Blocks` that a format writes.

    Attributes
    ----------
    number : of the output in the layout
    raster : its grid, bands and data type as they are stored
    block : side of a block in pixels
    """

    layout: Layout
    finished: TileIndex
    number: int
    raster: Raster
    block: int = BLOCK

    def blocks(self, shape: tuple[int, int]) -> Iterator[Window]:
        """Yield the blocks (rows, cols) of a raster of `shape`, row by row."""
        return blocks(shape, self.block)

    @np.errstate(over="ignore", invalid="ignore")
    # ^ values near the largest float: what overflows becomes infinite, which is no value
    def read(
        self, rows: slice, cols: slice, bands: slice = EVERY
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (band, row, col) and valid mask (row, col), once they are there.

        The mask of some bands is that of these; one that was kept tells of all.

        Raises
        ------
        Canceled : the run is over
        """
        window = rows, cols
        size = rows.stop - rows.start, cols.stop - cols.start
        dn = np.zeros((len(self.raster.bands.items[bands]), *size), self.raster.dtype)
        valid = np.ones(size, np.bool_)
        for cell in self._cells(window):
            self.finished.wait_for(cell.tiles)
            common = _common(window, self.layout.place(cell))
            here, there = inside(common, window), inside(common, self.layout.place(cell))
            dn[:, here[0], here[1]], valid[here] = self._pixels(cell, (bands, *there))
        return dn, valid

    def _pixels(self, cell: Cell, window: Some) -> tuple[NDArray[Any], NDArray[np.bool_] | bool]:
        """Return stored numbers and valid mask of a part of a cell."""
        masked = self.layout.outputs[self.number].needs_mask
        if len(cell.tiles) == 1:
            return self._stored(cell.tiles[0], cell, window)
        cube = blend([self._piece(tile, cell, window) for tile in cell.tiles])
        dn = encode(cube, Bands(self.raster.bands.items[window[0]]), self.raster.dtype)
        return dn, valid_pixels(cube) if masked else True

    def _stored(
        self, tile: Index, cell: Cell, window: Some
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | bool]:
        part = self._part(tile, cell)
        dn = self._array(tile, part.offset, part.shape, part.dtype)[window]
        if part.mask_offset is None:
            return dn, True
        mask = self._array(tile, part.mask_offset, part.shape[1:], np.dtype(np.bool_))
        return dn, mask[window[1:]]

    def _piece(self, tile: Index, cell: Cell, window: Some) -> Cube:
        part = self._part(tile, cell)
        piece = self._array(tile, part.offset, part.shape, part.dtype)
        return np.array(piece[window])

    def _part(self, tile: Index, cell: Cell) -> CellPart:
        parts = self.layout.parts(self.layout.grid.tile(*tile))
        return next(
            part for part in parts if part.output == self.number and part.cell.index == cell.index
        )

    def _array(
        self, tile: Index, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        path, start = self.finished.find(tile)
        return array_at(path, start + offset, shape, dtype)

    def _cells(self, window: Window) -> Iterator[Cell]:
        """Yield the cells that a window of output pixels touches."""
        grid, upscale = self.layout.grid, self.layout.upscale
        rows = _segments(grid.rows, window[0], upscale)
        cols = _segments(grid.cols, window[1], upscale)
        return grid.cells_at(rows, cols)


def total(layout: Layout, finished: TileIndex) -> Consistency:
    """Add up the sums of all tiles, in the order of the grid: to the last bit the same always."""
    return reduce(add, (_sums(layout, *finished.find(tile.index)) for tile in layout.grid))


def _sums(layout: Layout, path: Path, offset: int) -> Consistency:
    sums = array_at(path, offset, (SUMS, layout.measured), np.dtype(np.float64))
    return Consistency(*np.array(sums))


def _segments(axis: AxisTiles, pixels: slice, upscale: int) -> range:
    """Return the segments of an axis that a slice of output pixels touches."""
    first = axis.borders[0]
    starts = [(axis.segment(number).start - first) * upscale for number in range(axis.segments)]
    return range(bisect_right(starts, pixels.start) - 1, bisect_left(starts, pixels.stop))


def _common(a: Window, b: Window) -> Window:
    rows, cols = (
        slice(max(p.start, q.start), min(p.stop, q.stop)) for p, q in zip(a, b, strict=True)
    )
    return rows, cols
