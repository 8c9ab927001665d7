"""Cubes that follow the CF conventions, in netCDF-4 or Zarr, as xarray and rioxarray write them.

"NetCDF Climate and Forecast Metadata Conventions", 1.11: §5 coordinates (cell centres), §5.6 grid
mappings, §8.1 packed data (value = DN * scale_factor + add_offset), §2.5.1 missing data. The axes
may come in any order. Wavelengths are a coordinate along the axis of the bands.
"""

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affine import Affine

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.datasets import anywhere, thread_handle
from hsisr_geo.raster.gdal import check_scales
from hsisr_geo.raster.products.cf_bands import read_bands
from hsisr_geo.raster.products.cf_place import placed, read_crs
from hsisr_geo.raster.raster import Missing, Raster, Stored

_X = frozenset(("x", "lon", "longitude", "easting", "col", "cols", "column", "sample", "samples"))
_Y = frozenset(("y", "lat", "latitude", "northing", "row", "rows", "line", "lines"))
_X_STANDARD = frozenset(("projection_x_coordinate", "longitude"))
_Y_STANDARD = frozenset(("projection_y_coordinate", "latitude"))


@dataclass(frozen=True)
class CfSource:
    """Windows of a variable, read by xarray.

    Attributes
    ----------
    engine : of xarray
    axes : names of its dimensions (band, row, col)
    """

    path: str
    engine: str
    variable: str
    axes: tuple[str, str, str]

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        band, row, col = self.axes
        low, high = min(bands), max(bands) + 1
        span = high - low <= 2 * len(bands)
        chosen = slice(low, high) if span else list(bands)
        try:
            dataset = thread_handle(self.path, _Opener(self.engine))
            window = dataset[self.variable].isel({row: rows, col: cols, band: chosen})
            stored = window.transpose(*self.axes).values
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            where = f"rows {rows.start}-{rows.stop - 1}, columns {cols.start}-{cols.stop - 1}"
            raise RasterError(f"{self.path}: cannot read {where}: {error}; damaged?") from error
        native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        return (native[[i - low for i in bands]] if span else native), None


@dataclass(frozen=True)
class _Opener:
    """Opens a file by an engine; equal to another of that engine, which handles are kept by."""

    engine: str

    def __call__(self, path: str) -> Any:
        import xarray

        options: dict[str, Any] = {"engine": self.engine}
        if self.engine == "h5netcdf":
            options["phony_dims"] = "access"  # plain HDF5 names no dimensions
        return xarray.open_dataset(
            path,
            mask_and_scale=False,
            decode_times=False,
            decode_coords="all",
            cache=False,
            **options,
        )


def describe_netcdf(path: Path) -> Raster | None:
    """Describe a netCDF-4 file; None if it has no cube that CF tells about.

    Raises
    ------
    RasterError : several cubes, coordinates that are not regular, a CRS that is not understood
    """
    try:
        dataset = _Opener("h5netcdf")(str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # plain HDF5
        return None
    with dataset:
        return _describe(dataset, path, "h5netcdf", "netCDF")


def describe_zarr(path: Path) -> Raster:
    """Describe a Zarr store; what has no cube in the sense of CF is left to GDAL.

    Raises
    ------
    RasterError : as `describe_netcdf`; neither the package zarr nor GDAL can read it
    """
    raster = None
    if importlib.util.find_spec("zarr") is not None:
        try:
            dataset = _Opener("zarr")(str(path))
        except (OSError, ValueError, KeyError) as error:
            raise RasterError(f"{path}: this Zarr store is damaged: {error}") from error
        with dataset:
            raster = _describe(dataset, path, "zarr", "Zarr")
    if raster is not None:
        return raster
    try:
        return gdal.describe(os.fspath(path))
    except RasterError as error:
        missing = importlib.util.find_spec("zarr") is None
        hint = ": install hsisr-geo[zarr] to read it" if missing else " holds no cube"
        raise RasterError(f"{path}: this Zarr store{hint}") from error


def _describe(dataset: Any, path: Path, engine: str, driver: str) -> Raster | None:
    found = _cube(dataset, path)
    if found is None:
        return None
    variable, axes = found
    band, row, col = axes
    shape = (variable.sizes[row], variable.sizes[col])
    dtype = variable.dtype.newbyteorder("=").name
    bands = read_bands(variable, band, dtype)
    check_scales(bands, str(path))
    raster = Raster(
        path=str(path),
        driver=driver,
        shape=shape,
        crs=read_crs(dataset, variable, path),
        transform=Affine.identity(),
        dtype=dtype,
        bands=bands,
        tags=_tags(dataset, variable),
        interleave={0: "band", 1: "line", 2: "pixel"}[variable.dims.index(band)],
        product=f"CF cube {variable.name!r}",
        source=CfSource(anywhere(str(path)), engine, str(variable.name), axes),
    )
    return placed(raster, variable, row, col, path)


def _cube(dataset: Any, path: Path) -> tuple[Any, tuple[str, str, str]] | None:
    """Return the largest variable with rows, columns and bands, and the names of these axes."""
    found = []
    for variable in dataset.data_vars.values():
        axes = _axes(variable)
        if axes is not None and variable.dtype.kind in "iuf":
            found.append((variable, axes))
    if not found:
        return None
    largest = max(variable.size for variable, _ in found)
    cubes = [item for item in found if item[0].size == largest]
    if len(cubes) > 1:
        names = ", ".join(str(variable.name) for variable, _ in cubes)
        raise RasterError(
            f"{path} has several cubes of one size ({names}): write the one you mean into a file "
            "of its own"
        )
    return cubes[0]


def _axes(variable: Any) -> tuple[str, str, str] | None:
    if variable.ndim != 3:
        return None
    cols = [d for d in variable.dims if _is_axis(variable, d, _X, _X_STANDARD, "X")]
    rows = [d for d in variable.dims if _is_axis(variable, d, _Y, _Y_STANDARD, "Y")]
    if not (len(cols) == len(rows) == 1 and cols != rows):
        return None
    (band,) = set(variable.dims) - {cols[0], rows[0]}
    return str(band), str(rows[0]), str(cols[0])


def _is_axis(
    variable: Any, dimension: Any, names: frozenset[str], standard: frozenset[str], axis: str
) -> bool:
    if dimension in variable.coords:
        attributes = variable.coords[dimension].attrs
        if attributes.get("standard_name") in standard or attributes.get("axis") == axis:
            return True
    return str(dimension).lower() in names


def _tags(dataset: Any, variable: Any) -> dict[str, dict[str, str]]:
    kept = {**dataset.attrs, **{k: v for k, v in variable.attrs.items() if k == "long_name"}}
    texts = {str(key): value for key, value in kept.items() if isinstance(value, str)}
    items = {key: text for key, text in texts.items() if not key.startswith(PROVENANCE_PREFIX)}
    return {"": items} if items else {}
