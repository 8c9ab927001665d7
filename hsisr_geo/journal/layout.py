"""`Layout`: where a tile's record holds its sums, then its part of each cell that it shares in.

It follows from grid, upscale and bands alone, so nothing but the place of a record need be known to
read any part of it. A cell that no other tile contributes to is kept as stored numbers, with its
valid mask where that is needed; of the others the tile's weighted piece is kept, as float32.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.tiling import AxisTiles, Cell, Tile, TileGrid
from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.journal.records import padded
from hsisr_geo.raster.raster import Raster

SUMS = 7
"""Rows of the sums of `Consistency`."""


def _as_they_are(cube: Cube) -> Cube:
    return cube


@dataclass(frozen=True)
class Output:
    """A raster that a run writes, as it will be stored.

    Attributes
    ----------
    raster : the grid and the bands as they will be; encode pixels with `raster.bands` and
        `raster.dtype`, since a file has one nodata value for all its bands, or another type
    needs_mask : pixels without a value can be told only by a valid mask
    bands_from : how its bands follow from the cube that the method makes for it
    """

    raster: Raster
    needs_mask: bool
    bands_from: Callable[[Cube], Cube] = _as_they_are


@dataclass(frozen=True)
class CellPart:
    """A tile's part of one cell of one output.

    Attributes
    ----------
    output : its number
    offset : of the pixels from the beginning of the record, in bytes
    shape : (band, row, col)
    mask_offset : of the valid mask (row, col), None without
    """

    output: int
    cell: Cell
    offset: int
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    mask_offset: int | None


@dataclass(frozen=True)
class Layout:
    """Layout of the records of a run.

    Attributes
    ----------
    measured : number of bands in the sums
    """

    grid: TileGrid
    upscale: int
    outputs: tuple[Output, ...]
    measured: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the outputs."""
        rows, cols = (axis.stop - axis.start for axis in self.grid.region)
        return rows * self.upscale, cols * self.upscale

    def parts(self, tile: Tile) -> Iterator[CellPart]:
        """Yield the parts of a tile, in their order, those of the first output first."""
        offset = padded(SUMS * self.measured * 8)
        for number, output in enumerate(self.outputs):
            for cell in self.grid.cells_of(tile):
                part = _part(number, output, cell, self.place(cell), offset)
                yield part
                offset = _end(part)

    def place(self, cell: Cell) -> Window:
        """Return the output pixels of a cell."""
        return scaled(inside(cell.area, self.grid.region), self.upscale)

    def size(self, tile: Tile) -> int:
        """Return the bytes of a tile's record."""
        *_, last = self.parts(tile)
        return _end(last)

    @property
    def total_size(self) -> int:
        """Bytes of the records of all tiles, but for padding; however many tiles there are."""
        (alone_rows, shared_rows), (alone_cols, shared_cols) = map(
            _lengths, (self.grid.rows, self.grid.cols)
        )
        alone = alone_rows * alone_cols
        pieces = 2 * (alone_rows * shared_cols + shared_rows * alone_cols)
        pieces += 4 * shared_rows * shared_cols
        total = len(self.grid) * SUMS * self.measured * 8
        for output in self.outputs:
            bands, dtype = len(output.raster.bands), np.dtype(output.raster.dtype)
            pixel = bands * dtype.itemsize + output.needs_mask
            total += self.upscale**2 * (alone * pixel + pieces * bands * 4)
        return total


def _part(number: int, output: Output, cell: Cell, place: Window, offset: int) -> CellPart:
    rows, cols = (axis.stop - axis.start for axis in place)
    alone = len(cell.tiles) == 1
    dtype = np.dtype(output.raster.dtype if alone else np.float32)
    shape = len(output.raster.bands), rows, cols
    mask = offset + padded(prod(shape) * dtype.itemsize) if alone and output.needs_mask else None
    return CellPart(number, cell, offset, shape, dtype, mask)


def _lengths(axis: AxisTiles) -> tuple[int, int]:
    """Return the pixels along an axis that one tile contributes to, and those that two do."""
    segments = [axis.segment(number) for number in range(axis.segments)]
    alone, shared = (sum(s.stop - s.start for s in segments[first::2]) for first in (0, 1))
    return alone, shared


def _end(part: CellPart) -> int:
    _, rows, cols = part.shape
    if part.mask_offset is not None:
        return part.mask_offset + padded(rows * cols)
    return part.offset + padded(prod(part.shape) * part.dtype.itemsize)
