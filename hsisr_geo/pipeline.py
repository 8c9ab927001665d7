"""`super_resolve()`: from a raster file to a finer one; the only function that sees everything.

Open, measure the scene, choose which bands the resolver makes, compute the tiles that are missing
while the outputs are assembled of those that are finished, record what was done.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hsisr_geo import __version__
from hsisr_geo.assembling import Assembly, LateTags, assembling
from hsisr_geo.assembly import total
from hsisr_geo.assignment import Assignment
from hsisr_geo.consistency import Consistency
from hsisr_geo.errors import OptionError
from hsisr_geo.fingerprint import Fingerprint, fingerprint, kept_tile
from hsisr_geo.finished import Finished, Place
from hsisr_geo.footprint import choose_tile
from hsisr_geo.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.graph import Product, Progress, run
from hsisr_geo.journal import JournalWriter, new_name
from hsisr_geo.output import Target, as_output_error, open_outputs
from hsisr_geo.raster import Bounds, Raster, open_raster, source_files
from hsisr_geo.resolver import BicubicResolver, Resolver, sampled
from hsisr_geo.statistics import SceneStatistics, bands_with_data, load, save, scan_scene
from hsisr_geo.tiling import Window
from hsisr_geo.uncertainty import Uncertainty
from hsisr_geo.workers import Workers
from hsisr_geo.workfolder import WorkFolder

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
        Wall time; number of tiles.
    kept
        How many of these an interrupted run had finished, so that they were not computed again.
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
    kept: int = 0


def super_resolve(
    src: str | os.PathLike[str] | Raster,
    dst: str | os.PathLike[str],
    *,
    resolver: Resolver,
    tile: int | None = None,
    threads: int = 1,
    workers: int = 1,
    scheduler: str | None = None,
    bounds: Bounds | None = None,
    uncertainty: Uncertainty | None = None,
    overwrite: bool = False,
    write: WriteOptions = AS_NAMED,
    resume: bool = False,
    progress: Progress | None = None,
    log: Log | None = None,
) -> RunReport:
    """Super-resolve a raster file into another, `resolver.upscale` times finer.

    Parameters
    ----------
    src
        A path, or what `open_raster` made of it, with a choice of bands for example.
    tile
        Largest side of a tile's core, in input pixels: a matter of memory, not of the result. None
        for the largest that the machine has memory for (`footprint.choose_tile`).
    threads
        Tiles in flight in each process.
    workers
        Processes on this machine that compute tiles; 1 is this one. A script that asks for more
        must keep its work under `if __name__ == "__main__":`, as it is imported by each of them.
    scheduler
        Address of a dask scheduler, whose workers compute the tiles instead. They have to see
        `src` and the folder of `dst` under the same names.
    bounds
        (xmin, ymin, xmax, ymax) in CRS units: process only the pixels that they cover. The result
        is the same window of the full run, as statistics always come from the whole scene.
    uncertainty
        Also write the standard deviation over samples, as a raster on the grid of the output. Both
        appear when both are complete, or neither.
    write
        Format and creation options of the output, and what is written beside it. The uncertainty
        has the same format, unless its ending names another.
    resume
        Go on with an interrupted run, if there is one: only tiles that it had not finished are
        computed, and the result is that of an uninterrupted run. Should this run be interrupted,
        its tiles are kept for the next one.
    progress
        Called with (tiles done, tiles in all) from this thread; it may raise to cancel.
    log
        Called with one line at a time.

    Raises
    ------
    HsisrError : the input cannot be read, the output not written, an option is out of range, an
        uncertainty is asked of a resolver without samples, workers fail; or what `progress`
        raised. The output then does not exist.
    """
    started = time.perf_counter()
    _check_tile(tile)
    where = Workers(workers, threads, scheduler)
    raster = src if isinstance(src, Raster) else open_raster(where.name_of(os.fspath(src)))
    region = None if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *(region or ()))
    log, progress = log or _ignore, progress or _ignore
    spread = None if uncertainty is None else sampled(resolver, uncertainty.samples)
    tags, targets = [LateTags()], [Target(dst, target, write=write)]
    if uncertainty is not None:
        tags.append(LateTags())
        beside = write.beside(dst, uncertainty.path)
        targets.append(Target(uncertainty.path, uncertainty.describe(target), write=beside))
    targets = [replace(target, tags=late) for target, late in zip(targets, tags, strict=True)]
    samples = 0 if uncertainty is None else uncertainty.samples
    with open_outputs(targets, overwrite=overwrite, resume=resume) as drafts:
        folder = drafts[0].folder
        tile = (
            tile
            or kept_tile(folder.record())
            or choose_tile(
                raster, resolver, threads=threads, workers=workers, samples=samples, region=region
            )
        )
        mark = fingerprint(
            raster,
            resolver,
            spread=spread,
            uncertainty=uncertainty,
            region=region,
            tile=tile,
            stored=[target.form.stored(target.raster) for target in targets],
        )
        _identify(folder, mark, keep=resume)
        products = [Product(drafts[0].output)]
        if uncertainty is not None:
            products.append(Product(drafts[1].output, uncertainty.bands_from))
        assignment, warnings = _assign(
            raster,
            resolver,
            uncertainty,
            products,
            tile=tile,
            region=region,
            folder=folder,
            log=log,
        )
        layout = assignment.layout
        finished = Finished(folder.path, layout.grid.shape)
        kept = _take_up(finished, len(layout.grid), log) if resume else 0
        with (
            _telling_how_to_go_on(finished, resume, log),
            assembling(drafts, layout, finished, tags) as assembly,
        ):
            _compute(assignment, finished, assembly, workers=where, progress=progress)
            found = total(layout, finished)
            made = _provenance(raster, assignment.resolver, mark, found)
            more = _tags(assignment.spread.provenance()) if assignment.spread else {}
            for late, items in zip(tags, (made, made | more), strict=False):
                late.set(items)
    return RunReport(
        path=os.fspath(dst),
        uncertainty=None if uncertainty is None else os.fspath(uncertainty.path),
        shape=target.shape,
        seconds=time.perf_counter() - started,
        tiles=len(layout.grid),
        kept=kept,
        consistency_rms=found.rms,
        consistency_max=found.maximum,
        consistency_relative=found.relative,
        degradation=assignment.resolver.degradation.name,
        warnings=warnings,
    )


def _identify(folder: WorkFolder, mark: Fingerprint, *, keep: bool) -> None:
    """Check that what is kept in the folder is of this run, and say whose it is."""
    if record := folder.record():
        mark.check_same(record, folder.path)
    with as_output_error(folder.file):
        folder.write_record({**record, **mark.record(), "keep": keep})


def _take_up(finished: Finished, tiles: int, log: Log) -> int:
    """Take up the tiles of interrupted runs; return how many there are."""
    finished.take_up()
    kept = len(finished)
    if finished.started:
        left = tiles - kept - finished.lost
        log(
            f"resumed: {kept} of {tiles} tiles kept; {finished.lost} were in flight and are "
            f"computed again, {left} are still to do"
        )
    return kept


@contextmanager
def _telling_how_to_go_on(finished: Finished, resume: bool, log: Log) -> Iterator[None]:
    """After a failure say what is kept of the work, and how to go on with it."""
    try:
        yield
    except BaseException:
        if resume and len(finished):
            told = f"{len(finished)} finished tiles are kept in {finished.folder}"
            log(f"{told}: give the same command with --resume (resume=True) to go on")
        elif len(finished):
            log(f"{len(finished)} finished tiles are given up: with --resume they would be kept")
        raise


def _compute(
    assignment: Assignment,
    finished: Finished,
    assembly: Assembly,
    *,
    workers: Workers,
    progress: Progress,
) -> None:
    """Compute the tiles that are missing."""
    tiles = len(assignment.layout.grid)
    progress(len(finished), tiles)

    def note(place: Place) -> None:
        finished.put(place)
        assembly.check()
        progress(len(finished), tiles)

    if not workers.here:
        from hsisr_geo import cluster  # takes half a second, and not all need it

        with cluster.connected(workers) as client:
            cluster.run(
                client,
                assignment,
                finished.folder,
                finished.missing(),
                note,
                synchronize=workers.scheduler is not None,
            )
        return
    with JournalWriter(finished.folder / new_name()) as journal:
        work = assignment.work(journal)
        run(work, finished.missing(), threads=workers.threads, progress=note)


def _assign(
    raster: Raster,
    resolver: Resolver,
    uncertainty: Uncertainty | None,
    products: Sequence[Product],
    *,
    tile: int,
    region: Window | None,
    folder: WorkFolder,
    log: Log,
) -> tuple[Assignment, tuple[str, ...]]:
    """Choose the bands for the resolver and measure them.

    Bad and empty bands never reach it: they are interpolated. Where nothing is left for it, all
    bands are, and a warning says why.

    Returns
    -------
    the assignment, warnings
    """
    if raster.bands.wavelengths_nm is None:
        some = any(band.wavelength_nm is not None for band in raster.bands)
        log(f"{'not all' if some else 'no'} wavelengths known: bands are taken in file order")
    resolved = bands_with_data(raster, raster.bands.good_by_wavelength)
    # ^ neighbours in the spectrum make a group of the network, in whatever order the file has them
    statistics, warning = None, "" if resolved else _why_nothing_is_left(raster)
    if resolved and resolver.uses_statistics:
        statistics = _measure(raster, resolved, folder, log)
        if statistics.count == 0:
            warning = "no pixel is valid in all good bands at once: all bands are interpolated"
    every = tuple(range(len(raster.bands)))
    samples = None if uncertainty is None else uncertainty.samples
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
        products=tuple(products),
        tile=tile,
        region=region,
    )
    return assignment, (warning,) if warning else ()


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


def _provenance(
    raster: Raster, resolver: Resolver, mark: Fingerprint, found: Consistency
) -> dict[str, str]:
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
        "fingerprint": mark.digest,
        **source_files(raster),
        **resolver.provenance(),
        **{name: f"{value:.4g}" for name, value in measured.items() if value is not None},
    }
    return _tags(items)


def _tags(items: dict[str, str]) -> dict[str, str]:
    return {f"HSISR_{name.upper()}": value for name, value in items.items()}


def _check_tile(tile: int | None) -> None:
    if tile is not None and tile < 1:
        raise OptionError(f"tile must be at least 1, not {tile}")


def _ignore(*_: object) -> None:
    """Take progress or a line of the log, and do nothing."""
