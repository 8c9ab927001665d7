"""`Assignment`: a run as a value that any process can compute tiles from."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

from hsisr_geo.bands.metadata import ALPHA
from hsisr_geo.engine.grid import cut
from hsisr_geo.engine.identity import Snapshot
from hsisr_geo.engine.listener import Log
from hsisr_geo.engine.request import Request
from hsisr_geo.engine.tasks import Work
from hsisr_geo.heap import give_back
from hsisr_geo.journal.folder import WorkFolder, strange
from hsisr_geo.journal.layout import Layout, Output
from hsisr_geo.journal.records import JournalWriter
from hsisr_geo.output.targets import as_output_error
from hsisr_geo.raster.datasets import close_handles, hold_cache
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import SceneStatistics, bands_with_data, load, save, scan_scene
from hsisr_geo.resolver.apply import Method, Share, share_bands
from hsisr_geo.resolver.protocol import BandsResolver, Spread, in_parts, with_deviation
from hsisr_geo.resolver.watch import Watch


@dataclass(frozen=True, eq=False)
class Assignment:
    """How the bands of a scene are made, before the method is bound to the scene.

    Attributes
    ----------
    request
        What was asked for; its resolver is the one that really makes the bands.
    samples
        Of the uncertainty, 0 where it is predicted; None without.
    statistics
        The file in the run's folder that they are kept in, None where the method needs none. Once
        it is bound to the scene nobody does, and their sample of spectra is 15 MB.
    resolved, interpolated
        Indices of the bands; together all of them.
    outputs
        What is written: one for each cube that the method makes.
    tile
        As for `grid.cut`.
    before
        The files of the scene as they were when the run began.
    """

    request: Request
    samples: int | None
    statistics: Path | None
    resolved: tuple[int, ...]
    interpolated: tuple[int, ...]
    outputs: tuple[Output, ...]
    tile: int
    before: Snapshot

    @property
    def spread(self) -> Spread | None:
        """The resolver with the deviation of its answer, if that is asked for."""
        return None if self.samples is None else with_deviation(self.request.resolver, self.samples)

    @property
    def layout(self) -> Layout:
        """Grid of the tiles, and what their records hold."""
        asked = self.request
        grid = cut(
            asked.raster, asked.resolver, samples=self.samples, tile=self.tile, region=asked.region
        )
        return Layout(grid, asked.resolver.upscale, self.outputs, len(self.resolved))

    def work(self, journal: JournalWriter) -> Work:
        """Bind the method to the scene: what this process needs to compute tiles."""
        hold_cache(self.request.memory_each)  # in a worker, too
        give_back()  # what measuring has left, before the method is fitted
        resolver, given_up = self.request.resolver, Watch()
        return Work(
            raster=self.request.raster,
            method=self._method(given_up),
            ramp=resolver.ramp,
            degradation=resolver.degradation,
            layout=self.layout,
            journal=journal,
            given_up=given_up,
            before=self.before,
            in_turns=self.request.in_turns(self.layout.grid),
        )

    def _method(self, given_up: Watch) -> Method:
        resolver, spread = self.request.resolver, self.spread
        found = None if self.statistics is None else load(self.statistics)
        bound = spread.fit(found, given_up) if spread else in_parts(resolver, found, given_up)
        share = Share(resolver, self.resolved, self.interpolated, found)
        return Method.of(share, bound, self.request.raster.bands, self.request.valid_range)


def assign(
    request: Request, tile: int, folder: WorkFolder, before: Snapshot, log: Log
) -> tuple[Assignment, tuple[str, ...]]:
    """Choose the bands for the resolver and measure them.

    Bad and empty bands never reach it: they are interpolated. Where nothing is left for it, all
    bands are, and a warning says why.

    Returns
    -------
    the assignment, warnings
    """
    raster = request.raster
    turns = request.in_turns(request.grid(tile))
    resolved, statistics, warning = _choose_bands(request, folder, before, log, in_turns=turns)
    close_handles()  # from here on other threads read
    share = share_bands(request.resolver, resolved, statistics, len(raster.bands))
    if warning:
        log(f"warning: {warning}")
    if share.interpolated:
        poor = [band for band in share.interpolated if raster.bands[band].color != ALPHA]
        if poor:
            told = f"{len(poor)} of {len(raster.bands)} bands are bad or empty"
            log(f"{told}: interpolated")
    assignment = Assignment(
        replace(request, resolver=share.resolver),
        samples=None if warning else request.samples,
        statistics=None if share.statistics is None else folder.statistics,
        resolved=share.resolved,
        interpolated=share.interpolated,
        outputs=request.outputs(),
        tile=tile,
        before=before,
    )
    return assignment, (warning,) if warning else ()


def _choose_bands(
    request: Request, folder: WorkFolder, before: Snapshot, log: Log, *, in_turns: bool
) -> tuple[tuple[int, ...], SceneStatistics | None, str]:
    """Return the bands for the resolver, their statistics, and why it can make none of them."""
    raster, resolver = request.raster, request.resolver
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
    statistics = _measure(raster, resolved, folder, before, log, in_turns=in_turns)
    none = "no pixel is valid in all good bands at once: all bands are interpolated"
    return resolved, statistics, "" if statistics.count else none


def _measure(
    raster: Raster,
    bands: Sequence[int],
    folder: WorkFolder,
    before: Snapshot,
    log: Log,
    *,
    in_turns: bool,
) -> SceneStatistics:
    """Measure the scene, or take what an interrupted run has measured: the same to the last bit."""
    if (kept := _kept(folder)) is not None:
        return kept
    log(f"measuring {len(bands)} bands over the whole scene")
    found = scan_scene(raster, bands, in_turns=in_turns)
    before.check()  # else what is kept would be that of two scenes
    with as_output_error(folder.file):
        save(found, folder.statistics)
    return found


def _kept(folder: WorkFolder) -> SceneStatistics | None:
    """Return what an interrupted run has measured, None where it has not.

    Raises
    ------
    OutputError : it is damaged, or something else
    """
    try:
        return load(folder.statistics)
    except (OSError, ValueError, LookupError, EOFError, BadZipFile, zlib.error) as error:
        raise strange(folder.statistics) from error


def _why_nothing_is_left(raster: Raster) -> str:
    if bands_with_data(raster, range(len(raster.bands))):
        return "no good band has data: all bands are interpolated"
    return "the scene has no valid pixel: neither has the output"
