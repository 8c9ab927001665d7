"""`RunPlan`: a run laid out without being made."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.engine.outlook.estimate import estimate_seconds
from hsisr_geo.engine.outlook.footprint import Footprint
from hsisr_geo.engine.workers import Workers
from hsisr_geo.journal.layout import Layout, Output
from hsisr_geo.output.formats.cog import Cog
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import Resolver


@dataclass(frozen=True)
class RunPlan:
    """A run that is not made.

    Attributes
    ----------
    path, rows, cols, bands, dtype : of the output
    size : bytes of its pixels before compression
    scratch : bytes on the same disk besides, until the run is complete
    tiles, tile : number of tiles to infer, and the largest side of one in input pixels
    memory : bytes that the processes will hold at most, an estimate
    device_memory : bytes of a GPU's own memory, 0 without
    seconds : how long it will take, an estimate from a small tile that was timed
    model : name of the model
    uncertainty : path of the raster of standard deviations, if any
    samples : number of samples that it is of; 0 where it is predicted, and without
    uncertainty_size : bytes of its pixels before compression, 0 without
    """

    path: str
    rows: int
    cols: int
    bands: int
    dtype: str
    size: int
    scratch: int
    tiles: int
    tile: int
    memory: int
    device_memory: int
    seconds: float
    model: str
    uncertainty: str | None = None
    samples: int = 0
    uncertainty_size: int = 0


def lay_out(
    grid: TileGrid,
    need: Footprint,
    targets: Sequence[Target],
    outputs: Sequence[Output],
    *,
    raster: Raster,
    resolver: Resolver,
    where: Workers,
    samples: int | None,
    tile: int,
) -> RunPlan:
    """Lay a run out without making it: output, tiles, memory, disk and time.

    Parameters
    ----------
    need : of each process
    targets, outputs : the raster, and that of its uncertainty if there is to be one
    samples : of that, 0 where it is predicted; None without
    tile : largest side of one
    """
    seconds = estimate_seconds(raster, resolver, grid, where=where, samples=samples)
    bands = len(raster.bands)
    layout = Layout(grid, resolver.upscale, tuple(outputs), measured=bands)
    sizes = [_bytes_of(output.raster) for output in outputs]
    paths = [os.fspath(target.path) for target in targets]
    return RunPlan(
        path=paths[0],
        rows=targets[0].raster.rows,
        cols=targets[0].raster.cols,
        bands=bands,
        dtype=outputs[0].raster.dtype,
        size=sizes[0],
        scratch=layout.total_size + sum(map(_copied, targets, outputs)),
        tiles=len(grid),
        tile=tile,
        memory=where.number * need.host,
        device_memory=need.device,
        seconds=round(seconds, 1),
        model=resolver.name,
        uncertainty=paths[1] if paths[1:] else None,
        samples=samples or 0,
        uncertainty_size=sum(sizes[1:]),
    )


def _bytes_of(raster: Raster) -> int:
    return prod((raster.rows, raster.cols, len(raster.bands), np.dtype(raster.dtype).itemsize))


def _copied(target: Target, output: Output) -> int:
    """Bytes of the second copy that some formats are made from."""
    return target.form.copy_size(output.raster) if isinstance(target.form, Cog) else 0
