"""What `run --dry-run` says: output, tiles, memory and time of a run that is not made."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hsisr_geo.engine.uncertainty import Uncertainty
    from hsisr_geo.output.formats.choice import WriteOptions
    from hsisr_geo.raster.raster import Bounds, Raster
    from hsisr_geo.resolver.protocol import Resolver


@dataclass(frozen=True)
class Plan:
    """A run that is not made.

    Attributes
    ----------
    path, rows, cols, bands, dtype : of the output
    uncertainty : path of the raster of standard deviations, if any
    samples : number of samples that it is of, 0 without
    uncertainty_size : bytes of its pixels before compression, 0 without
    size : bytes of its pixels before compression
    scratch : bytes on the same disk besides, until the run is complete
    tiles, tile : number of tiles to infer, and the largest side of one in input pixels
    memory : bytes that the processes will hold at most, an estimate
    device_memory : bytes of a GPU's own memory, 0 without
    seconds : how long it will take, an estimate from a small tile that was timed
    model : name of the model
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

    def text(self) -> str:
        """Return the plan for a person."""
        beside = (
            f"and the standard deviation of {self.samples} samples to {self.uncertainty}, "
            f"{_bytes_text(self.uncertainty_size)}\n"
            if self.uncertainty
            else ""
        )
        return (
            f"would write {self.path}: {self.cols} x {self.rows} pixels, {self.bands} bands, "
            f"{self.dtype}, {_bytes_text(self.size)} before compression\n{beside}"
            f"and meanwhile {_bytes_text(self.scratch)} beside it on the disk\n"
            f"with {self.model} in tiles of up to {self.tile} pixels, {self.tiles} in all, about "
            f"{_time_text(self.seconds)} and {_bytes_text(self.memory)} of memory"
            f"{self._on_device()}"
        )

    def _on_device(self) -> str:
        return f", {_bytes_text(self.device_memory)} of the GPU's" if self.device_memory else ""


def plan_run(
    raster: "Raster",
    resolver: "Resolver",
    dst: str,
    *,
    tile: int | None,
    threads: int,
    workers: int = 1,
    bounds: "Bounds | None",
    uncertainty: "Uncertainty | None" = None,
    write: "WriteOptions",
) -> Plan:
    """Lay out a run as the pipeline would.

    Raises
    ------
    RasterError
        The bounds do not touch the raster.
    ModelError
        An uncertainty is asked of a resolver without samples, or one does not take so many bands.
    """
    import numpy as np

    from hsisr_geo.engine.assignment import check_scene
    from hsisr_geo.engine.estimate import choose_tile, estimate_seconds, footprint
    from hsisr_geo.engine.tasks import Product, cut_for
    from hsisr_geo.journal.layout import Layout
    from hsisr_geo.output.drafts import Output
    from hsisr_geo.output.formats.choice import choose_format
    from hsisr_geo.output.formats.cog import Cog

    check_scene(raster, resolver)
    region = None if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *(region or ()))
    bands = len(raster.bands)
    samples = uncertainty.samples if uncertainty else 0
    side = tile or choose_tile(
        raster, resolver, threads=threads, workers=workers, samples=samples, region=region
    )
    grid = cut_for(raster, resolver, samples=samples, tile=side, region=region)
    need = footprint(raster, resolver, grid, threads=threads, samples=samples)
    seconds = estimate_seconds(
        raster, resolver, grid, threads=threads, workers=workers, samples=samples
    )
    made = [(target, dst, write)]
    if uncertainty:
        path = os.fspath(uncertainty.path)
        made.append((uncertainty.describe(target), path, write.beside(dst, path)))
    forms = [choose_format(path, how) for _, path, how in made]
    outputs = [Output.of(each, form) for (each, _, _), form in zip(made, forms, strict=True)]
    stored = tuple(Product(output).storage for output in outputs)
    layout = Layout(grid, resolver.upscale, stored, measured=bands)
    copies = sum(
        form.copy_size(output.raster)
        for form, output in zip(forms, outputs, strict=True)
        if isinstance(form, Cog)
    )
    return Plan(
        path=dst,
        rows=target.rows,
        cols=target.cols,
        bands=bands,
        dtype=(dtype := outputs[0].raster.dtype),
        size=target.rows * target.cols * bands * np.dtype(dtype).itemsize,
        scratch=layout.total_size + copies,
        tiles=len(grid),
        tile=side,
        memory=workers * need.host,
        device_memory=need.device,
        seconds=round(seconds, 1),
        model=resolver.name,
        uncertainty=os.fspath(uncertainty.path) if uncertainty else None,
        samples=samples,
        uncertainty_size=_float_bytes(uncertainty.describe(target)) if uncertainty else 0,
    )


def _float_bytes(raster: "Raster") -> int:
    return raster.rows * raster.cols * len(raster.bands) * 4


def _time_text(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _bytes_text(size: int) -> str:
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g} {unit}"
