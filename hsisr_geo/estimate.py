"""How long a run will take: its work, at the speed that a small tile has on this machine now.

A second is spent on measuring, as no table of machines would know what else runs there. What is not
the model's work, from reading to compressed blocks on disk, is counted per value at a stated rate.
"""

from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.cube.windows import area
from hsisr_geo.footprint import tile_cost
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import PartResolver, Resolver

WRITTEN = 30e6
"""Values a second and thread that are interpolated, encoded, compressed and written, with a disk
that keeps up; docs/performance.md."""

MEASURED = 60e6
"""Values of the input a second in the pass that measures a scene."""


def estimate_seconds(
    raster: Raster,
    resolver: Resolver,
    grid: TileGrid,
    *,
    threads: int = 1,
    workers: int = 1,
    samples: int = 0,
) -> float:
    """Estimate the wall time of a run; takes a second or two itself where there is a model.

    Parameters
    ----------
    threads, workers
        As in a run. Each takes a GPU, as far as there are some; on a CPU one tile keeps all cores
        busy, so that they save no time but that of reading and writing.
    samples
        Of the uncertainty, 0 without.
    """
    bands, products = len(raster.bands), 2 if samples else 1
    rows, cols = grid.region
    written = area((rows, cols)) * resolver.upscale**2 * bands * products / WRITTEN
    if not isinstance(resolver, PartResolver):
        return written / min(threads * workers, len(grid))
    work = sum(tile_cost(resolver, bands, tile, grid, samples).work for tile in grid)
    places = 1 if resolver.on_cpu else min(threads * workers, resolver.places)
    measuring = raster.rows * raster.cols * bands / MEASURED
    return measuring + work / (resolver.speed(bands) * places) + written / (threads * workers)
