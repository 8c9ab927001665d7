"""`Listener`: who hears of a run: tiles that are made, parts of those under way, lines of a log.

A tile of a model takes minutes; without its parts nobody would see whether anything is done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

Progress = Callable[[int, int], None]
"""(tiles made, tiles in all), called in the thread of the run; it may raise to cancel."""

Within = Callable[[float, int], None]
"""(tiles made, with parts of those under way; tiles in all), called from a thread of its own."""

Log = Callable[[str], None]
"""Takes one line at a time."""

_EVERY_S = 0.5


def ignore(*_: object) -> None:
    """Take progress or a line of the log, and do nothing."""


@dataclass(frozen=True)
class Listener:
    """What a run calls while it is made; without `within` nothing is told of parts."""

    progress: Progress = ignore
    log: Log = ignore
    within: Within | None = None


@contextmanager
def telling(made: Callable[[], float], total: int, tell: Within | None) -> Iterator[None]:
    """Tell what `made` says twice a second where it has grown, until the block is left.

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
