"""netCDF before version 4 for xarray, which SciPy would map: read by window instead."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import netcdf_file
from xarray.backends import BackendArray
from xarray.core import indexing

from hsisr_geo.raster.products.plain_array import PlainArray


def unmap(dataset: Any, path: str) -> None:
    """Let the numbers of a dataset, as xarray opens it by SciPy, be read from the file.

    Those along one axis are few; xarray has read them, or will.
    """
    arrays = _arrays(path)
    for name, variable in dataset.variables.items():
        array = arrays.get(str(name))
        if array is not None and variable.shape == array.shape and variable.dtype.kind in "iuf":
            variable.data = indexing.LazilyIndexedArray(_Window(array, path))


def _arrays(path: str) -> dict[str, PlainArray]:
    """Return where the arrays of two axes or more lie: where SciPy has them in its map."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with netcdf_file(path, "r", mmap=True) as file:
            found = {
                name: _place(variable.data)
                for name, variable in file.variables.items()
                if len(variable.shape) > 1
            }
    return found


def _place(data: NDArray[Any]) -> PlainArray:
    whole = data
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    offset = data.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return PlainArray(offset, data.shape, data.strides[0], data.dtype)


class _Window(BackendArray):
    """A plain array as xarray asks for parts of one."""

    def __init__(self, array: PlainArray, path: str) -> None:
        self.shape = array.shape
        self.dtype = array.dtype.newbyteorder("=")
        self._array, self._path = array, path

    def __getitem__(self, key: Any) -> Any:
        support = indexing.IndexingSupport.BASIC
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._part)

    def _part(self, key: tuple[int | slice, ...]) -> NDArray[Any]:
        ranges = [
            range(part, part + 1) if isinstance(part, int) else range(*part.indices(size))
            for part, size in zip(key, self.shape, strict=True)
        ]
        spans = [slice(min(r), max(r) + 1) if r else slice(0, 0) for r in ranges]
        read = self._array.read(self._path, ranges[0], spans[1:])
        steps = [slice(None, None, r.step) for r in ranges[1:]]
        taken = read[(slice(None), *steps)]
        return taken[tuple(0 if isinstance(part, int) else slice(None) for part in key)]
