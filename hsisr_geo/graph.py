"""The dask graph over tiles: each inferred once, cut into pieces, pieces blended and written.

A *tile* writes what it alone contributes to, and leaves weighted *pieces*: narrow strips along its
borders. A *seam* adds up the pieces of one cell of the grid and writes them. So what stays in
memory are the tiles in flight, and strips along one row of tiles: the graph is run by some rows of
tiles at a time. The numbers depend on scene and plan only, never on tiles, threads or order.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import add
from threading import Event
from typing import Any

import numpy as np
from dask import local, threaded

from hsisr_geo import consistency
from hsisr_geo.blending import blend, cut_piece
from hsisr_geo.consistency import Consistency, Plane
from hsisr_geo.degradation import Degradation
from hsisr_geo.filling import REACH
from hsisr_geo.inference import Method, cut_holes, make_bands, pixels_of
from hsisr_geo.output import Output
from hsisr_geo.radiometry import Cube, decode, encode, valid_pixels
from hsisr_geo.raster import Raster, read_window
from hsisr_geo.tiling import Cell, Tile, TileGrid, Window, inside, scaled

Progress = Callable[[int, int], None]
Key = tuple[Any, ...]
Graph = dict[Key, Any]


@dataclass(frozen=True, eq=False)
class Plan(Method):
    """How the bands of a scene are made, and how far around itself a pixel must see for it.

    Attributes
    ----------
    context, ramp
        Of the method, as in `Resolver`.
    degradation
        The D that the output is measured against.
    given_up
        Set as soon as the run fails or is canceled, for the method to stop what nobody waits for.
    """

    raster: Raster
    context: int
    ramp: int
    degradation: Degradation
    given_up: Event = field(default_factory=Event)

    @property
    def margin(self) -> int:
        """Input pixels around a core whose output counts."""
        return _margin(self.ramp, self.degradation.reach)

    def grid(self, tile: int, region: Window | None) -> TileGrid:
        """Cut the region as `cut` does."""
        return cut(
            self.raster,
            context=self.context,
            ramp=self.ramp,
            reach=self.degradation.reach,
            tile=tile,
            region=region,
        )


def cut(
    raster: Raster, *, context: int, ramp: int, reach: int, tile: int, region: Window | None
) -> TileGrid:
    """Cut a region so that all output that counts is computed from its full context.

    Parameters
    ----------
    context, ramp
        As in `Resolver`.
    reach
        Of D, as in `Degradation`.
    tile
        Largest side of a core, in input pixels.
    region
        None for the whole scene.
    """
    halo = context + REACH + _margin(ramp, reach)
    return TileGrid.of(raster.shape, tile=tile, halo=halo, ramp=ramp, region=region)


def _margin(ramp: int, reach: int) -> int:
    """Input pixels around a core whose output counts: for the ramps, and for D."""
    return max(ramp, reach)


def _as_they_are(cube: Cube) -> Cube:
    return cube


@dataclass(frozen=True, eq=False)
class Product:
    """A raster that a run writes: its file, and how its bands follow from those of the scene."""

    output: Output
    bands_from: Callable[[Cube], Cube] = _as_they_are


def run(
    plan: Plan, grid: TileGrid, products: Sequence[Product], *, threads: int, progress: Progress
) -> Consistency:
    """Compute and write all tiles; progress counts tiles, in the caller's thread.

    Parameters
    ----------
    products
        One for each cube that `plan.resolve` makes. In those after the first, bands that the method
        did not make have no value.
    """
    job = _Job(plan, grid, tuple(products))
    found: dict[Key, Consistency] = {}
    progress(0, len(grid))
    counter = _counter(progress, len(grid))
    with _pool(threads) as pool, _told_when_over(plan.given_up):
        for rows in _batches(grid, threads):
            graph, tiles = _layout(job, rows)
            found.update(
                zip(tiles, _compute(graph, [tiles, [*graph]], pool, counter)[0], strict=True)
            )
    # In the order of the grid, so that even the last bit is the same in every run.
    return reduce(add, found.values())


@dataclass(frozen=True, eq=False)
class _Job:
    """What all tasks of a run share; the tasks are its methods.

    Attributes
    ----------
    pieces
        Those that wait for their neighbours, by product, cell and tile. They are not results
        of tasks, as dask would keep all of a tile's pieces until the last of them has been used.
    """

    plan: Plan
    grid: TileGrid
    products: tuple[Product, ...]
    pieces: dict[Key, Cube] = field(default_factory=dict)

    @np.errstate(over="ignore", invalid="ignore")
    # ^ values near the largest float: what overflows becomes infinite, which is no value
    def infer(self, tile: Tile) -> Consistency:
        """Compute one tile, write what no other tile contributes to, and leave pieces."""
        cube = read_window(self.plan.raster, *tile.window)
        outer = self.grid.padded(tile.core, self.plan.margin)
        lr = pixels_of(cube, outer, tile.window)
        upscale = self.plan.upscale
        made = make_bands(self.plan, cube, tile.window, outer, cubes=len(self.products))
        pairs = self._as_read_back(made[0], lr)
        found = consistency.measure(pairs, inside(tile.core, outer), self.plan.degradation)
        for sr in made:
            cut_holes(sr, lr, upscale)
        cubes = [p.bands_from(sr) for p, sr in zip(self.products, made, strict=True)]
        rows, cols = scaled(inside(tile.reach, outer), upscale)
        for cell in self.grid.cells_of(tile):
            for number, sr in enumerate(cubes):
                piece = cut_piece(sr[:, rows, cols], self.grid, tile, cell, upscale)
                if len(cell.tiles) == 1:
                    self._write(number, cell, piece)
                else:
                    self.pieces[number, cell.index, tile.index] = piece
        return found

    def join(self, cell: Cell, *_: Consistency) -> None:
        """Blend and write a cell, once all its tiles are done."""
        for number in range(len(self.products)):
            pieces = [self.pieces.pop((number, cell.index, tile)) for tile in cell.tiles]
            self._write(number, cell, blend(pieces))

    def _write(self, number: int, cell: Cell, cube: Cube) -> None:
        """Encode the pixels of a cell and write them to a product."""
        output = self.products[number].output
        rows, cols = scaled(inside(cell.area, self.grid.region), self.plan.upscale)
        valid = valid_pixels(cube) if output.needs_mask else None
        dn = encode(cube, output.raster.bands, output.raster.dtype)
        output.write(dn, rows, cols, valid=valid)

    def _as_read_back(self, sr: Cube, lr: Cube) -> Iterator[tuple[Plane, Plane]]:
        """Yield output and input of each resolved band, the output as the file will have it."""
        target = self.products[0].output.raster
        for band in self.plan.resolved:
            bands = target.bands.select([band])
            yield decode(encode(sr[band, None], bands, target.dtype), bands)[0], lr[band]


def _batches(grid: TileGrid, threads: int) -> Iterator[range]:
    """Cut the grid into rows of tiles, as many at a time as keep the threads busy."""
    # Threads idle at the end of a batch, hence some tiles for each; one thread never idles.
    least = 1 if threads == 1 else 8 * threads
    height = -(-least // len(grid.cols))
    for first in range(0, len(grid.rows), height):
        yield range(first, min(first + height, len(grid.rows)))


def _layout(job: _Job, rows: range) -> tuple[Graph, list[Key]]:
    """Lay out some rows of tiles, and the seams that have all their tiles by then.

    Returns
    -------
    graph; keys of the tiles
    """
    graph: Graph = {}
    tiles = [job.grid.tile(row, col) for row in rows for col in range(len(job.grid.cols))]
    keys = {tile.index: ("tile", *tile.index) for tile in tiles}
    for tile in tiles:
        graph[keys[tile.index]] = (partial(job.infer, tile),)
        for cell in job.grid.cells_of(tile):
            if len(cell.tiles) > 1 and cell.tiles[-1] == tile.index:
                here = [keys[index] for index in cell.tiles if index in keys]
                graph[("seam", *cell.index)] = (partial(job.join, cell), *here)
    return graph, list(keys.values())


def _pool(threads: int) -> AbstractContextManager[ThreadPoolExecutor | None]:
    """Return a pool of our own, or None for one thread.

    Leaving it waits for running tasks, so none of them writes to an output that was given up.
    """
    return nullcontext() if threads == 1 else ThreadPoolExecutor(threads)


@contextmanager
def _told_when_over(given_up: Event) -> Iterator[None]:
    """Set the event when an exception leaves the block, before the pool waits for its tasks."""
    try:
        yield
    except BaseException:
        given_up.set()
        raise


def _compute(
    graph: Graph,
    keys: Any,
    pool: ThreadPoolExecutor | None,
    finished: Callable[..., None] | None = None,
) -> Any:
    # Handed over as dask takes them: start, start_state, pretask, posttask, finish. `Callback` as
    # a context would hear of all graphs that run in this process, those of other scenes too.
    callbacks = [(None, None, None, finished, None)]
    if pool is None:
        return local.get_sync(graph, keys, callbacks=callbacks)
    return threaded.get(graph, keys, pool=pool, callbacks=callbacks)


def _counter(progress: Progress, total: int) -> Callable[..., None]:
    """Count finished tiles; dask calls it in the thread that runs the graph."""
    done = 0

    def count(key: Any, *_: Any) -> None:
        nonlocal done
        if key[0] == "tile":
            done += 1
            progress(done, total)

    return count
