"""Which bands of a scene the resolver makes, and what is measured of the scene for it."""

from collections.abc import Sequence

from hsisr_geo.assignment import Assignment
from hsisr_geo.graph import Product
from hsisr_geo.journal.folder import WorkFolder
from hsisr_geo.output.targets import as_output_error
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import SceneStatistics, bands_with_data, load, save, scan_scene
from hsisr_geo.request import Log, Request
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.protocol import BandsResolver, Resolver


def assign(
    request: Request, products: tuple[Product, ...], tile: int, folder: WorkFolder, log: Log
) -> tuple[Assignment, tuple[str, ...]]:
    """Choose the bands for the resolver and measure them.

    Bad and empty bands never reach it: they are interpolated. Where nothing is left for it, all
    bands are, and a warning says why.

    Returns
    -------
    the assignment, warnings
    """
    raster, resolver, wish = request.raster, request.resolver, request.uncertainty
    resolved, statistics, warning = _choose_bands(raster, resolver, folder, log)
    samples = None if wish is None else wish.samples
    every = tuple(range(len(raster.bands)))
    if warning:
        log(f"warning: {warning}")
        resolver, samples = BicubicResolver(resolver.upscale, psf=resolver.degradation), None
        resolved, statistics = every, None
    interpolated = tuple(band for band in every if band not in resolved)
    if interpolated:
        log(f"{len(interpolated)} of {len(every)} bands are bad or empty: interpolated")
    assignment = Assignment(
        raster,
        resolver=resolver,
        samples=samples,
        statistics=statistics,
        resolved=resolved,
        interpolated=interpolated,
        products=products,
        tile=tile,
        region=request.region,
    )
    return assignment, (warning,) if warning else ()


def check_scene(raster: Raster, resolver: Resolver) -> None:
    """Refuse a scene with a number of good bands that the resolver does not take.

    Reads some pixels, as empty bands do not count, and only if the number matters.

    Raises
    ------
    ModelError
        Saying how many it takes.
    """
    if isinstance(resolver, BandsResolver):
        bands = bands_with_data(raster, raster.bands.good_by_wavelength)
        if bands:  # else all are interpolated
            resolver.check_bands(len(bands))


def _choose_bands(
    raster: Raster, resolver: Resolver, folder: WorkFolder, log: Log
) -> tuple[tuple[int, ...], SceneStatistics | None, str]:
    """Return the bands for the resolver, their statistics, and why it can make none of them."""
    if raster.bands.wavelengths_nm is None:
        some = any(band.wavelength_nm is not None for band in raster.bands)
        log(f"{'not all' if some else 'no'} wavelengths known: bands are taken in file order")
    resolved = bands_with_data(raster, raster.bands.good_by_wavelength)
    # ^ neighbours in the spectrum make a group of the network, in whatever order the file has them
    if not resolved:
        return resolved, None, _why_nothing_is_left(raster)
    if isinstance(resolver, BandsResolver):
        resolver.check_bands(len(resolved))  # before a pass over the scene
    if not resolver.uses_statistics:
        return resolved, None, ""
    statistics = _measure(raster, resolved, folder, log)
    none = "no pixel is valid in all good bands at once: all bands are interpolated"
    return resolved, statistics, "" if statistics.count else none


def _measure(raster: Raster, bands: Sequence[int], folder: WorkFolder, log: Log) -> SceneStatistics:
    """Measure the scene, or take what an interrupted run has measured: the same to the last bit."""
    if (kept := load(folder.statistics)) is not None:
        return kept
    log(f"measuring {len(bands)} bands over the whole scene")
    found = scan_scene(raster, bands)
    with as_output_error(folder.file):
        save(found, folder.statistics)
    return found


def _why_nothing_is_left(raster: Raster) -> str:
    if bands_with_data(raster, range(len(raster.bands))):
        return "no good band has data: all bands are interpolated"
    return "the scene has no valid pixel: neither has the output"
