"""Threads of our own, one task each: what computes below keeps to one, and nobody waits busily."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock, local
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_THREAD = local()


def cores() -> int:
    """Return how many threads a tile is computed in: OMP_NUM_THREADS, or the cores there are."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):  # Linux: what this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    do: Callable[[Item], Made], items: Iterable[Item], threads: int | None = None
) -> list[Made]:
    """Do the same for all items, so many at a time, and list what comes of them, in order.

    The first failure is raised.

    `threads` None is as many as there are cores. What is asked within a task is done by its thread:
    tasks that waited for others would keep these from beginning.
    """
    threads = cores() if threads is None else threads
    if threads == 1 or getattr(_THREAD, "has_a_task", False):
        return [do(item) for item in items]
    return list(_pool(threads).map(do, items))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "tile", _begin)


def _begin() -> None:
    _THREAD.has_a_task = True


@contextmanager
def products_in_one_thread() -> Iterator[None]:
    """Have NumPy's products of matrices computed in the thread that asks, and no others.

    Several may be inside at the same time: what was before is back when the last one leaves.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


class _Limit:
    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._held: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._held = _libraries().limit(limits=1, user_api="blas")
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._held.restore_original_limits()


_LIMIT = _Limit()


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
