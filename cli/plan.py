"""What `run --dry-run` says: the output, the tiles and the memory of a run that is not made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hsisr_geo.raster import Bounds, Raster
    from hsisr_geo.resolver import Resolver

# Measured with bicubic on 100 bands, tiles of 64 and 128: within 25 %, mostly above.
_OUTPUT_COPIES = 3  # of a tile that live at once: made, blended, encoded
_FIXED_BYTES = 60_000_000  # GDAL's block cache, the blocks being compressed


@dataclass(frozen=True)
class Plan:
    """A run that is not made.

    Attributes
    ----------
    path, rows, cols, bands, dtype : of the output
    size : bytes of its pixels before compression; as much again is used beside it meanwhile
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
    tiles: int
    memory: int
    model: str

    def text(self) -> str:
        """Return the plan for a person."""
        return (
            f"would write {self.path}: {self.cols} x {self.rows} pixels, {self.bands} bands, "
            f"{self.dtype}, {_bytes_text(self.size)} before compression\n"
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
) -> Plan:
    """Lay out a run as the pipeline would.

    Raises
    ------
    RasterError
        The bounds do not touch the raster.
    """
    import numpy as np

    from hsisr_geo.graph import cut

    region = None if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *(region or ()))
    bands = len(raster.bands)
    context, ramp, reach = resolver.context, resolver.ramp, resolver.degradation.reach
    grid = cut(raster, context=context, ramp=ramp, reach=reach, tile=tile, region=region)
    windows = [
        (t.window[0].stop - t.window[0].start) * (t.window[1].stop - t.window[1].start)
        for t in grid
    ]
    pixels = max(windows) * (1 + _OUTPUT_COPIES * resolver.upscale**2)
    return Plan(
        path=dst,
        rows=target.rows,
        cols=target.cols,
        bands=bands,
        dtype=raster.dtype,
        size=target.rows * target.cols * bands * np.dtype(raster.dtype).itemsize,
        tiles=len(grid),
        memory=_FIXED_BYTES + min(threads, len(grid)) * pixels * bands * 4,  # float32
        model=resolver.name,
    )


def _bytes_text(size: int) -> str:
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g} {unit}"
