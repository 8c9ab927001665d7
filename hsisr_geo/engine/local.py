"""Tiles computed by threads of this process, the next window read meanwhile."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from threading import Event
from typing import Any, TypeVar

from hsisr_geo.engine.tasks import Work
from hsisr_geo.journal.index import RecordAt

_WAVE = 64  # tiles a thread: threads idle at the end of a wave, for half a tile each
Key = tuple[Any, ...]
Graph = dict[Key, Any]
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

    Several threads take graphs of a wave of tiles at a time, which are small however many tiles
    there are; some read while others compute. One thread has its next window read meanwhile, unless
    there is memory for one of both only (`Work.in_turns`).
    """
    if threads == 1:
        _in_one_thread(work, tiles, progress)
        return

    def finished(_: Key, place: RecordAt, *__: object) -> None:
        progress(place)

    with ThreadPoolExecutor(threads) as pool, _told_when_over(work.given_up):
        # leaving waits for running tasks, so none of them writes to an output that was given up
        for wave in _waves(tiles, _WAVE * threads):
            graph = {("tile", *tile): (partial(work.infer, tile),) for tile in wave}
            _compute(graph, [*graph], pool, finished)


def _in_one_thread(
    work: Work, tiles: Iterable[tuple[int, int]], progress: Callable[[RecordAt], None]
) -> None:
    with _told_when_over(work.given_up):
        if work.in_turns:
            for tile in tiles:
                progress(work.infer(tile))
            return
        with closing(one_ahead(work.read, tiles)) as windows:
            for tile, window in windows:
                progress(work.infer(tile, window))


def _waves(tiles: Iterable[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    rest = iter(tiles)
    while wave := list(islice(rest, size)):
        yield wave


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
    pool: ThreadPoolExecutor,
    finished: Callable[..., None] | None = None,
) -> Any:
    from dask import threaded  # two tenths of a second, which one thread does without

    # Handed over as dask takes them: start, start_state, pretask, posttask, finish. `Callback` as
    # a context would hear of all graphs that run in this process, those of other scenes too.
    callbacks = [(None, None, None, finished, None)]
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
