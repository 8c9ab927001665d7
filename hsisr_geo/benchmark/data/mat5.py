"""Arrays of numbers in a `.mat` file of version 5 (MATLAB's default until 7.3).

Structs, cells, objects and functions are passed over unread. A reader of our own: scipy's, in C,
crashes on damaged files. Source: MathWorks, MAT-File Format, version 5.

A file is a header of 128 bytes and elements, each a tag (type, number of bytes) and its bytes. An
array is an element of elements: flags, dimensions, name, numbers. It may be deflated as a whole,
and its numbers may be stored in a smaller type than they have in MATLAB.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_HEADER = 128
_MATRIX, _DEFLATED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
           13: "u8"}  # fmt: skip
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
            15: "u8"}  # fmt: skip
_FLAGS = (6, 8)  # type and bytes of an array's flags
_COMPLEX, _LOGICAL = 0x0800, 0x0200
_BEGINNING = 4096  # bytes that hold flags, dimensions and name of any array
_MOST_AXES = 32


class _Element(NamedTuple):
    """Type, first byte and number of bytes."""

    kind: int
    start: int
    size: int


@dataclass(frozen=True)
class Array5:
    """An array of numbers.

    Attributes
    ----------
    shape
        In MATLAB's order.
    dtype
        What it is in MATLAB.
    element, numbers, order
        Where it lies in the file, where its numbers begin in it, and how bytes are ordered.
    """

    name: str
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    element: _Element
    numbers: int
    order: str

    def read(self, path: Path) -> NDArray[Any]:
        """Read its numbers as they are stored, axes in the opposite order: (band, col, row).

        Raises
        ------
        ValueError
            Damaged.
        """
        most = self.numbers + 24 + 8 * prod(self.shape)
        content = _content(path, self.element, most, checked=True)
        kind, start, size = _tag(content, self.numbers, self.order)
        if kind not in _STORED:
            raise ValueError(f"numbers of {self.name} are of the unknown type {kind}")
        dtype = np.dtype(self.order + _STORED[kind])
        if size != dtype.itemsize * prod(self.shape):
            raise ValueError(f"{self.name} has {size} bytes, not those of {self.shape} numbers")
        found = np.frombuffer(content[start : start + size], dtype)
        return found.reshape(self.shape[::-1])


def arrays_of(path: Path) -> list[Array5]:
    """List the arrays of real numbers.

    Raises
    ------
    ValueError
        No such file, or damaged.
    OSError
        Not to be read.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER)
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None:
        raise ValueError("it does not begin like one of version 5 or later")
    found = (_describe(path, element, order) for element in _elements(path, order))
    return [array for array in found if array is not None]


def _elements(path: Path, order: str) -> Iterator[_Element]:
    """Walk over the elements of a file."""
    end, place = path.stat().st_size, _HEADER
    with path.open("rb") as file:
        while place + 8 <= end:
            file.seek(place)
            kind, size = struct.unpack(order + "II", file.read(8))
            if place + 8 + size > end:
                raise ValueError(f"it ends {place + 8 + size - end} bytes too early")
            yield _Element(kind, place + 8, size)
            place += 8 + size


def _describe(path: Path, element: _Element, order: str) -> Array5 | None:
    """Read what an element says of itself; None for what is no array of real numbers."""
    if element.kind not in (_MATRIX, _DEFLATED):
        return None
    content = _content(path, element, _BEGINNING)
    flags_at, dimensions_at = _tag(content, 0, order), _tag(content, 16, order)
    if (flags_at.kind, flags_at.size) != _FLAGS:
        raise ValueError("an array does not begin with its flags")
    (flags,) = struct.unpack_from(order + "I", content, flags_at.start)
    dtype = _CLASSES.get(flags & 0xFF)
    if dtype is None or flags & (_COMPLEX | _LOGICAL):
        return None
    if dimensions_at.size > 4 * _MOST_AXES:
        raise ValueError("an array has too many axes")
    shape = struct.unpack_from(f"{order}{dimensions_at.size // 4}i", content, dimensions_at.start)
    if any(n < 0 for n in shape):
        raise ValueError("an array has a negative number of rows, columns or bands")
    name_at = _tag(content, _after(dimensions_at), order)
    name = content[name_at.start : name_at.start + name_at.size].decode("ascii", "replace")
    return Array5(name, shape, np.dtype(dtype), element, _after(name_at), order)


def _content(path: Path, element: _Element, most: int, *, checked: bool = False) -> bytes:
    """Return the elements inside of an array's, inflated; hardly more bytes than asked for.

    Parameters
    ----------
    checked
        All are asked for: the checksum at their end is to be right.
    """
    with path.open("rb") as file:
        file.seek(element.start)
        if element.kind == _MATRIX:
            return file.read(min(element.size, most))
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(file.read(element.size), most)
    if checked:
        inflater.decompress(inflater.unconsumed_tail, _BEGINNING)
        if not inflater.eof:
            raise ValueError("an array does not end where it should")
    return inflated[8:]  # behind the tag of the array itself


def _tag(content: bytes, place: int, order: str) -> _Element:
    """Read the tag at a place; one of at most four bytes has them in itself."""
    try:
        kind, size = struct.unpack_from(order + "II", content, place)
    except struct.error as error:
        raise ValueError("an array ends too early") from error
    if kind >> 16:
        return _Element(kind & 0xFFFF, place + 4, kind >> 16)
    return _Element(kind, place + 8, size)


def _after(element: _Element) -> int:
    """Return where the next element begins: at a multiple of eight bytes."""
    return -(-(element.start + element.size) // 8) * 8
