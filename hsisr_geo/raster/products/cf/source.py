"""Windows of the variables of a netCDF file or Zarr store, read by xarray."""

import importlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsisr_geo.bands.declared_range import Limits, outside
from hsisr_geo.errors import RasterError, one_line
from hsisr_geo.raster.datasets import opening_quietly, thread_handle
from hsisr_geo.raster.products.hdf5 import unknown_compression
from hsisr_geo.raster.raster import Missing, Stored

CLASSIC = "scipy"
"""The engine for netCDF before version 4."""
_CDF_5 = b"CDF\x05"


def zarr_store(path: str) -> Any:
    """Return what zarr opens a store by: the name of a folder, or a store in a zip."""
    if os.path.isdir(path):
        return path
    return importlib.import_module("zarr").storage.ZipStore(path, mode="r")


@dataclass(frozen=True)
class Opener:
    """Opens a file by an engine of xarray; equal to another of that engine, as handles are kept.

    Attributes
    ----------
    group : of the file, "" for its root
    """

    engine: str
    group: str = ""

    def __call__(self, path: str) -> Any:
        """Open the group, as stored.

        Raises
        ------
        RasterError : netCDF before version 4 that is damaged, truncated or of 64-bit data
        """
        if self.engine != CLASSIC:
            return self._open(path)
        _check_version(path)
        try:
            from hsisr_geo.raster.products.cf.classic import unmap  # and SciPy

            dataset = self._open(path)
            unmap(dataset, path)
            return dataset
        except Exception as error:  # SciPy trusts the header: it raises what comes of that
            raise RasterError(
                f"{path}: this netCDF file is damaged or truncated ({one_line(error)})"
            ) from error

    def _open(self, path: str) -> Any:
        import xarray

        options: dict[str, Any] = {"engine": self.engine}
        if self.engine == "h5netcdf":
            options["phony_dims"] = "access"  # plain HDF5 names no dimensions
        with opening_quietly():
            warnings.simplefilter("ignore")  # xarray's, of what it decodes: told by us, or no harm
            return xarray.open_dataset(
                zarr_store(path) if self.engine == "zarr" else path,
                group=self.group or None,
                mask_and_scale=False,
                decode_times=False,
                decode_coords="all",
                cache=False,
                **options,
            )


def _check_version(path: str) -> None:
    with open(path, "rb") as file:
        if file.read(4) == _CDF_5:
            raise RasterError(
                f"{path} is netCDF of 64-bit data (CDF-5), which is not read: "
                "nccopy -k nc4 makes netCDF-4 of it"
            )


@dataclass(frozen=True)
class CfSource:
    """Windows of a variable, or of one variable for each band.

    Attributes
    ----------
    opener : of the file
    variables : one with an axis of bands; or one for each band, without
    axes : names of the dimensions (band, row, col); band is "" where variables are bands
    unsigned : the numbers are unsigned ones, kept in a signed type
    limits : stored numbers beyond them are no values
    turned : number of rows, where the first of the raster is the last of the file; else 0
    """

    path: str
    opener: Opener
    variables: tuple[str, ...]
    axes: tuple[str, str, str]
    unsigned: bool = False
    limits: Limits | None = None
    turned: int = 0

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        there = slice(self.turned - rows.stop, self.turned - rows.start) if self.turned else rows
        try:
            dataset = thread_handle(self.path, self.opener)
            stored = (self._of_cube if self.axes[0] else self._of_planes)(
                dataset, bands, {self.axes[1]: there, self.axes[2]: cols}
            )
        except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
            where = f"rows {rows.start}-{rows.stop - 1}, columns {cols.start}-{cols.stop - 1}"
            hdf5 = self.opener.engine == "h5netcdf"
            why = (hdf5 and unknown_compression(self.path)) or one_line(error)
            raise RasterError(f"{self.path}: cannot read {where}: {why}") from error
        if self.turned:
            stored = stored[:, ::-1]
        native = stored.astype(stored.dtype.newbyteorder("="), copy=not stored.flags.writeable)
        if self.unsigned:
            native = np.ascontiguousarray(native).view(native.dtype.str.replace("i", "u"))
        return native, None if self.limits is None else outside(native, self.limits)

    def _of_cube(self, dataset: Any, bands: Sequence[int], window: dict[str, slice]) -> Stored:
        low, high = min(bands), max(bands) + 1
        span = high - low <= 2 * len(bands)
        chosen = slice(low, high) if span else list(bands)
        found = self._window(dataset[self.variables[0]], {**window, self.axes[0]: chosen})
        values = np.asarray(found.transpose(*self.axes).values)
        return values[[i - low for i in bands]] if span else values

    def _of_planes(self, dataset: Any, bands: Sequence[int], window: dict[str, slice]) -> Stored:
        planes = (self._window(dataset[self.variables[i]], window) for i in bands)
        return np.stack([plane.transpose(*self.axes[1:]).values for plane in planes])

    def _window(self, variable: Any, window: dict[str, Any]) -> Any:
        others = {name: 0 for name in variable.dims if name not in self.axes}  # of length 1
        return variable.isel({**window, **others})
