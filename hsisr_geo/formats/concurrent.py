"""Work on items that do not depend on each other, by several threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")


def for_each(work: Callable[[Item], None], items: Iterable[Item], threads: int) -> None:
    """Work on each item: begun in their order, by as many at a time as there are threads.

    An exception is raised when all threads have ended; no item is begun after it.
    """
    rest, lock, failed = iter(items), Lock(), False

    def taken() -> list[Item]:
        with lock:
            return [] if failed else list(islice(rest, 1))

    def work_on() -> None:
        nonlocal failed
        try:
            while item := taken():
                work(*item)
        except BaseException:
            failed = True
            raise

    with ThreadPoolExecutor(threads, "writing") as pool:
        futures = [pool.submit(work_on) for _ in range(threads)]
    for future in futures:
        future.result()
