"""`AxisTiles`, `TileGrid`, `Tile`: near-equal cores that partition, halos that overlap.

All slices are in input pixels of the whole scene. Cores partition the region that is processed;
halos reach beyond the region into the scene, and stop at the scene's edge.

Along an axis of n cores there are 2n - 1 *segments*: what only one tile contributes to, and between
those the zones that two tiles share, `ramp` pixels on each side of a border:

    |<----- core 0 ----->|<----- core 1 ----->|
    |<- segment 0 ->|< 1 >|<- segment 2  ...
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hsisr_geo.cube.windows import Window


@dataclass(frozen=True)
class AxisTiles:
    """Cores along one axis.

    Attributes
    ----------
    length
        Pixels of the scene along this axis.
    borders
        Where cores begin and end: n + 1 increasing positions for n cores.
    halo, ramp
        Pixels on each side of a core that a tile reads, and that it contributes to.
    """

    length: int
    borders: tuple[int, ...]
    halo: int
    ramp: int

    @classmethod
    def of(cls, length: int, region: slice, tile: int, *, halo: int, ramp: int) -> "AxisTiles":
        """Cut a region into near-equal cores of at most `tile` pixels: 130 by 64 -> 43, 43, 44.

        "Full tiles and a remainder" would leave a sliver narrower than the ramps. A core is wider
        than `tile` only where it must be 2 ramps wide, so that no three tiles meet on an axis.
        """
        size = region.stop - region.start
        number = max(1, min(-(-size // tile), size // max(2 * ramp, 1)))
        borders = (region.start + i * size // number for i in range(number + 1))
        return cls(length, tuple(borders), halo, ramp)

    def __len__(self) -> int:
        return len(self.borders) - 1

    @property
    def segments(self) -> int:
        """Number of segments."""
        return 2 * len(self) - 1

    def core(self, index: int) -> slice:
        """Pixels that a tile owns."""
        return slice(self.borders[index], self.borders[index + 1])

    def window(self, index: int) -> slice:
        """Core and halo, as far as the scene goes: what a tile reads."""
        return self.padded(self.core(index), self.halo)

    def padded(self, pixels: slice, margin: int) -> slice:
        """Extend a slice on both sides, as far as the scene goes."""
        return slice(max(0, pixels.start - margin), min(self.length, pixels.stop + margin))

    def reach(self, index: int) -> slice:
        """Core and ramps: what a tile contributes to. There is no ramp at the region's edge."""
        core = self.core(index)
        first, last = self.borders[0], self.borders[-1]
        return slice(max(first, core.start - self.ramp), min(last, core.stop + self.ramp))

    def segment(self, number: int) -> slice:
        """Pixels of a segment; none, for an even number, if a core is just two ramps wide."""
        index, shared = divmod(number, 2)
        if shared:
            border = self.borders[index + 1]
            return slice(border - self.ramp, border + self.ramp)
        core = self.core(index)
        first, last = index == 0, index == len(self) - 1
        return slice(
            core.start if first else core.start + self.ramp,
            core.stop if last else core.stop - self.ramp,
        )

    def segments_of(self, index: int) -> range:
        """Return the segments, one to three, that a tile contributes to."""
        return range(max(0, 2 * index - 1), min(self.segments, 2 * index + 2))

    def sharers(self, number: int) -> range:
        """Return the indices of the tiles, one or two, that contribute to a segment."""
        return range(number // 2, (number + 1) // 2 + 1)


@dataclass(frozen=True)
class Tile:
    """Unit of inference: what the tile `index` = (row, col) owns, contributes to, and reads."""

    index: tuple[int, int]
    core: Window
    reach: Window
    window: Window


@dataclass(frozen=True)
class Cell:
    """Unit of output: pixels that the same tiles, 1, 2 or 4, contribute to.

    Attributes
    ----------
    index
        (row, col) in segments.
    area
        Its pixels.
    tiles
        Indices of the tiles, row by row.
    """

    index: tuple[int, int]
    area: Window
    tiles: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class TileGrid:
    """Product of two axes: a tile per pair of cores, a cell per pair of segments."""

    rows: AxisTiles
    cols: AxisTiles

    @classmethod
    def of(
        cls,
        shape: tuple[int, int],
        *,
        tile: int,
        halo: int,
        ramp: int = 0,
        region: Window | None = None,
    ) -> "TileGrid":
        """Cut a scene, or a region of it, into tiles.

        Parameters
        ----------
        shape
            (rows, cols) of the whole scene.
        tile
            Largest side of a core, in input pixels, at least 1.
        halo
            Pixels read around a core: the ramp, and the context of a method.
        ramp
            Pixels on each side of a border over which neighbours are blended.
        region
            Default: the whole scene.
        """
        rows, cols = region or (slice(0, shape[0]), slice(0, shape[1]))
        return cls(
            AxisTiles.of(shape[0], rows, tile, halo=halo, ramp=ramp),
            AxisTiles.of(shape[1], cols, tile, halo=halo, ramp=ramp),
        )

    def __len__(self) -> int:
        return len(self.rows) * len(self.cols)

    def __iter__(self) -> Iterator[Tile]:
        for row in range(len(self.rows)):
            for col in range(len(self.cols)):
                yield self.tile(row, col)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) in tiles."""
        return len(self.rows), len(self.cols)

    @property
    def region(self) -> Window:
        """What the cores cover."""
        (top, *_, bottom), (left, *_, right) = self.rows.borders, self.cols.borders
        return slice(top, bottom), slice(left, right)

    def tile(self, row: int, col: int) -> Tile:
        """Return the tile at a position of the grid."""
        return Tile(
            (row, col),
            core=(self.rows.core(row), self.cols.core(col)),
            reach=(self.rows.reach(row), self.cols.reach(col)),
            window=(self.rows.window(row), self.cols.window(col)),
        )

    def padded(self, window: Window, margin: int) -> Window:
        """Extend a window on all sides, as far as the scene goes."""
        return self.rows.padded(window[0], margin), self.cols.padded(window[1], margin)

    def cells(self) -> Iterator[Cell]:
        """Yield the cells row by row; they partition the region."""
        return self.cells_at(range(self.rows.segments), range(self.cols.segments))

    def cells_of(self, tile: Tile) -> Iterator[Cell]:
        """Yield the cells that a tile contributes to, 1 to 9; they partition its reach."""
        row, col = tile.index
        return self.cells_at(self.rows.segments_of(row), self.cols.segments_of(col))

    def cells_at(self, rows: range, cols: range) -> Iterator[Cell]:
        """Yield the cells in some rows and columns of segments; empty ones are left out."""
        for row in rows:
            for col in cols:
                area = self.rows.segment(row), self.cols.segment(col)
                tiles = [(i, j) for i in self.rows.sharers(row) for j in self.cols.sharers(col)]
                if all(axis.start < axis.stop for axis in area):
                    yield Cell((row, col), area, tuple(tiles))
