"""Values prepared one ahead of their use, in a thread of its own."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


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
