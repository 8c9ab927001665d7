"""A scratch file that takes chunks of a raster in any order and gives them back as blocks."""

import glob
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import OutputError
from hsisr_geo.files import remove

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True)
class _Entry:
    rows: slice
    cols: slice
    offset: int  # of its pixels in the file; its valid mask follows them


class Journal:
    """Chunks (band, row, col) with their valid masks, appended to a file.

    Parameters
    ----------
    path : made anew, locked for as long as it is open, removed by whoever named it
    bands, dtype : of every chunk
    block : side of the blocks read back, in pixels
    """

    def __init__(self, path: Path, bands: int, dtype: str, block: int) -> None:
        self.block = block
        self._bands, self._dtype = bands, np.dtype(dtype)
        self._path = path
        self._file = path.open("xb", buffering=0)
        _lock(self._file)
        self._lock = threading.Lock()
        self._entries: dict[tuple[int, int], list[_Entry]] = defaultdict(list)
        self._pixels = 0

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, dn: NDArray[Any], valid: NDArray[np.bool_], rows: slice, cols: slice) -> None:
        """Append one chunk."""
        with self._lock:
            entry = _Entry(rows, cols, self._file.tell())
            _write_all(self._file, dn)
            _write_all(self._file, valid)
            self._pixels += valid.size
            for row in _touched(rows, self.block):
                for col in _touched(cols, self.block):
                    self._entries[row, col].append(entry)

    def check_complete(self, shape: tuple[int, int]) -> None:
        """Refuse to go on unless as many pixels have come as a raster of `shape` has."""
        if self._pixels < shape[0] * shape[1]:
            raise OutputError(f"only {self._pixels} of {shape[0] * shape[1]} pixels were written")

    def blocks(self, shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks (rows, cols) of a raster of `shape`, row by row."""
        for top in range(0, shape[0], self.block):
            for left in range(0, shape[1], self.block):
                yield (
                    slice(top, min(top + self.block, shape[0])),
                    slice(left, min(left + self.block, shape[1])),
                )

    def read(self, rows: slice, cols: slice) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (band, row, col) and valid mask (row, col) of one of the `blocks`."""
        size = rows.stop - rows.start, cols.stop - cols.start
        dn = np.zeros((self._bands, *size), self._dtype)
        valid = np.zeros(size, np.bool_)
        for entry in self._entries[rows.start // self.block, cols.start // self.block]:
            here, there = _shared(rows, cols, entry)
            pixels, mask = self._mapped(entry)
            dn[(slice(None), *here)] = pixels[(slice(None), *there)]
            valid[here] = mask[there]
        return dn, valid

    def _mapped(self, entry: _Entry) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        # Mapped for as long as it is looked at: only the rows in question are read.
        size = entry.rows.stop - entry.rows.start, entry.cols.stop - entry.cols.start
        shape = (self._bands, *size)
        pixels = np.memmap(self._path, self._dtype, "r", entry.offset, shape)
        mask = np.memmap(self._path, np.bool_, "r", entry.offset + pixels.nbytes, size)
        return pixels, mask


def remove_abandoned(folder: Path, prefix: str) -> None:
    """Remove the journals of killed processes whose names begin so, and the files beside them.

    What goes with a journal has its name up to the ending.
    """
    for journal in folder.glob(f"{glob.escape(prefix)}*.journal"):
        with suppress(OSError):  # they may belong to someone else
            if _is_abandoned(journal):
                for leftover in (journal, *folder.glob(f"{glob.escape(journal.stem)}.*")):
                    remove(leftover)


def _is_abandoned(journal: Path) -> bool:
    with journal.open("rb") as file:
        return _lock(file)


def _lock(file: Any) -> bool:
    """Lock a file for as long as it is open; False where that cannot be, or another has."""
    if sys.platform == "win32":
        return True  # an open file cannot be removed there: it needs no lock
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _write_all(file: Any, array: NDArray[Any]) -> None:
    data = memoryview(np.ascontiguousarray(array).data).cast("B")
    while data:  # an unbuffered file may take a part of it
        data = data[file.write(data) :]


def _touched(axis: slice, block: int) -> range:
    return range(axis.start // block, -(-axis.stop // block))


def _shared(
    rows: slice, cols: slice, entry: _Entry
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the pixels that a block and a chunk share, as indices into each."""
    top, bottom = max(rows.start, entry.rows.start), min(rows.stop, entry.rows.stop)
    left, right = max(cols.start, entry.cols.start), min(cols.stop, entry.cols.stop)
    return (
        (_from(top, bottom, rows.start), _from(left, right, cols.start)),
        (_from(top, bottom, entry.rows.start), _from(left, right, entry.cols.start)),
    )


def _from(start: int, stop: int, origin: int) -> slice:
    return slice(start - origin, stop - origin)
