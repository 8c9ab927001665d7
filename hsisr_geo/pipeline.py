"""`super_resolve()`: from a raster file to a finer one; the only function that sees everything.

Open, measure the scene, plan which bands the resolver makes, cut the grid, run the graph, record
what was done.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from hsisr_geo import __version__
from hsisr_geo.consistency import Consistency
from hsisr_geo.errors import OptionError
from hsisr_geo.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.graph import Plan, Product, Progress, run
from hsisr_geo.output import Target, open_outputs
from hsisr_geo.raster import Bounds, Raster, open_raster
from hsisr_geo.resolver import BicubicResolver, Resolver, Sampled, in_parts, sampled
from hsisr_geo.statistics import bands_with_data, scan_scene
from hsisr_geo.uncertainty import Uncertainty

Log = Callable[[str], None]


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Attributes
    ----------
    path, shape
        The output and its (rows, cols).
    uncertainty
        The raster of standard deviations, if one was asked for.
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
    uncertainty: str | None = None


def super_resolve(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    resolver: Resolver,
    tile: int = 128,
    threads: int = 1,
    bounds: Bounds | None = None,
    uncertainty: Uncertainty | None = None,
    overwrite: bool = False,
    write: WriteOptions = AS_NAMED,
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
    uncertainty
        Also write the standard deviation over samples, as a raster on the grid of the output. Both
        appear when both are complete, or neither.
    write
        Format and creation options of the output, and what is written beside it. The uncertainty
        has the same format, unless its ending names another.
    progress
        Called with (chunks done, chunks in all) from this thread; it may raise to cancel.
    log
        Called with one line at a time.

    Raises
    ------
    HsisrError : the input cannot be read, the output not written, an option is out of range, an
        uncertainty is asked of a resolver without samples; or what `progress` raised. The output
        then does not exist.
    """
    started = time.perf_counter()
    _check_positive(tile=tile, threads=threads)
    raster = open_raster(src)
    region = None if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *(region or ()))
    tags: dict[str, str] = {}
    spread_tags: dict[str, str] = {}
    targets, spread = [Target(dst, target, tags, write)], None
    if uncertainty is not None:
        spread = sampled(resolver, uncertainty.samples)
        beside = write.beside(dst, uncertainty.path)
        targets += [Target(uncertainty.path, uncertainty.describe(target), spread_tags, beside)]
    with open_outputs(targets, overwrite=overwrite) as outputs:
        maker, spread, plan, warnings = _plan(raster, resolver, spread, log or _ignore)
        grid = plan.grid(tile, region)
        products = [Product(outputs[0])]
        if uncertainty is not None:
            products += [Product(outputs[1], uncertainty.bands_from)]
        found = run(plan, grid, products, threads=threads, progress=progress or _ignore)
        tags.update(_provenance(raster, maker, found))
        # ^ the file gets its tags only when this block ends
        spread_tags.update(tags | (_tags(spread.provenance()) if spread else {}))
    return RunReport(
        path=os.fspath(dst),
        uncertainty=None if uncertainty is None else os.fspath(uncertainty.path),
        shape=target.shape,
        seconds=time.perf_counter() - started,
        tiles=len(grid),
        consistency_rms=found.rms,
        consistency_max=found.maximum,
        consistency_relative=found.relative,
        degradation=plan.degradation.name,
        warnings=warnings,
    )


def _plan(
    raster: Raster, resolver: Resolver, spread: Sampled | None, log: Log
) -> tuple[Resolver, Sampled | None, Plan, tuple[str, ...]]:
    """Choose the bands for the resolver and bind it, or it with its samples, to the scene.

    Bad and empty bands never reach it: they are interpolated. Where nothing is left for it, all
    bands are, and a warning says why.

    Returns
    -------
    the resolver and the spread that are used, the plan, warnings
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
        resolver, spread = BicubicResolver(resolver.upscale, psf=resolver.degradation), None
        resolved, statistics = every, None
    given_up = Event()
    interpolated = tuple(band for band in every if band not in resolved)
    if interpolated:
        log(f"{len(interpolated)} of {len(every)} bands are bad or empty: interpolated")
    plan = Plan(
        raster=raster,
        upscale=resolver.upscale,
        context=spread.context if spread else resolver.context,
        ramp=resolver.ramp,
        resolve=(
            spread.fit(statistics, given_up) if spread else in_parts(resolver, statistics, given_up)
        ),
        resolved=resolved,
        interpolated=interpolated,
        far=None if statistics is None else statistics.mean,
        degradation=resolver.degradation,
        given_up=given_up,
    )
    return resolver, spread, plan, (warning,) if warning else ()


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
    return _tags(items)


def _tags(items: dict[str, str]) -> dict[str, str]:
    return {f"HSISR_{name.upper()}": value for name, value in items.items()}


def _check_positive(**options: int) -> None:
    for name, value in options.items():
        if value < 1:
            raise OptionError(f"{name} must be at least 1, not {value}")


def _ignore(*_: object) -> None:
    """Take progress or a line of the log, and do nothing."""
