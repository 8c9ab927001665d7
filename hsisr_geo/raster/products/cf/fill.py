"""Numbers that stand where nothing was written, which xarray keeps to itself."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.raster.products.cf.cube import Cube
from hsisr_geo.raster.products.cf.source import zarr_store
from hsisr_geo.raster.products.hdf5 import describing, fill_of

_DEFAULTS = {"i2": -32767, "i4": -2147483647, "f4": 9.969209968386869e36,
             "f8": 9.969209968386869e36}  # fmt: skip
# ^ Unidata, "NetCDF Classic Format Specification"; bytes have none, as each may be a value


def note_fills(cube: Cube, path: Path, engine: str) -> None:
    """Note them with the variables of a cube, where `_FillValue` does not stand.

    netCDF's own library fills what it makes with a number for it; GDAL and ncdump know that.
    """
    fills = {"zarr": _of_zarr, "h5netcdf": _of_hdf5}.get(engine, _of_classic)
    for name, fill in zip(cube.variables, fills(cube, path), strict=True):
        cube.dataset[name].encoding.setdefault("fill_value", fill)


def _of_zarr(cube: Cube, path: Path) -> list[Any]:
    zarr = importlib.import_module("zarr")
    group = zarr.open_group(zarr_store(str(path)), path=cube.group or None, mode="r")
    return [group[name].fill_value for name in cube.variables]


def _of_hdf5(cube: Cube, path: Path) -> list[Any]:
    """Bytes have none, as each of their numbers may be a value."""
    with describing(path) as file:
        arrays = [file[f"{cube.group}/{name}"] for name in cube.variables]
        return [fill_of(array) if array.dtype.itemsize > 1 else None for array in arrays]


def _of_classic(cube: Cube, _: Path) -> list[Any]:
    types = (np.dtype(cube.dataset[name].dtype) for name in cube.variables)
    return [_DEFAULTS.get(dtype.str[1:]) for dtype in types]
