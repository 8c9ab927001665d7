"""Tiles as tasks: each is read, inferred once, measured, cut and put on record.

A task leaves nothing in memory: what its tile alone contributes to goes to a journal as stored
numbers, and what it shares with neighbours as weighted *pieces*, narrow strips along its borders.
So tasks do not depend on each other, and what is in memory are the tiles in flight. The numbers
depend on scene and plan only, never on tiles, threads, processes or order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube, decode, encode, valid_pixels
from hsisr_geo.cube import consistency
from hsisr_geo.cube.blending import cut_piece
from hsisr_geo.cube.consistency import Consistency, Plane
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.tiling import Tile
from hsisr_geo.cube.windows import inside, scaled
from hsisr_geo.engine.grid import margin
from hsisr_geo.engine.identity import Snapshot
from hsisr_geo.errors import RasterError
from hsisr_geo.heap import give_back
from hsisr_geo.journal.index import RecordAt
from hsisr_geo.journal.layout import Layout
from hsisr_geo.journal.records import JournalWriter
from hsisr_geo.raster.datasets import close_handles
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.apply import Method, cut_holes, hold_values, make_bands, pixels_of
from hsisr_geo.resolver.watch import Watch
from hsisr_geo.threads import products_in_one_thread


@dataclass(frozen=True, eq=False)
class Work:
    """What a process needs to compute tiles; `infer` is the task.

    Attributes
    ----------
    method : bound to the scene
    ramp : of the method, as in `Resolver`
    degradation : the D that the output is measured against
    layout : the grid of the tiles, and what is made of each
    journal : of this process
    given_up : set as soon as the run fails or is canceled, for the method to stop what nobody
        waits for
    before : the files of the scene as they were when the run began; no tile is recorded of others
    in_turns : reading and computing take turns; what a dataset keeps goes back in between
    """

    raster: Raster
    method: Method
    ramp: int
    degradation: Degradation
    layout: Layout
    journal: JournalWriter
    given_up: Watch = field(default_factory=Watch)
    before: Snapshot = Snapshot(())  # noqa: RUF009 - immutable
    in_turns: bool = False

    @property
    def margin(self) -> int:
        """Input pixels around a core whose output counts."""
        return margin(self.ramp, self.degradation.reach)

    @np.errstate(over="ignore", invalid="ignore")
    # ^ values near the largest float: what overflows becomes infinite, which is no value
    def read(self, index: tuple[int, int]) -> Cube:
        """Read the window of a tile; of a file that has changed it is said that it has."""
        if self.in_turns:
            give_back()  # what the tile before has left
        try:
            cube = read_window(self.raster, *self.layout.grid.tile(*index).window)
        except RasterError:
            self.before.check()  # who looks for damage would find a whole file, or none
            raise
        if self.in_turns:
            close_handles()
            give_back()
        return cube

    @products_in_one_thread()  # in a worker, too
    @np.errstate(over="ignore", invalid="ignore")
    def infer(self, index: tuple[int, int], window: Callable[[], Cube] | None = None) -> RecordAt:
        """Compute one tile and append its record to the journal; say where it lies.

        `window` hands out what was read of the tile, if another thread did that.
        """
        self.journal.begin(index)
        tile, outputs = self.layout.grid.tile(*index), self.layout.outputs
        cube = self.read(index) if window is None else window()
        outer = self.layout.grid.padded(tile.core, self.margin)
        lr = pixels_of(cube, outer, tile.window)
        made = make_bands(self.method, cube, tile.window, outer, cubes=len(outputs))
        held = hold_values(self.method, made[0], cube, tile.window, outer, tile.core)
        resolved = list(self.method.resolved)
        found = consistency.measure(
            len(resolved),
            lambda number: self._as_read_back(made[0], lr, resolved[number]),
            inside(tile.core, outer),
            self.degradation,
            (held.cut[resolved], held.valid[resolved]),
        )
        for sr in made:
            cut_holes(sr, lr, self.method.upscale)
        cubes = [output.bands_from(sr) for output, sr in zip(outputs, made, strict=True)]
        rows, cols = scaled(inside(tile.reach, outer), self.method.upscale)
        arrays = self._arrays(tile, found, [sr[:, rows, cols] for sr in cubes])
        self.before.check_often()
        return RecordAt(index, self.journal.path.name, self.journal.add(index, arrays))

    def _arrays(
        self, tile: Tile, found: Consistency, cubes: Sequence[Cube]
    ) -> Iterator[NDArray[Any]]:
        """Yield what the record of a tile holds, in the order of the layout."""
        yield found.sums
        for part in self.layout.parts(tile):
            grid, upscale = self.layout.grid, self.layout.upscale
            piece = cut_piece(cubes[part.output], grid, tile, part.cell, upscale)
            if len(part.cell.tiles) > 1:
                yield piece
                continue
            stored = self.layout.outputs[part.output].raster
            yield encode(piece, stored.bands, stored.dtype)
            if part.mask_offset is not None:
                yield valid_pixels(piece)

    @np.errstate(over="ignore", invalid="ignore")
    def _as_read_back(self, sr: Cube, lr: Cube, band: int) -> tuple[Plane, Plane]:
        """Return output and input of a band, the output as the file will have it."""
        target = self.layout.outputs[0].raster
        bands = target.bands.select([band])
        return decode(encode(sr[band, None], bands, target.dtype), bands)[0], lr[band]
