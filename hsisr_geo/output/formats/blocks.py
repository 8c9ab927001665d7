"""`Blocks`: where the pixels of an output come from when its file is made, and who writes them."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import EVERY

Item = TypeVar("Item")


class Blocks(Protocol):
    """Pixels of a raster in blocks that do not overlap, in a fixed order."""

    @property
    def block(self) -> int:
        """Side of a block in pixels, a multiple of 16."""

    def blocks(self, shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks (rows, cols) of a raster of `shape`, row by row."""

    def read(
        self, rows: slice, cols: slice, bands: slice = EVERY
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return stored numbers (band, row, col) and valid mask (row, col) of a block.

        `bands` are neighbours; the mask tells of all that are asked for.
        """


@dataclass(frozen=True)
class BlocksPart:
    """The blocks of a part of a raster, as if it were a raster of its own.

    Parameters
    ----------
    whole : the blocks of the raster
    rows, cols : the part; it begins where a block begins
    """

    whole: Blocks
    rows: slice
    cols: slice

    @property
    def block(self) -> int:
        """As that of the whole."""
        return self.whole.block

    def blocks(self, shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks, counted from the part's corner; they are cut like those of the whole.

        What lies in a block of the whole lies in one of the part, as the part begins with a block.
        """
        return self.whole.blocks(shape)

    def read(
        self, rows: slice, cols: slice, bands: slice = EVERY
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return what lies there."""
        window = _moved(rows, self.rows.start), _moved(cols, self.cols.start)
        return self.whole.read(*window, bands)


def _moved(axis: slice, by: int) -> slice:
    return slice(axis.start + by, axis.stop + by)


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
