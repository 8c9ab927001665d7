"""The tiles that are missing, computed in the processes that a run was given; the others taken up.

What interrupted runs have finished counts, and a run that is interrupted says how to go on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hsisr_geo.engine.assembly import Assembly
from hsisr_geo.engine.assignment import Assignment
from hsisr_geo.engine.listener import Listener, Log, Within, telling
from hsisr_geo.engine.local import run
from hsisr_geo.engine.outlook.estimate import work_of
from hsisr_geo.engine.outlook.rate import keep_rate
from hsisr_geo.errors import WorkerError
from hsisr_geo.journal.index import RecordAt, TileIndex
from hsisr_geo.journal.records import JournalWriter, new_name
from hsisr_geo.resolver.protocol import PartResolver


def take_up(finished: TileIndex, tiles: int, log: Log) -> int:
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
def telling_how_to_go_on(finished: TileIndex, resume: bool, log: Log) -> Iterator[None]:
    """After a failure say what is kept of the work, and how to go on with it.

    Where workers are the reason, it is the error itself that says so: they can be had again.
    """
    try:
        yield
    except WorkerError as error:
        told = "; ".join(filter(None, (str(error), _kept(finished, resume))))
        raise WorkerError(told) from error
    except BaseException:
        if told := _kept(finished, resume):
            log(told)
        raise


def _kept(finished: TileIndex, resume: bool) -> str:
    """Say what is kept; "" where nothing is finished, or the folder of it is gone."""
    number = len(finished)
    if not (number and finished.is_there):
        return ""
    if resume:
        kept = f"{number} of {finished.size} tiles are kept in {finished.folder}"
        return f"{kept}: give the same command with --resume (resume=True) to go on"
    return f"{number} of {finished.size} tiles are given up: with --resume they would be kept"


def compute(
    assignment: Assignment, finished: TileIndex, assembly: Assembly, listener: Listener
) -> None:
    """Compute the tiles that are missing; parts of tiles are told of this process only."""
    tiles = len(assignment.layout.grid)
    listener.progress(len(finished), tiles)

    def note(place: RecordAt) -> None:
        finished.put(place)
        assembly.check()
        listener.progress(len(finished), tiles)

    if assignment.request.where.here:
        _compute_here(assignment, finished, note, listener.within)
    else:
        _compute_elsewhere(assignment, finished, note, listener.log)


def _compute_here(
    assignment: Assignment,
    finished: TileIndex,
    note: Callable[[RecordAt], None],
    within: Within | None,
) -> None:
    kept, tiles = len(finished), len(assignment.layout.grid)
    missing = [*finished.missing()]
    with JournalWriter(finished.folder / new_name(), finished.key) as journal:
        work = assignment.work(journal)

        def made() -> float:
            work.given_up.finish(len(finished) - kept)
            return kept + work.given_up.made

        started = time.perf_counter()
        with telling(made, tiles, within):
            run(work, missing, threads=assignment.request.where.threads, progress=note)
    _learn(assignment, missing, time.perf_counter() - started)


def _learn(assignment: Assignment, indices: list[tuple[int, int]], seconds: float) -> None:
    """Keep how fast the tiles were made, for what later runs say beforehand."""
    resolver, grid = assignment.request.resolver, assignment.layout.grid
    if isinstance(resolver, PartResolver):
        samples, tiles = assignment.samples, (grid.tile(*index) for index in indices)
        raster = assignment.request.raster
        work = work_of(raster, resolver, grid, samples=samples, tiles=tiles)
        keep_rate(resolver, samples, work, seconds)


def _compute_elsewhere(
    assignment: Assignment, finished: TileIndex, note: Callable[[RecordAt], None], log: Log
) -> None:
    from hsisr_geo.engine.cluster.connect import connected  # takes half a second
    from hsisr_geo.engine.cluster.run import run as run_elsewhere

    with connected(assignment.request.where) as client:
        run_elsewhere(client, assignment, finished, note, log=log)
