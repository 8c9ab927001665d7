"""The share of a run that is made, told twice a second while its tiles are under way.

A tile of a model takes minutes; without this nobody would see whether anything is done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

Within = Callable[[float, int], None]
"""(tiles made, with parts of those under way; tiles in all), called from a thread of its own."""

_EVERY_S = 0.5


@contextmanager
def telling(made: Callable[[], float], total: int, tell: Within | None) -> Iterator[None]:
    """Tell what `made` says whenever it has grown, until the block is left.

    What `tell` raises ends the telling, not the run: `progress` is there to cancel it.
    """
    if tell is None:
        yield
        return
    over = Event()
    thread = Thread(target=_tell_until, args=(over, made, total, tell), name="share", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell_until(over: Event, made: Callable[[], float], total: int, tell: Within) -> None:
    told = 0.0
    while not over.wait(_EVERY_S):
        done = made()
        if told < done < total:
            try:
                tell(done, total)
            except Exception:
                return
            told = done
