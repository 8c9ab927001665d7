"""The missing tiles of a run, computed by the workers of a client."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from queue import SimpleQueue
from typing import Any, cast

from distributed import Client
from distributed.protocol.pickle import dumps
from distributed.scheduler import KilledWorker
from tornado.ioloop import IOLoop

from hsisr_geo.engine.assignment import Assignment
from hsisr_geo.engine.cluster.answer import within
from hsisr_geo.engine.cluster.lookout import Lookout, TileEnd
from hsisr_geo.engine.cluster.roll_call import check
from hsisr_geo.engine.cluster.tile_worker import TileWorker, infer
from hsisr_geo.engine.listener import Log
from hsisr_geo.errors import WorkerError
from hsisr_geo.journal.index import RecordAt, TileIndex
from hsisr_geo.raster.datasets import anywhere

_AHEAD = 4  # tiles that wait for each thread of a worker: it never waits for the scheduler
_PAUSE_S = 0.5  # until a result is asked for again, of a tile that another worker computes then
_LAST_WORDS_S = 2  # for forgetting the run: a worker that is stopped would keep us waiting


def run(
    client: Client,
    assignment: Assignment,
    finished: TileIndex,
    progress: Callable[[RecordAt], None],
    *,
    log: Log,
) -> None:
    """Compute the missing tiles on the workers; progress is told of each, in the caller's thread.

    Only a few tiles for each worker are under way at a time, however many there are.

    Raises
    ------
    WorkerError : a worker does not see the files, has another version, or dies again and again; the
        scheduler or all workers are gone
    HsisrError : as raised by a tile
    """
    where = assignment.request.where
    patience, elsewhere = where.patience, where.scheduler is not None
    if not elsewhere:  # workers of our own: they are there, and may be slow to start
        patience = replace(patience, answer=patience.ready)
    sent = dumps(assignment)
    names = [anywhere(name) for name in assignment.request.raster.all_files]
    expected = check(client, names, finished.folder, sent, patience)
    plugin = TileWorker(sent, finished.folder, finished.key, expected, elsewhere=elsewhere)
    with _registered(client, plugin, patience.answer):
        try:
            lookout = Lookout(client, patience, log, plugin.name)
            _compute(client, plugin.name, finished, lookout, progress)
        except KilledWorker as error:
            raise WorkerError(
                "workers were killed again and again while they computed a tile: is there too "
                "little memory? Choose a smaller --tile, or fewer --workers"
            ) from error


def _compute(
    client: Client,
    name: str,
    finished: TileIndex,
    lookout: Lookout,
    progress: Callable[[RecordAt], None],
) -> None:
    rest, loop = finished.missing(), cast("IOLoop", client.loop)
    done: SimpleQueue[TileEnd] = SimpleQueue()
    under_way: set[Any] = set()

    async def deliver(future: Any) -> None:
        # Its worker has the result, and may be stopped: who waits for that is not to be the run.
        while True:
            try:
                done.put(TileEnd(future, place=await future))
            except OSError as error:
                if future.status != "error":  # not of the tile: whoever had its result is gone
                    await asyncio.sleep(_PAUSE_S)
                    continue
                done.put(TileEnd(future, error=error))
            except BaseException as error:
                done.put(TileEnd(future, error=error))
            return

    def submit(count: int) -> None:
        for tile in islice(rest, count):
            future = client.submit(infer, name, tile, key=f"{name}-{tile}", pure=False)
            under_way.add(future)
            loop.add_callback(deliver, future)

    submit(_AHEAD * max(1, sum(client.nthreads().values())))
    while under_way:
        outcome = lookout.next(done)
        under_way.discard(outcome.future)
        progress(outcome.place_or_raise())
        submit(1)


@contextmanager
def _registered(client: Client, plugin: TileWorker, seconds: float) -> Iterator[None]:
    try:
        within(client, seconds, lambda: client.register_plugin(plugin))
    except (OSError, TimeoutError) as error:
        raise WorkerError("a worker, or the scheduler, does not answer any more") from error
    try:
        yield
    finally:
        with suppress(Exception):  # the scheduler may be gone; what matters is the first error
            within(client, _LAST_WORDS_S, lambda: client.unregister_worker_plugin(plugin.name))
