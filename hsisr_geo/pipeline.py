"""`super_resolve()`: from a raster file to a finer one; the only function that sees everything.

Open, measure the scene, plan which bands the resolver makes, cut the grid, run the graph, record
what was done.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from hsisr_geo import __version__
from hsisr_geo.consistency import Consistency
from hsisr_geo.errors import OptionError
from hsisr_geo.graph import Plan, Progress, run
from hsisr_geo.output import open_output
from hsisr_geo.raster import Bounds, Raster, open_raster
from hsisr_geo.resolver import BicubicResolver, Resolver
from hsisr_geo.statistics import bands_with_data, scan_scene

Log = Callable[[str], None]


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Attributes
    ----------
    path, shape
        The output and its (rows, cols).
    seconds, tiles
        Wall time; number of tiles inferred.
    consistency_rms, consistency_max
        |D(SR) - LR| over the bands that the resolver made, in physical units, on values as
        written; None where nothing could be compared.
    consistency_relative
        The same rms in standard deviations of each band, mean over bands.
    degradation
        The D that these assume.
    warnings
        What a user should know about the result.
    """

    path: str
    shape: tuple[int, int]
    seconds: float
    tiles: int
    consistency_rms: float | None
    consistency_max: float | None
    consistency_relative: float | None
    degradation: str
    warnings: tuple[str, ...]


def super_resolve(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    resolver: Resolver,
    tile: int = 128,
    threads: int = 1,
    bounds: Bounds | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    log: Log | None = None,
) -> RunReport:
    """Super-resolve a raster file into another, `resolver.upscale` times finer.

    Parameters
    ----------
    tile
        Largest side of a tile's core, in input pixels: a matter of memory, not of the result.
    threads
        Tiles in flight.
    bounds
        (xmin, ymin, xmax, ymax) in CRS units: process only the pixels that they cover. The result
        is the same window of the full run, as statistics always come from the whole scene.
    progress
        Called with (chunks done, chunks in all) from this thread; it may raise to cancel.
    log
        Called with one line at a time.

    Raises
    ------
    HsisrError : the input cannot be read, the output not written, an option is out of range; or
        what `progress` raised. The output then does not exist.
    """
    started = time.perf_counter()
    _check_positive(tile=tile, threads=threads)
    raster = open_raster(src)
    region = None if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *(region or ()))
    tags: dict[str, str] = {}
    with open_output(dst, target, overwrite=overwrite, tags=tags) as output:
        maker, plan, warnings = _plan(raster, resolver, log or _ignore)
        grid = plan.grid(tile, region)
        found = run(plan, grid, output, threads=threads, progress=progress or _ignore)
        tags.update(_provenance(raster, maker, found))
        # ^ the file gets its tags only when this block ends
    return RunReport(
        path=os.fspath(dst),
        shape=target.shape,
        seconds=time.perf_counter() - started,
        tiles=len(grid),
        consistency_rms=found.rms,
        consistency_max=found.maximum,
        consistency_relative=found.relative,
        degradation=plan.degradation.name,
        warnings=warnings,
    )


def _plan(raster: Raster, resolver: Resolver, log: Log) -> tuple[Resolver, Plan, tuple[str, ...]]:
    """Choose the bands for the resolver and bind it to the scene.

    Bad and empty bands never reach it: they are interpolated. Where nothing is left for it, all
    bands are, and a warning says why.

    Returns
    -------
    the resolver that is used, the plan, warnings
    """
    if raster.bands.wavelengths_nm is None:
        some = any(band.wavelength_nm is not None for band in raster.bands)
        log(f"{'not all' if some else 'no'} wavelengths known: bands are taken in file order")
    resolved = bands_with_data(raster, raster.bands.good_indices)
    statistics, warning = None, "" if resolved else _why_nothing_is_left(raster)
    if resolved and resolver.uses_statistics:
        log(f"measuring {len(resolved)} bands over the whole scene")
        statistics = scan_scene(raster, resolved)
        if statistics.count == 0:
            warning = "no pixel is valid in all good bands at once: all bands are interpolated"
    every = tuple(range(len(raster.bands)))
    if warning:
        log(f"warning: {warning}")
        resolver = BicubicResolver(resolver.upscale, psf=resolver.degradation)
        resolved, statistics = every, None
    interpolated = tuple(band for band in every if band not in resolved)
    if interpolated:
        log(f"{len(interpolated)} of {len(every)} bands are bad or empty: interpolated")
    plan = Plan(
        raster,
        upscale=resolver.upscale,
        context=resolver.context,
        ramp=resolver.ramp,
        resolve=resolver.fit(statistics),
        resolved=resolved,
        interpolated=interpolated,
        far=None if statistics is None else statistics.mean,
        degradation=resolver.degradation,
    )
    return resolver, plan, (warning,) if warning else ()


def _why_nothing_is_left(raster: Raster) -> str:
    if bands_with_data(raster, range(len(raster.bands))):
        return "no good band has data: all bands are interpolated"
    return "the scene has no valid pixel: neither has the output"


def _provenance(raster: Raster, resolver: Resolver, found: Consistency) -> dict[str, str]:
    """Say how the output was made; not the tiling, as the result does not depend on it."""
    measured = {
        "consistency_rms": found.rms,
        "consistency_max": found.maximum,
        "consistency_relative": found.relative,
    }
    items = {
        "version": __version__,
        "model": resolver.name,
        "upscale": str(resolver.upscale),
        "source": os.path.basename(raster.path),
        **resolver.provenance(),
        **{name: f"{value:.4g}" for name, value in measured.items() if value is not None},
    }
    return {f"HSISR_{name.upper()}": value for name, value in items.items()}


def _check_positive(**options: int) -> None:
    for name, value in options.items():
        if value < 1:
            raise OptionError(f"{name} must be at least 1, not {value}")


def _ignore(*_: object) -> None:
    """Take progress or a line of the log, and do nothing."""
