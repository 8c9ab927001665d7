"""Tiles computed by threads of this process, the next window read meanwhile."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from itertools import islice
from threading import Event
from typing import Any, TypeVar

from dask import local, threaded

from hsisr_geo.engine.tasks import Graph, Key, Work
from hsisr_geo.journal.index import RecordAt

_WAVE = 64  # tiles a thread: threads idle at the end of a wave, for half a tile each
Item = TypeVar("Item")
Value = TypeVar("Value")


def run(
    work: Work,
    tiles: Iterable[tuple[int, int]],
    *,
    threads: int,
    progress: Callable[[RecordAt], None],
) -> None:
    """Compute tiles in this process; progress is told of each, in the caller's thread.

    A wave of tiles at a time, so that a graph is small however many tiles there are. One thread
    has its next window read meanwhile; of several, some read while others compute.
    """

    def finished(_: Key, place: RecordAt, *__: object) -> None:
        progress(place)

    with _pool(threads) as pool, _told_when_over(work.given_up):
        waves = _waves(tiles, _WAVE * threads)
        graphs = _of_one_thread(work, tiles) if pool is None else _of_waves(work, waves)
        with closing(graphs):
            for graph in graphs:
                _compute(graph, [*graph], pool, finished)


def _of_waves(work: Work, waves: Iterable[list[tuple[int, int]]]) -> Generator[Graph, None, None]:
    for wave in waves:
        yield {("tile", *tile): (partial(work.infer, tile),) for tile in wave}


def _of_one_thread(work: Work, tiles: Iterable[tuple[int, int]]) -> Generator[Graph, None, None]:
    with closing(one_ahead(work.read, tiles)) as windows:
        for tile, window in windows:
            yield {("tile", *tile): (partial(work.infer, tile, window),)}


def _waves(tiles: Iterable[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    rest = iter(tiles)
    while wave := list(islice(rest, size)):
        yield wave


def _pool(threads: int) -> AbstractContextManager[ThreadPoolExecutor | None]:
    """Return a pool of our own, or None for one thread.

    Leaving it waits for running tasks, so none of them writes to an output that was given up.
    """
    return nullcontext() if threads == 1 else ThreadPoolExecutor(threads)


@contextmanager
def _told_when_over(given_up: Event) -> Iterator[None]:
    """Set the event when an exception leaves the block, before the pool waits for its tasks."""
    try:
        yield
    except BaseException:
        given_up.set()
        raise


def _compute(
    graph: Graph,
    keys: Any,
    pool: ThreadPoolExecutor | None,
    finished: Callable[..., None] | None = None,
) -> Any:
    # Handed over as dask takes them: start, start_state, pretask, posttask, finish. `Callback` as
    # a context would hear of all graphs that run in this process, those of other scenes too.
    callbacks = [(None, None, None, finished, None)]
    if pool is None:
        return local.get_sync(graph, keys, callbacks=callbacks)
    return threaded.get(graph, keys, pool=pool, callbacks=callbacks)


def one_ahead(
    prepare: Callable[[Item], Value], items: Iterable[Item]
) -> Generator[tuple[Item, Callable[[], Value]], None, None]:
    """Yield items, and for each a function that hands out, once, what is prepared of it.

    Meanwhile the next one is prepared, so that two values are held at most. The function raises
    what went wrong. Closing the iterator waits for what is under way.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        waiting = None
        for item in items:
            following = item, partial(_taken, [pool.submit(prepare, item)])
            if waiting is not None:
                yield waiting
            waiting = following
        if waiting is not None:
            yield waiting


def _taken(place: "list[Future[Value]]") -> Value:
    """Return a value, and keep nothing that holds it."""
    return place.pop().result()
