"""Compressed cubes whose chunks do not suit windows, unpacked once into a temporary file.

NEON's files have a whole band in each chunk since 2022: every window would decompress the whole
cube, hundreds of times in a run. Unpacked they cost one pass and their size on the disk.
"""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.paths import claim

_LOG = logging.getLogger(__name__)

MOST_AT_ONCE = 64 * 2**20
# ^ bytes that one window may decompress; what is more is unpacked. HDF5 keeps as much per thread
UNPACKED_AXES = "rbc"
# ^ bands that come one by one then write whole rows, and a window reads whole rows of each band
_KEPT = 2  # files, each as large as its cube
_UNPACKED: dict[tuple[Any, ...], NDArray[Any]] = {}
_UNPACKING = threading.Lock()


def suited(
    dataset: Any, axes: str, path: str, bands: Sequence[int], rows: slice, cols: slice
) -> tuple[Any, str]:
    """Return what to read a window from: the dataset itself, or its unpacked twin.

    Parameters
    ----------
    dataset, axes : as in `hdf5.BandRange`, opened
    path : of the file

    Returns
    -------
    an array, and its axes
    """
    if _touched(dataset, axes, bands, rows, cols) <= MOST_AT_ONCE:
        return dataset, axes
    status = os.stat(path)
    key = (os.getpid(), path, dataset.name, status.st_mtime_ns, status.st_size)
    with _UNPACKING:
        if key not in _UNPACKED:
            pixels = _unpack(dataset, axes)
            if pixels is None:
                return dataset, axes
            while len(_UNPACKED) >= _KEPT:
                _UNPACKED.pop(next(iter(_UNPACKED)))
            _UNPACKED[key] = pixels
        return _UNPACKED[key], UNPACKED_AXES


def _touched(dataset: Any, axes: str, bands: Sequence[int], rows: slice, cols: slice) -> int:
    """Return how many bytes HDF5 decompresses for a window."""
    if dataset.chunks is None or dataset.id.get_create_plist().get_nfilters() == 0:
        return 0
    wanted = {"r": range(rows.start, rows.stop), "c": range(cols.start, cols.stop), "b": bands}
    size = int(dataset.dtype.itemsize)
    for axis, length in zip(axes, dataset.chunks, strict=True):
        size *= length * len({place // length for place in wanted[axis]})
    return size


def _unpack(dataset: Any, axes: str) -> NDArray[Any] | None:
    """Copy a dataset, chunk by chunk, into a file that goes with the process; None without room."""
    order = [axes.index(axis) for axis in UNPACKED_AXES]
    shape = tuple(dataset.shape[i] for i in order)
    dtype = dataset.dtype.newbyteorder("=")
    size = int(np.prod(shape)) * dtype.itemsize
    folder = tempfile.gettempdir()
    told = f"{dataset.name}: its chunks do not suit windows"
    if shutil.disk_usage(folder).free < 1.1 * size:
        _LOG.warning("%s, and %s has no room to unpack it: this is slow", told, folder)
        return None
    _LOG.info("%s: unpacked once, %.2f GB in %s", told, size / 1e9, folder)
    with tempfile.TemporaryFile(dir=folder) as file:  # the map keeps it, nameless, while it lives
        if not _has_room(file.fileno(), size):
            _LOG.warning("%s, and %s has no room to unpack it: this is slow", told, folder)
            return None
        pixels = np.memmap(file, dtype, "w+", shape=shape)
    for index in _chunks(dataset):
        pixels[tuple(index[i] for i in order)] = np.transpose(dataset[index], order)
    return pixels


def _has_room(file: int, size: int) -> bool:
    """Whether the disk gives a file its room now: a map that finds none later ends the process."""
    try:
        claim(file, size)
    except OSError:
        return False
    return True


def _chunks(dataset: Any) -> list[tuple[slice, ...]]:
    sides = zip(dataset.shape, dataset.chunks, strict=True)
    return list(product(*([slice(a, a + n) for a in range(0, size, n)] for size, n in sides)))
