"""Cubes that follow the CF conventions, in netCDF-4 or Zarr, as xarray and rioxarray write them.

"NetCDF Climate and Forecast Metadata Conventions", 1.11: §5 coordinates (cell centres), §5.6 grid
mappings, §8.1 packed data (value = DN * scale_factor + add_offset), §2.5.1 missing data. The axes
may come in any order. Wavelengths are a coordinate along the axis of the bands.
"""

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo import gdal_source
from hsisr_geo.bands import Band, Bands, guess_unit, to_nanometers
from hsisr_geo.datasets import thread_handle
from hsisr_geo.errors import RasterError
from hsisr_geo.gdal_source import check_scales
from hsisr_geo.grid import Missing, Raster, Stored
from hsisr_geo.products.place import WGS84, control_points, lattice, wkt_of
from hsisr_geo.radiometry import usable_nodata
from hsisr_geo.spectral import to_number

_X = frozenset(("x", "lon", "longitude", "easting", "col", "cols", "column", "sample", "samples"))
_Y = frozenset(("y", "lat", "latitude", "northing", "row", "rows", "line", "lines"))
_X_STANDARD = frozenset(("projection_x_coordinate", "longitude"))
_Y_STANDARD = frozenset(("projection_y_coordinate", "latitude"))
_CENTRES = ("wavelength", "wavelengths", "wavelength_nm", "wl", "center_wavelength", "band")
_WIDTHS = ("fwhm", "fwhm_nm", "bandwidth")
_GOOD = ("good_wavelengths", "good_bands", "bbl", "good")
_UNEVEN = 1e-3  # of a pixel by which spacings may differ: float32 coordinates do


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
        return gdal_source.describe(os.fspath(path))
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
    bands = _bands(variable, band, dtype)
    check_scales(bands, str(path))
    raster = Raster(
        path=str(path),
        driver=driver,
        shape=shape,
        crs=_crs(dataset, variable, path),
        transform=Affine.identity(),
        dtype=dtype,
        bands=bands,
        tags=_tags(dataset, variable),
        interleave={0: "band", 1: "line", 2: "pixel"}[variable.dims.index(band)],
        product=f"CF cube {variable.name!r}",
        source=CfSource(str(path), engine, str(variable.name), axes),
    )
    return _placed(raster, variable, row, col, path)


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


def _bands(variable: Any, band: str, dtype: str) -> Bands:
    count = variable.sizes[band]
    along = {str(n): c for n, c in variable.coords.items() if c.dims == (band,)}
    centres = _in_nanometres(_named(along, _CENTRES), count)
    widths = _in_nanometres(_named(along, _WIDTHS), count)
    flags = _named(along, _GOOD)
    good = [True] * count if flags is None else [bool(flag) for flag in flags.values]
    names = _names(along, band, count)
    attributes = variable.attrs | variable.encoding
    scale, offset, fill = (
        to_number(str(attributes[key])) if key in attributes else None
        for key in ("scale_factor", "add_offset", "_FillValue")
    )
    if fill is None and "missing_value" in attributes:
        fill = to_number(str(attributes["missing_value"]))
    nan = "_FillValue" in attributes and np.isnan(np.asarray(attributes["_FillValue"], float)).any()
    unit = str(attributes.get("units", "")) or None
    return Bands(
        tuple(
            Band(
                name=names[i],
                wavelength_nm=centres[i],
                fwhm_nm=widths[i],
                good=good[i],
                unit=None if unit == "1" else unit,
                scale=1.0 if scale is None else scale,
                offset=offset or 0.0,
                nodata=usable_nodata(np.nan if nan else fill, dtype),
            )
            for i in range(count)
        )
    )


def _named(along: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        if name in along and along[name].dtype.kind in "iufb":
            if name == "band" and "units" not in along[name].attrs:
                continue  # numbers of bands
            return along[name]
    return None


def _in_nanometres(coordinate: Any, count: int) -> list[float | None]:
    if coordinate is None:
        return [None] * count
    values = [float(v) for v in coordinate.values]
    unit = str(coordinate.attrs.get("units", "")) or guess_unit(values)
    return [to_nanometers(v, unit) if v > 0 else None for v in values]


def _names(along: Mapping[str, Any], band: str, count: int) -> list[str]:
    for name in (band, "name", "names", "band_name", "long_name"):
        if name in along and along[name].dtype.kind in "OUST":
            return [str(text) for text in along[name].values]
    return [""] * count


def _crs(dataset: Any, variable: Any, path: Path) -> str | None:
    mapping = _grid_mapping(dataset, variable)
    attributes = {} if mapping is None else mapping.attrs
    for key in ("crs_wkt", "spatial_ref"):
        if attributes.get(key):
            return wkt_of(str(attributes[key]), str(path))
    standard = [c.attrs.get("standard_name") for c in variable.coords.values() if c.ndim == 1]
    return wkt_of(WGS84, str(path)) if "longitude" in standard else None


def _grid_mapping(dataset: Any, variable: Any) -> Any:
    name = variable.attrs.get("grid_mapping") or variable.encoding.get("grid_mapping")
    names = [name] if name else ["spatial_ref", "crs"]
    return next((dataset[n] for n in names if n in dataset.variables), None)


def _placed(raster: Raster, variable: Any, row: str, col: str, path: Path) -> Raster:
    """Place a raster by its coordinates of cell centres: along each axis, or of every pixel."""
    if row in variable.coords and col in variable.coords:
        x0, dx = _first_and_step(variable.coords[col].values, col, path)
        y0, dy = _first_and_step(variable.coords[row].values, row, path)
        return replace(raster, transform=Affine(dx, 0, x0 - dx / 2, 0, dy, y0 - dy / 2))
    places = {
        coordinate.attrs.get("standard_name", str(name)): coordinate
        for name, coordinate in variable.coords.items()
        if coordinate.dims == (row, col)
    }
    lon, lat = (
        places.get(a, places.get(b)) for a, b in (("longitude", "lon"), ("latitude", "lat"))
    )
    if lon is None or lat is None:
        return raster
    rows, cols = lattice(raster.shape)
    gcps = control_points(
        rows.tolist(), cols.tolist(), lon.values[rows][:, cols], lat.values[rows][:, cols]
    )
    return replace(raster, crs=None, gcps=gcps, gcp_crs=wkt_of(WGS84, str(path)))


def _first_and_step(centres: Any, name: str, path: Path) -> tuple[float, float]:
    values = np.asarray(centres, float)
    if len(values) == 1:
        raise RasterError(f"{path}: one {name} alone does not tell the size of a pixel")
    step = (values[-1] - values[0]) / (len(values) - 1)
    if step == 0 or np.abs(np.diff(values) - step).max() > max(_UNEVEN, 1e-9) * abs(step):
        raise RasterError(
            f"{path}: the coordinates {name} are not evenly spaced: interpolate it to a regular "
            "grid first"
        )
    return float(values[0]), float(step)


def _tags(dataset: Any, variable: Any) -> dict[str, dict[str, str]]:
    kept = {**dataset.attrs, **{k: v for k, v in variable.attrs.items() if k == "long_name"}}
    texts = {str(key): value for key, value in kept.items() if isinstance(value, str)}
    items = {key: text for key, text in texts.items() if not key.startswith("HSISR_")}
    return {"": items} if items else {}
