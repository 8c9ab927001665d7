"""`PlainArray`: numbers that lie in a file as they are, read by window and never mapped.

A map of a file that is cut short under it, or whose disk fails, ends the process (SIGBUS).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray


@dataclass(frozen=True)
class PlainArray:
    """An array of a file, as it lies there.

    Attributes
    ----------
    offset : of its first number, in bytes
    shape : of two axes or more
    step : bytes from one index of the first axis to the next; along the others it is dense
    dtype : with the byte order of the file
    """

    offset: int
    shape: tuple[int, ...]
    step: int
    dtype: np.dtype[Any]

    @classmethod
    def dense(cls, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> "PlainArray":
        """Return one without gaps."""
        return cls(offset, shape, prod(shape[1:]) * dtype.itemsize, dtype)

    def read(self, path: str, first: Sequence[int], inner: Sequence[slice]) -> NDArray[Any]:
        """Read some indices of the first axis, and a window of the others, in this machine's order.

        Of each index all is read from the first number of the window to the last.

        Parameters
        ----------
        inner : one slice for each further axis, within the shape and without a step

        Raises
        ------
        OSError : the file ends before
        """
        strides = self._strides()
        sizes = [part.stop - part.start for part in inner]
        made = np.empty((len(first), *sizes), self.dtype.newbyteorder("="))
        if 0 in made.shape:
            return made
        start = sum(part.start * stride for part, stride in zip(inner, strides, strict=True))
        last = sum((n - 1) * stride for n, stride in zip(sizes, strides, strict=True))
        with open(path, "rb") as file:
            for into, index in zip(made, first, strict=True):
                at = self.offset + index * self.step + start
                numbers = np.frombuffer(_bytes(file, at, last + self.dtype.itemsize), self.dtype)
                into[...] = as_strided(numbers, sizes, strides, writeable=False)
        return made

    def _strides(self) -> list[int]:
        return [prod(self.shape[k:]) * self.dtype.itemsize for k in range(2, len(self.shape) + 1)]


def _bytes(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    data = file.read(size)
    if len(data) < size:
        raise OSError(f"it ends at {start + len(data)} bytes, {size - len(data)} too early")
    return data
