"""`super_resolve()`: from a raster file to a finer one; the only function that sees everything.

Open, measure the scene, choose which bands the resolver makes, compute the tiles that are missing
while the outputs are assembled of those that are finished, record what was done.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hsisr_geo.bands.metadata import as_tags
from hsisr_geo.cube.consistency import Consistency
from hsisr_geo.cube.valid_range import FEW
from hsisr_geo.engine.assembly import assembling
from hsisr_geo.engine.assignment import Assignment, assign
from hsisr_geo.engine.compute import compute, take_up, telling_how_to_go_on
from hsisr_geo.engine.identity import Snapshot, input_identity, moved, newcomer
from hsisr_geo.engine.outlook.forecast import forecast
from hsisr_geo.engine.provenance import Fingerprint, provenance_tags
from hsisr_geo.engine.request import Log, Request
from hsisr_geo.engine.share import Within
from hsisr_geo.engine.tasks import Progress
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.engine.workers import Workers
from hsisr_geo.journal.blocks import total
from hsisr_geo.journal.folder import WorkFolder
from hsisr_geo.journal.index import TileIndex
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.output.targets import as_output_error
from hsisr_geo.raster.open import as_it_is_now
from hsisr_geo.raster.place.gcp import Bounds
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import Resolver
from hsisr_geo.threads import products_in_one_thread


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
    values_cut
        Share of the values that were held to what the input allows (`valid_range`).
    degradation, psf_source
        The D that these assume; where it is from, if it was looked for.
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
    psf_source: str = ""
    values_cut: float | None = None


@products_in_one_thread()
def super_resolve(
    src: str | os.PathLike[str] | Raster,
    dst: str | os.PathLike[str],
    *,
    resolver: Resolver,
    tile: int | None = None,
    memory: int | None = None,
    threads: int = 1,
    workers: int = 1,
    scheduler: str | None = None,
    bounds: Bounds | None = None,
    uncertainty: Uncertainty | None = None,
    overwrite: bool = False,
    write: WriteOptions = AS_NAMED,
    resume: bool = False,
    strict: bool = False,
    valid_range: Sequence[float] | None = None,
    again: bool = False,
    progress: Progress | None = None,
    within: Within | None = None,
    log: Log | None = None,
) -> RunReport:
    """Super-resolve a raster file into another, `resolver.upscale` times finer.

    Parameters
    ----------
    src
        A path, or what `open_raster` made of it, with a choice of bands for example.
    tile
        Largest side of a tile's core, in input pixels: a matter of memory, not of the result. None
        for the largest that there is memory for (`estimate.choose_tile`).
    memory
        Bytes that the run may take. None for a quarter of the machine's.
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
        Also write the standard deviation of the output, predicted or over samples, as a raster on
        its grid. Both appear when both are complete, or neither.
    write
        Format and creation options of the output, and what is written beside it. The uncertainty
        has the same format, unless its ending names another.
    resume
        Go on with an interrupted run, if there is one: only tiles that it had not finished are
        computed, and the result is that of an uninterrupted run. Should this run be interrupted,
        its tiles are kept for the next one.
    strict
        Tell the input by all of its content, however large, when the run begins and again before
        the output appears. Without it that is done for inputs of up to 256 MiB; of larger ones the
        ends of each file are read, and the system is asked whether they were touched.
    valid_range
        (least, largest) value in physical units. Default: where the 3 x 3 input pixels around have
        no negative value, neither has the output.
    again
        Take a result of ours as a scene all the same.
    progress
        Called with (tiles done, tiles in all) from this thread; it may raise to cancel.
    within
        Called meanwhile with the same, parts of the tiles under way counted, from another thread.
    log
        Called with one line at a time.

    Raises
    ------
    HsisrError : the input cannot be read, the output not written, an option is out of range, an
        uncertainty is asked of a resolver that cannot tell it, workers fail; or what `progress`
        raised. The output then does not exist.
    """
    started = time.perf_counter()
    request = Request.of(
        src,
        dst,
        resolver=resolver,
        bounds=bounds,
        uncertainty=uncertainty,
        write=write,
        tile=tile,
        memory=memory,
        where=Workers(workers, threads, scheduler),
        strict=strict,
        valid_range=valid_range,
        again=again,
    )
    request.where.check_answers()
    targets = request.targets()
    log, progress = log or _ignore, progress or _ignore
    with open_outputs(targets, overwrite=overwrite, resume=resume) as drafts:
        folder = drafts[0].folder
        tile = request.side(folder)
        before = request.snapshots()
        mark = request.fingerprint(tile, targets)
        _identify(folder, mark, keep=resume)
        assignment, warnings = assign(request, tile, folder, before[0], log)
        layout = assignment.layout
        finished = TileIndex(folder.path, layout.grid.shape, mark.key)
        kept = take_up(finished, len(layout.grid), log) if resume else 0
        if told := forecast(assignment.request, layout.grid, layout.total_size):
            log(told)
        with (
            telling_how_to_go_on(finished, resume, log),
            assembling(drafts, layout, finished, threads=request.where.writers) as assembly,
        ):
            compute(
                assignment,
                finished,
                assembly,
                workers=request.where,
                progress=progress,
                within=within,
                log=log,
            )
            found = total(layout, finished)
            assembly.set_tags(_tags(assignment, mark, found))
        _check_unmoved(request, before, mark)
    if found.share_cut:
        share = f"{found.share_cut:.3%}" if found.share_cut >= FEW else f"fewer than {FEW:.3%}"
        log(f"{share} of the values were held to what the input allows")
    return RunReport(
        path=os.fspath(dst),
        uncertainty=None if uncertainty is None else os.fspath(uncertainty.path),
        shape=layout.shape,
        seconds=time.perf_counter() - started,
        tiles=len(layout.grid),
        kept=kept,
        consistency_rms=found.rms,
        consistency_max=found.maximum,
        consistency_relative=found.relative,
        values_cut=found.share_cut,
        degradation=assignment.request.resolver.degradation.name,
        warnings=warnings,
        psf_source=assignment.request.resolver.provenance().get("psf_source", ""),
    )


def _identify(folder: WorkFolder, mark: Fingerprint, *, keep: bool) -> None:
    """Check that what is kept in the folder is of this run, and say whose it is."""
    if record := folder.record():
        mark.check_same(record, folder.path)
    folder.check_journals(mark.key)
    with as_output_error(folder.file):
        folder.write_record({**record, **mark.record(), "keep": keep})


def _check_unmoved(request: Request, before: Iterable[Snapshot], mark: Fingerprint) -> None:
    """Refuse to publish what was made of an input that did not hold still.

    What came beside it is refused, too, as a resume would: by then it may lie elsewhere, have other
    holes or another scale, and nobody could tell which of both the output has. What is no file is
    not asked for again: its server may be gone, and all of it is read.
    """
    for snapshot in before:
        snapshot.check()
    raster = request.raster
    if not mark.facts["input files"]:
        return
    again, says_the_same = as_it_is_now(raster)
    if came := newcomer(raster.all_files, again.all_files, says_the_same=says_the_same):
        raise moved(came, "came")
    if not says_the_same:
        raise moved(raster.path, "came to say something else")
    if input_identity(raster.all_files, strict=request.strict) != mark.facts["input files"]:
        raise moved(raster.path, "has other content than")


def _tags(assignment: Assignment, mark: Fingerprint, found: Consistency) -> list[dict[str, str]]:
    """Return the tags of each output."""
    asked = assignment.request
    made = provenance_tags(asked.raster, asked.resolver, mark, found)
    more = as_tags(assignment.spread.provenance()) if assignment.spread else {}
    return [made, made | more][: len(assignment.outputs)]


def _ignore(*_: object) -> None:
    """Take progress or a line of the log, and do nothing."""
