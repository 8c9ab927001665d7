"""`plan`: a run laid out without being made: output, tiles, memory, disk and time."""

import os
from dataclasses import dataclass
from math import prod

import numpy as np

from hsisr_geo.engine.outlook.estimate import estimate_seconds
from hsisr_geo.engine.request import Request, check_scene
from hsisr_geo.journal.layout import Layout, Output
from hsisr_geo.output.formats.cog import Cog
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.raster import Raster


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


def plan(request: Request) -> RunPlan:
    """Lay a run out without making it.

    Raises
    ------
    ModelError : the resolver does not take so many bands
    OptionError : the run would take more memory than it may
    """
    raster, resolver, where = request.raster, request.resolver, request.where
    check_scene(raster, resolver)
    targets, outputs, side = request.targets(), request.outputs(), request.side()
    samples, uncertainty = request.samples, request.uncertainty
    grid = request.grid(side)
    need = request.need(grid)
    seconds = estimate_seconds(
        raster, resolver, grid, workers=where.number, threads=where.threads, samples=samples
    )
    bands = len(raster.bands)
    layout = Layout(grid, resolver.upscale, outputs, measured=bands)
    sizes = [_bytes_of(output.raster) for output in outputs]
    return RunPlan(
        path=os.fspath(request.dst),
        rows=targets[0].raster.rows,
        cols=targets[0].raster.cols,
        bands=bands,
        dtype=outputs[0].raster.dtype,
        size=sizes[0],
        scratch=layout.total_size + sum(map(_copied, targets, outputs)),
        tiles=len(grid),
        tile=side,
        memory=where.number * need.host,
        device_memory=need.device,
        seconds=round(seconds, 1),
        model=resolver.name,
        uncertainty=os.fspath(uncertainty.path) if uncertainty else None,
        samples=samples or 0,
        uncertainty_size=sum(sizes[1:]),
    )


def _bytes_of(raster: Raster) -> int:
    return prod((raster.rows, raster.cols, len(raster.bands), np.dtype(raster.dtype).itemsize))


def _copied(target: Target, output: Output) -> int:
    """Bytes of the second copy that some formats are made from."""
    return target.form.copy_size(output.raster) if isinstance(target.form, Cog) else 0
