"""What `run --dry-run` says: the output, the tiles and the memory of a run that is not made."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hsisr_geo.raster import Bounds, Raster
    from hsisr_geo.resolver import Resolver
    from hsisr_geo.uncertainty import Uncertainty

# Measured with bicubic on 100 bands, tiles of 64 and 128: within 25 %, mostly above.
_OUTPUT_COPIES = 3  # of a tile that live at once: made, blended, encoded
_FIXED_BYTES = 60_000_000  # GDAL's block cache, the blocks being compressed


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
    tiles : number of tiles to infer
    memory : bytes held for the tiles in flight, an estimate; a network's own arrays come on top
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
    memory: int
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
            f"with {self.model} in {self.tiles} tiles, about {_bytes_text(self.memory)} of memory "
            "besides the network's own arrays"
        )


def plan_run(
    raster: "Raster",
    resolver: "Resolver",
    dst: str,
    *,
    tile: int,
    threads: int,
    bounds: "Bounds | None",
    uncertainty: "Uncertainty | None" = None,
) -> Plan:
    """Lay out a run as the pipeline would.

    Raises
    ------
    RasterError
        The bounds do not touch the raster.
    ModelError
        An uncertainty is asked of a resolver without samples.
    """
    import numpy as np

    from hsisr_geo.graph import Product, cut
    from hsisr_geo.layout import Layout
    from hsisr_geo.output import Output
    from hsisr_geo.resolver import sampled

    region = None if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *(region or ()))
    bands = len(raster.bands)
    maker = sampled(resolver, uncertainty.samples) if uncertainty else resolver
    ramp, reach = resolver.ramp, resolver.degradation.reach
    grid = cut(raster, context=maker.context, ramp=ramp, reach=reach, tile=tile, region=region)
    windows = [
        (t.window[0].stop - t.window[0].start) * (t.window[1].stop - t.window[1].start)
        for t in grid
    ]
    rasters = [target, *([uncertainty.describe(target)] if uncertainty else [])]
    outputs = [Product(Output.of(raster)).storage for raster in rasters]
    layout = Layout(grid, resolver.upscale, tuple(outputs), measured=bands)
    products = len(outputs)
    pixels = max(windows) * (1 + products * _OUTPUT_COPIES * resolver.upscale**2)
    return Plan(
        path=dst,
        rows=target.rows,
        cols=target.cols,
        bands=bands,
        dtype=raster.dtype,
        size=target.rows * target.cols * bands * np.dtype(raster.dtype).itemsize,
        scratch=layout.total_size,
        tiles=len(grid),
        memory=_FIXED_BYTES + min(threads, len(grid)) * pixels * bands * 4,  # float32
        model=resolver.name,
        uncertainty=os.fspath(uncertainty.path) if uncertainty else None,
        samples=uncertainty.samples if uncertainty else 0,
        uncertainty_size=_float_bytes(uncertainty.describe(target)) if uncertainty else 0,
    )


def _float_bytes(raster: "Raster") -> int:
    return raster.rows * raster.cols * len(raster.bands) * 4


def _bytes_text(size: int) -> str:
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g} {unit}"
