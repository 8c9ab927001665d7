"""`Assignment`: a run as a value that any process can compute tiles from."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.identity import Snapshot
from hsisr_geo.engine.request import Log, Request
from hsisr_geo.engine.tasks import Plan, Product, Work, cut_for
from hsisr_geo.journal.folder import WorkFolder
from hsisr_geo.journal.layout import Layout
from hsisr_geo.journal.records import JournalWriter
from hsisr_geo.output.targets import as_output_error
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import SceneStatistics, bands_with_data, load, save, scan_scene
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.protocol import BandsResolver, Resolver, Sampled, in_parts, sampled


@dataclass(frozen=True, eq=False)
class Assignment:
    """How the bands of a scene are made, before the method is bound to the scene.

    Attributes
    ----------
    samples
        Of the uncertainty, None without.
    resolved, interpolated
        Indices of the bands; together all of them.
    products
        What is written: one for each cube that the method makes.
    tile, region
        As for `tasks.cut`.
    before
        The files of the scene as they were when the run began.
    """

    raster: Raster
    resolver: Resolver
    samples: int | None
    statistics: SceneStatistics | None
    resolved: tuple[int, ...]
    interpolated: tuple[int, ...]
    products: tuple[Product, ...]
    tile: int
    region: Window | None
    before: Snapshot

    @property
    def spread(self) -> Sampled | None:
        """The resolver with the spread of its samples, if that is asked for."""
        return None if self.samples is None else sampled(self.resolver, self.samples)

    @property
    def layout(self) -> Layout:
        """Grid of the tiles, and what their records hold."""
        grid = cut_for(
            self.raster,
            self.resolver,
            samples=self.samples or 0,
            tile=self.tile,
            region=self.region,
        )
        storages = tuple(product.storage for product in self.products)
        return Layout(grid, self.resolver.upscale, storages, len(self.resolved))

    def work(self, journal: JournalWriter) -> Work:
        """Bind the method to the scene: what this process needs to compute tiles."""
        return Work(self._plan(), self.layout, self.products, journal)

    def _plan(self) -> Plan:
        resolver, spread, given_up = self.resolver, self.spread, Event()
        return Plan(
            raster=self.raster,
            upscale=resolver.upscale,
            ramp=resolver.ramp,
            resolve=(
                spread.fit(self.statistics, given_up)
                if spread
                else in_parts(resolver, self.statistics, given_up)
            ),
            resolved=self.resolved,
            interpolated=self.interpolated,
            far=None if self.statistics is None else self.statistics.mean,
            degradation=resolver.degradation,
            given_up=given_up,
            before=self.before,
        )


def assign(
    request: Request,
    products: tuple[Product, ...],
    tile: int,
    folder: WorkFolder,
    before: Snapshot,
    log: Log,
) -> tuple[Assignment, tuple[str, ...]]:
    """Choose the bands for the resolver and measure them.

    Bad and empty bands never reach it: they are interpolated. Where nothing is left for it, all
    bands are, and a warning says why.

    Returns
    -------
    the assignment, warnings
    """
    raster, resolver, wish = request.raster, request.resolver, request.uncertainty
    resolved, statistics, warning = _choose_bands(raster, resolver, folder, before, log)
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
        before=before,
    )
    return assignment, (warning,) if warning else ()


def _choose_bands(
    raster: Raster, resolver: Resolver, folder: WorkFolder, before: Snapshot, log: Log
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
    statistics = _measure(raster, resolved, folder, before, log)
    none = "no pixel is valid in all good bands at once: all bands are interpolated"
    return resolved, statistics, "" if statistics.count else none


def _measure(
    raster: Raster, bands: Sequence[int], folder: WorkFolder, before: Snapshot, log: Log
) -> SceneStatistics:
    """Measure the scene, or take what an interrupted run has measured: the same to the last bit."""
    if (kept := load(folder.statistics)) is not None:
        return kept
    log(f"measuring {len(bands)} bands over the whole scene")
    found = scan_scene(raster, bands)
    before.check()  # else what is kept would be that of two scenes
    with as_output_error(folder.file):
        save(found, folder.statistics)
    return found


def _why_nothing_is_left(raster: Raster) -> str:
    if bands_with_data(raster, range(len(raster.bands))):
        return "no good band has data: all bands are interpolated"
    return "the scene has no valid pixel: neither has the output"
