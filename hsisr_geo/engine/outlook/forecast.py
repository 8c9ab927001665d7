"""`forecast`: time, memory and disk of a run in words, before its first tile."""

from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.engine.outlook.estimate import estimate_seconds, work_of
from hsisr_geo.engine.outlook.rate import kept_rate
from hsisr_geo.engine.request import Request
from hsisr_geo.resolver.protocol import PartResolver

_WORTH_MEASURING = 3e12
# ^ multiply-adds, half a minute or more: a second or two to learn the speed is little beside it


def forecast(request: Request, grid: TileGrid, scratch: int) -> str:
    """Say time, memory and disk of a run; "" where it is over before that is read.

    Parameters
    ----------
    scratch : bytes on the disk beside the output
    """
    resolver, samples = request.resolver, request.samples
    if not isinstance(resolver, PartResolver):
        return ""
    work = work_of(request.raster, resolver, grid, samples=samples)
    if work < _WORTH_MEASURING and kept_rate(resolver, samples) is None:
        return ""
    where, need = request.where, request.need(grid)
    seconds = estimate_seconds(request.raster, resolver, grid, where=where, samples=samples)
    return (
        f"{len(grid)} {'tiles' if len(grid) > 1 else 'tile'}: about {time_text(seconds)}, "
        f"{bytes_text(where.number * need.host)} of memory, and meanwhile {bytes_text(scratch)} "
        "on the disk beside the output"
    )


def time_text(seconds: float) -> str:
    """Return seconds, minutes or hours."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def bytes_text(size: int) -> str:
    """Return bytes with the unit that suits them."""
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g} {unit}"
