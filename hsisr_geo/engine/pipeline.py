"""`fulfil()`: from a request to a finer raster; the only function that sees everything.

Open, measure the scene, choose which bands the resolver makes, compute the tiles that are missing
while the outputs are assembled of those that are finished, record what was done.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

from hsisr_geo.bands.metadata import as_tags
from hsisr_geo.cube.consistency import Consistency
from hsisr_geo.cube.valid_range import FEW
from hsisr_geo.engine.assembly import assembling
from hsisr_geo.engine.assignment import Assignment, assign
from hsisr_geo.engine.compute import compute, take_up, telling_how_to_go_on
from hsisr_geo.engine.identity import Snapshot, input_identity, newcomer
from hsisr_geo.engine.listener import Listener
from hsisr_geo.engine.outlook.forecast import forecast
from hsisr_geo.engine.provenance import Fingerprint, fingerprint, kept_tile, provenance_tags
from hsisr_geo.engine.request import Request
from hsisr_geo.journal.blocks import total
from hsisr_geo.journal.folder import WorkFolder
from hsisr_geo.journal.index import TileIndex
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.targets import as_output_error
from hsisr_geo.raster.open import as_it_is_now
from hsisr_geo.raster.sources import moved
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
        Wall time since it was asked for; number of tiles.
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

    @classmethod
    def of(
        cls, assignment: Assignment, found: Consistency, kept: int, warnings: tuple[str, ...]
    ) -> "RunReport":
        """Say what was done, now that it is."""
        asked, layout = assignment.request, assignment.layout
        beside = asked.uncertainty
        return cls(
            path=os.fspath(asked.dst),
            uncertainty=None if beside is None else os.fspath(beside.path),
            shape=layout.shape,
            seconds=time.perf_counter() - asked.since,
            tiles=len(layout.grid),
            kept=kept,
            consistency_rms=found.rms,
            consistency_max=found.maximum,
            consistency_relative=found.relative,
            values_cut=found.share_cut,
            degradation=asked.resolver.degradation.name,
            warnings=warnings,
            psf_source=asked.resolver.provenance().get("psf_source", ""),
        )


@products_in_one_thread()
def fulfil(
    request: Request,
    *,
    overwrite: bool = False,
    resume: bool = False,
    listener: Listener = Listener(),  # noqa: B008 - immutable
) -> RunReport:
    """Make what is requested.

    Parameters
    ----------
    overwrite
        Replace outputs that are there.
    resume
        Go on with an interrupted run, if there is one: only tiles that it had not finished are
        computed, and the result is that of an uninterrupted run. Should this run be interrupted,
        its tiles are kept for the next one.
    listener
        Its `progress` may raise to cancel.

    Raises
    ------
    HsisrError : the input cannot be read, the output not written, workers fail; or what `progress`
        raised. The output then does not exist.
    """
    request.where.check_answers()
    targets, log = request.targets(), listener.log
    with open_outputs(targets, overwrite=overwrite, resume=resume) as drafts:
        folder = drafts[0].folder
        tile = request.side(kept_tile(folder.record()))
        before = request.snapshots()
        stored = [target.form.stored(target.raster) for target in targets]
        mark = fingerprint(request, tile=tile, stored=stored)
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
            compute(assignment, finished, assembly, listener)
            found = total(layout, finished)
            assembly.set_tags(_tags(assignment, mark, found))
        _check_unmoved(request, before, mark)
    if found.share_cut:
        share = f"{found.share_cut:.3%}" if found.share_cut >= FEW else f"fewer than {FEW:.3%}"
        log(f"{share} of the values were held to what the input allows")
    return RunReport.of(assignment, found, kept, warnings)


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
    made = provenance_tags(assignment.request, mark, found)
    more = as_tags(assignment.spread.provenance()) if assignment.spread else {}
    return [made, made | more][: len(assignment.outputs)]
