"""The cube in a `.mat` file of MATLAB, version 5 or 7.3.

Only arrays of numbers are looked at; structs, cells, objects and functions are never built. Axes
are MATLAB's (row, col, band). Version 7.3 is HDF5, which sees them in the opposite order.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from hsisr_geo.benchmark.data import mat5
from hsisr_geo.errors import RasterError

SUFFIX = ".mat"
CUBE_NAMES = ("pavia", "chikusei", "ref", "rad", "cube", "hsi", "msi", "gt")
"""Names that cubes have in the files of data sets, where other arrays lie beside them."""

_NUMBERS = "biuf"  # numpy's kinds; no complex ones
_DAMAGE = (OSError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError,
           NotImplementedError, RuntimeError, zlib.error)  # fmt: skip
# ^ what is raised for files that are not as they should be


class _Array(NamedTuple):
    """An array of numbers: its name and shape, in MATLAB's order."""

    name: str
    shape: tuple[int, ...]


def read_mat(path: Path, variable: str | None = None) -> NDArray[Any]:
    """Read a cube (band, row, col) in its own data type.

    Parameters
    ----------
    variable
        Its name in the file; None for the only array of three axes, or the only one of several that
        has a usual name.

    Raises
    ------
    RasterError
        No `.mat` file, or damaged; no cube in it, or several.
    """
    try:
        if h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                return _of_hdf5(file, _choose(_arrays_of_hdf5(file), variable, path))
        return _of_5(path, variable)
    except FileNotFoundError as error:
        raise RasterError(f"{path} does not exist") from error
    except MemoryError as error:
        raise RasterError(f"{path}: its cube does not fit into memory") from error
    except _DAMAGE as error:
        raise RasterError(f"{path} cannot be read as a .mat file: {error}; damaged?") from error


def _choose(arrays: Sequence[_Array], variable: str | None, path: Path) -> str:
    """Return the name of the cube."""
    cubes = [a for a in arrays if len(a.shape) == 3 and 0 not in a.shape]
    usual = [a for a in cubes if a.name in CUBE_NAMES]
    if variable is not None:
        chosen = [a for a in cubes if a.name == variable]
    else:
        chosen = usual if len(cubes) > 1 else cubes
    if len(chosen) == 1:
        return chosen[0].name
    if not cubes:
        raise RasterError(
            f"{path}: no array of numbers with three axes (row, col, band) in it: {_listed(arrays)}"
        )
    wanted = "several arrays could be the cube" if variable is None else f"no cube {variable!r}"
    raise RasterError(
        f"{path}: {wanted}: {_listed(cubes)}; name it behind the path, as in "
        f"{path.name}#{cubes[0].name}"
    )


def _listed(arrays: Sequence[_Array]) -> str:
    told = (f"{a.name} ({' x '.join(map(str, a.shape))})" for a in arrays)
    return ", ".join(told) or "there is none of any kind"


def _of_5(path: Path, variable: str | None) -> NDArray[Any]:
    """Read a cube that is stored as (band, col, row)."""
    arrays = mat5.arrays_of(path)
    name = _choose([_Array(a.name, a.shape) for a in arrays], variable, path)
    array = next(a for a in arrays if a.name == name)
    stored = array.read(path)
    return stored.astype(_kept(array.dtype), copy=False).transpose(0, 2, 1)


def _arrays_of_hdf5(file: Any) -> list[_Array]:
    """List the arrays at the top; links to elsewhere are not followed."""
    found = []
    for name in file:
        here = isinstance(file.get(name, getlink=True), h5py.HardLink)
        item = file[name] if here else None
        if not isinstance(item, h5py.Dataset) or item.dtype.kind not in _NUMBERS:
            continue
        if item.external is None and not item.is_virtual:
            found.append(_Array(name, item.shape[::-1]))
    return found


def _of_hdf5(file: Any, name: str) -> NDArray[Any]:
    """Read a cube that HDF5 sees as (band, col, row)."""
    dataset = file[name]
    stored: NDArray[Any] = dataset.astype(_kept(dataset.dtype))[()]
    return stored.transpose(0, 2, 1)


def _kept(dtype: "np.dtype[Any]") -> "np.dtype[Any]":
    """Return the type that numbers are kept in: float32 for all fractions, at half the memory."""
    return np.dtype(np.float32) if dtype.kind == "f" else dtype.newbyteorder("=")
