"""`Footprint`: the memory that a run takes, the most of what its phases do.

A scene's blur is looked for, it is measured, the method is fitted to it, and then tiles are made.
What each of these holds follows from the shapes of arrays; what libraries take was measured, once,
and is in docs/large.md; how well the sum fits is in docs/performance.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hsisr_geo.cube.holes import REACH
from hsisr_geo.cube.tiling import Tile, TileGrid
from hsisr_geo.cube.windows import BLOCK, Window, area, block_side, inside
from hsisr_geo.output.formats.format import AT_ONCE, Format, at_once
from hsisr_geo.raster.datasets import cache_bytes
from hsisr_geo.raster.gdal import GdalSource
from hsisr_geo.raster.gdal.held_blocks import interleaved_lines
from hsisr_geo.raster.products.unpack import MOST_AT_ONCE
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import SAMPLE_PIXELS, STRIP_BYTES
from hsisr_geo.resolver.protocol import Cost, PartResolver, Resolver, with_deviation

_PROGRAM = 90_000_000  # bytes: Python, NumPy, GDAL, and all of ours
_LIBRARIES = {"ncnn": 18_000_000, "torch": 270_000_000}
_NETS = {"ncnn": 22_000_000, "torch": 20_000_000}
# ^ bytes besides: a backend's libraries with the weights, and what it makes of these for tiles
_READERS = {"HDF5": 35_000_000, "netCDF": 85_000_000, "Zarr": 110_000_000}  # by driver
_WRITERS = {"zarr": 55_000_000, "netcdf": 60_000_000, "cog": 140_000_000}
# ^ bytes besides, by format: libraries, and what GDAL makes overviews with and copies by

_COPIES = 1  # of a tile's output besides the method's own: encoded, or with interpolated bands
_READ = 1.75  # times the values of a window or strip: the values, and what tells of holes
_MEASURED = 2.5  # ... of a strip, in double precision
_PUT_TOGETHER = {"zarr": 8, "envi": 4}
# ^ times a group of bands: chunks of a shard and the shard of them; lines, too
_USUALLY = 3  # ... stored numbers, blended values, compressed blocks
_FITTED = 8  # times the sampled spectra: the sample, latents of it, their axes
_LEFT = 32_000_000
# ^ bytes of what was held before the first tile, that glibc keeps unless memory is short (`heap`)
_FRAGMENTS = 10_000_000  # bytes that come to lie between others in a long run, otherwise
_LOOKED_AT = 4 * 128**2 * 28, 96
# ^ bytes for each band in which a scene's blur is looked for, and how many these are at most


@dataclass(frozen=True)
class Footprint:
    """Bytes that a run takes: of the machine, with the program itself, and of each GPU besides."""

    host: int
    device: int


@dataclass(frozen=True)
class Writing:
    """Bytes that a format takes while a raster is written: fixed, and for each that writes."""

    library: int
    each: int

    @classmethod
    def of(cls, form: Format, stored: Raster) -> "Writing":
        """Say it of a raster in a format."""
        side = block_side(stored.shape, form.block or BLOCK)
        bands, size = len(stored.bands), np.dtype(stored.dtype).itemsize
        group = at_once(stored, side**2, form.deep(bands))
        fixed = _WRITERS.get(form.name, 0)
        if form.name == "envi" and form.deep(bands) > 1:
            fixed += interleaved_lines(stored.cols, bands, size)
        return cls(fixed, _PUT_TOGETHER.get(form.name, _USUALLY) * group * side**2 * size)


def footprint(
    raster: Raster,
    resolver: Resolver,
    grid: TileGrid,
    *,
    threads: int,
    samples: int | None = None,
    memory: int | None = None,
    in_turns: bool = False,
    writing: Sequence[Writing] = (),
) -> Footprint:
    """Estimate the memory of a run from its largest tile.

    Parameters
    ----------
    grid
        As `grid.cut` makes it for the resolver, or for its samples.
    samples
        Of the uncertainty, 0 where it is predicted; None without.
    memory
        That the run was given: GDAL's block cache follows it.
    in_turns
        Tiles are read and computed in turns.
    writing
        What the outputs' formats take; () for what one usually does.
    """
    bands = len(raster.bands)
    tile = max(grid, key=lambda tile: area(tile.window))
    fixed = _PROGRAM + _read_by(raster, resolver, grid, memory)
    window, decoded = 4 * bands * area(tile.window), _decoded(raster)
    fine = 4 * bands * area(made_of(tile, grid, resolver, samples)) * resolver.upscale**2
    flying = min(threads, len(grid))
    ahead = flying < len(grid) and threads == 1 and not in_turns
    reading = decoded + int(_READ * window)
    host = 2 * window + (1 if samples is None else 2) * _COPIES * fine
    writing = writing or [Writing(0, _USUALLY * AT_ONCE)]
    written = sum(w.library + w.each * max(1, flying if threads > 1 else 1) for w in writing)
    nets, own, device, busy = 0, 4 * bands * area(tile.window) * resolver.upscale**2, 0, flying
    if isinstance(resolver, PartResolver):
        told = resolver.provenance()
        backend = told.get("backend", "torch").split()[0]
        levels = 2 if samples or float(told.get("detail", 0)) else 1  # of noise, with nets each
        fixed, nets = fixed + _LIBRARIES[backend], levels * _NETS[backend]
        own = tile_cost(resolver, bands, tile, grid, samples).memory
        busy = min(flying, resolver.places)
        if not resolver.on_cpu:
            own, device = 0, own
    computing = flying * host + busy * own
    if in_turns:
        tiles = max(reading, computing)
    else:
        tiles = computing + (reading if ahead else flying * decoded)
    first = _before_tiles(raster, resolver, in_turns=in_turns)
    left = _FRAGMENTS if memory else min(first, _LEFT)
    return Footprint(fixed + max(first, left + nets + tiles + written), device)


def _before_tiles(raster: Raster, resolver: Resolver, *, in_turns: bool) -> int:
    """Return what is held to look for the blur, to measure the scene, and to fit the method."""
    bands, decoded = len(raster.bands), _decoded(raster)
    strip = max(STRIP_BYTES, 4 * raster.cols * bands)
    strip = min(strip, 4 * raster.rows * raster.cols * bands)
    if not resolver.uses_statistics:
        return decoded + int(_READ * strip)
    sample = 4 * bands * min(SAMPLE_PIXELS, raster.rows * raster.cols)
    read, measured = decoded + int(_READ * strip), int((1 + _MEASURED) * strip)
    scan = sample + (max(read, measured) if in_turns else decoded + measured)
    each, most = _LOOKED_AT
    return max(scan, _FITTED * sample, each * bands // -(-bands // most))


def _decoded(raster: Raster) -> int:
    """Return what a thread that reads holds; of HDF5 that nobody looked at, what it may cache."""
    return 2 * MOST_AT_ONCE if raster.decoded is None else raster.decoded


def _read_by(raster: Raster, resolver: Resolver, grid: TileGrid, memory: int | None) -> int:
    """Return the bytes of libraries that read, or of GDAL's cache: at most all read and written."""
    if not isinstance(raster.source, GdalSource | None):
        return _READERS.get(raster.driver, 0)
    rows, cols = raster.shape
    size = len(raster.bands) * np.dtype(raster.dtype).itemsize
    written = area(grid.region) * resolver.upscale**2
    return min(cache_bytes(memory), (prod((rows, cols)) + written) * size)


def tile_cost(
    resolver: PartResolver, bands: int, tile: Tile, grid: TileGrid, samples: int | None = None
) -> Cost:
    """Return what a tile of a grid takes."""
    rows, cols = tile.window
    shape = rows.stop - rows.start, cols.stop - cols.start
    outer = made_of(tile, grid, resolver, samples)
    return resolver.cost(bands, shape, inside(outer, tile.window), samples or 0)


def made_of(tile: Tile, grid: TileGrid, resolver: Resolver, samples: int | None) -> Window:
    """Return the pixels of a tile whose output is made: what is left of its halo by its context."""
    context = (resolver if samples is None else with_deviation(resolver, samples)).context
    return grid.padded(tile.core, grid.rows.halo - context - REACH)
