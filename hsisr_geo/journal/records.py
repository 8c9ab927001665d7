"""A file of finished tiles: appended by one process, read by any, whole up to where it was torn.

Each record says which tile it is of and how long it is, and ends in a checksum. A process that is
killed leaves at most one record torn, the last; it is told by its checksum and left out.
"""

import os
import secrets
import socket
import stat
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import OutputError

ENDING = ".journal"
ALIGNMENT = 8
"""Every array of a record begins at a multiple of so many bytes."""

_BEGUN, _FINISHED, _OF_RUN = 0, 1, 2
_HEAD = struct.Struct("<4sIIIQ")  # magic, kind, row and column of the tile, bytes of its arrays
_TAIL = struct.Struct("<II")  # CRC-32 of head and arrays, padding
_MAGIC = b"HSGJ"
_AT_ONCE = 1 << 22


def new_name() -> str:
    """Return a name for the journal of this process that no other process will choose."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}{ENDING}"


@dataclass(frozen=True)
class RecordEntry:
    """What a record says: a tile was begun, or it is finished and its arrays lie at `offset`."""

    tile: tuple[int, int]
    finished: bool
    offset: int


class JournalWriter:
    """A journal being written; safe to use from several threads.

    Parameters
    ----------
    path : made anew
    key : of the run (`Fingerprint.key`), which the journal begins with; "" for none
    synchronize : each record is on the disk for good, and seen by other machines, before `add`
        returns
    """

    def __init__(self, path: Path, key: str = "", *, synchronize: bool = False) -> None:
        self.path = path
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise self._refused(error) from error
        self._synchronize = synchronize
        self._lock = threading.Lock()
        if key:
            self._append((0, 0), _OF_RUN, [np.frombuffer(key.encode(), np.uint8)])

    def __enter__(self) -> "JournalWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was added stays.

        Raises
        ------
        OutputError : the system says only now that it had no room, as those over a network may
        """
        try:
            self._file.close()
        except OSError as error:
            raise self._refused(error) from error

    def begin(self, tile: tuple[int, int]) -> None:
        """Note that a tile is being computed, so that it can be told if it is lost."""
        self._append(tile, _BEGUN, [])

    def add(self, tile: tuple[int, int], arrays: Iterable[NDArray[Any]]) -> int:
        """Append a finished tile; return where its arrays begin."""
        return self._append(tile, _FINISHED, list(arrays))

    def _append(self, tile: tuple[int, int], kind: int, arrays: list[NDArray[Any]]) -> int:
        size = sum(padded(array.nbytes) for array in arrays)
        head = _HEAD.pack(_MAGIC, kind, *tile, size)
        with self._lock:
            start = self._file.tell()
            try:
                self._write(head, arrays)
            except BaseException as error:
                self._file.seek(start)  # other threads may still add theirs
                with suppress(OSError):  # Btrfs takes room to cut a file, which a quota refuses
                    self._file.truncate()
                if isinstance(error, OSError):
                    raise self._refused(error) from error
                raise
        return start + len(head)

    def _refused(self, error: OSError) -> OutputError:
        return OutputError(f"{self.path}: cannot be written: {error.strerror}")

    def _write(self, head: bytes, arrays: list[NDArray[Any]]) -> None:
        checksum = zlib.crc32(head)
        _write_all(self._file, memoryview(head))
        for array in arrays:
            data = memoryview(np.ascontiguousarray(array).data).cast("B")
            padding = bytes(padded(len(data)) - len(data))
            checksum = zlib.crc32(padding, zlib.crc32(data, checksum))
            _write_all(self._file, data)
            _write_all(self._file, memoryview(padding))
        _write_all(self._file, memoryview(_TAIL.pack(checksum, 0)))
        if self._synchronize:
            os.fsync(self._file.fileno())


def read_journal(path: Path, key: str = "") -> Iterator[RecordEntry]:
    """Yield what a journal says, up to its end or to where it was torn or damaged.

    Raises
    ------
    OutputError : it is no file, or `key` is given and the journal is of another run
    """
    check_journal(path, key)
    with path.open("rb") as file:
        while (entry := _next(file)) is not None:
            if entry[0] != _OF_RUN:
                yield RecordEntry(entry[1], entry[0] == _FINISHED, entry[2])


def _next(file: BinaryIO) -> tuple[int, tuple[int, int], int] | None:
    """Return kind, tile and place of the next record; None where no whole one is."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, kind, row, col, size = _HEAD.unpack(head)
    offset = file.tell()
    if magic != _MAGIC or not _is_whole(file, head, size):
        return None
    return kind, (row, col), offset


def check_journal(path: Path, key: str) -> None:
    """Refuse what is no journal, or that of another run; a torn beginning is neither."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OutputError(f"{path} is no journal of this program, not even a file: remove it")
    if not key:
        return
    with path.open("rb") as file:
        first = _next(file)
        file.seek(_HEAD.size)
        if first is None or (first[0] == _OF_RUN and file.read(len(key)) == key.encode()):
            return
    raise OutputError(
        f"{path} holds tiles of another run: remove it, or give --overwrite without --resume to "
        "start afresh"
    )


def array_at(path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of a record; only what is looked at is read.

    It is mapped: let go of it soon.
    """
    if 0 in shape:
        return np.empty(shape, dtype)  # nothing can be mapped
    return np.memmap(path, dtype, "r", offset, shape)


def padded(size: int) -> int:
    """Round a number of bytes up to the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _is_whole(file: BinaryIO, head: bytes, size: int) -> bool:
    checksum = zlib.crc32(head)
    while size:
        data = file.read(min(size, _AT_ONCE))
        if not data:
            return False
        checksum, size = zlib.crc32(data, checksum), size - len(data)
    tail = file.read(_TAIL.size)
    return len(tail) == _TAIL.size and _TAIL.unpack(tail)[0] == checksum


def _write_all(file: Any, data: memoryview) -> None:
    while data:  # an unbuffered file may take a part of it
        data = data[file.write(data) :]
