"""The largest tile that there is memory for, and the time that a run will take."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from hsisr_geo.cube.tiling import Tile, TileGrid
from hsisr_geo.cube.windows import Window, area
from hsisr_geo.engine.grid import cut
from hsisr_geo.engine.outlook.footprint import Writing, footprint, tile_cost
from hsisr_geo.engine.outlook.rate import kept_rate
from hsisr_geo.engine.workers import THIS_PROCESS, Workers
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import PartResolver, Resolver

SHARE = 0.25
"""Of the machine's memory, that the tiles in flight of a run may take."""

TILES = (512, 384, 256, 192, 128, 96, 64, 48, 32)
"""Sides of a tile's core that are chosen from; the last one is taken where none has room."""

_LONGEST_ON_CPU = 256
# ^ a larger tile saves less than a tenth, and takes minutes, during which nobody sees progress
_TILES_EACH = 4

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

WRITTEN = 30e6
"""Values a second and thread that are interpolated, encoded, compressed and written, with a disk
that keeps up; docs/performance.md."""

MEASURED = 60e6
"""Values of the input a second in the pass that measures a scene."""


def choose_tile(
    raster: Raster,
    resolver: Resolver,
    *,
    where: Workers = THIS_PROCESS,
    samples: int | None = None,
    region: Window | None = None,
    memory: int | None = None,
    writing: Sequence[Writing] = (),
    bound: bool = False,
) -> int:
    """Choose the largest tile that there is memory for, and enough of for all workers.

    Parameters
    ----------
    where
        Processes that share the memory; each gets four tiles at least, as far as there are pixels.
    samples
        Of the uncertainty, 0 where it is predicted; None without.
    memory
        Bytes that the run may take; None for `SHARE` of the machine's. Of a GPU's own memory the
        model takes what is free, and less at a time where that is too little.
    writing
        What the outputs' formats take.
    bound
        `memory` must not be exceeded: reading and computing may take turns for it.
    """
    budget = (int(SHARE * machine_memory()) if memory is None else memory) // where.number
    on_cpu = not isinstance(resolver, PartResolver) or resolver.on_cpu
    for side in TILES:
        if on_cpu and side > _LONGEST_ON_CPU:
            continue
        grid = cut(raster, resolver, samples=samples, tile=side, region=region)
        enough = where.number == 1 or len(grid) >= _TILES_EACH * where.number
        need = footprint(
            raster,
            resolver,
            grid,
            threads=where.threads,
            samples=samples,
            memory=budget if bound else None,
            in_turns=bound and where.threads == 1,
            writing=writing,
        )
        if enough and need.host <= budget:
            return side
    return TILES[-1]


def machine_memory() -> int:
    """Return the bytes that this process may have: the machine's, or a container's limit."""
    import psutil

    total: int = psutil.virtual_memory().total
    for name in _LIMITS:
        with suppress(OSError, ValueError):  # "max" is no number, and no limit
            total = min(total, int(Path(name).read_text()))
    return total


def estimate_seconds(
    raster: Raster,
    resolver: Resolver,
    grid: TileGrid,
    *,
    where: Workers = THIS_PROCESS,
    samples: int | None = None,
) -> float:
    """Estimate the wall time of a run, by the rate of earlier ones on this machine (`rate`).

    Without any it takes a second or two itself to measure the model's speed.

    Parameters
    ----------
    where
        As in a run. Each thread takes a GPU, as far as there are some; on a CPU one tile keeps all
        cores busy, so that they save no time but that of reading and writing.
    samples
        Of the uncertainty, 0 where it is predicted; None without.
    """
    bands, products = len(raster.bands), 1 if samples is None else 2
    rows, cols = grid.region
    written = area((rows, cols)) * resolver.upscale**2 * bands * products / WRITTEN
    together = where.threads * where.number
    if not isinstance(resolver, PartResolver):
        return written / min(together, len(grid))
    work = work_of(raster, resolver, grid, samples=samples)
    measuring = raster.rows * raster.cols * bands / MEASURED
    if where.number == 1 and (rate := kept_rate(resolver, samples)):
        return measuring + work / rate + written / len(grid)  # the last tile is written alone
    places = 1 if resolver.on_cpu else min(together, resolver.places)
    return measuring + work / (resolver.speed(bands) * places) + written / together


def work_of(
    raster: Raster,
    resolver: PartResolver,
    grid: TileGrid,
    *,
    samples: int | None = None,
    tiles: Iterable[Tile] | None = None,
) -> float:
    """Return the work (`Cost.work`) of all tiles of a grid, or of some."""
    bands, tiles = len(raster.bands), grid if tiles is None else tiles
    return sum(tile_cost(resolver, bands, tile, grid, samples).work for tile in tiles)
