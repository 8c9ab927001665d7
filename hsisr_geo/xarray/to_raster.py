"""`to_raster`: an array as a raster file that keeps what rioxarray leaves out: the bands.

Wavelengths, widths, names and bad bands are written as `hsisr_geo.super_resolve` writes them, and
numbers as the encoding says, clipped to what can be stored and never onto nodata.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.bands.radiometry import decode, usable_nodata
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.raster.raster import Raster
from hsisr_geo.xarray.axes import (
    EACH_BAND,
    RADIOMETRY,
    Axes,
    axes_of,
    bands_of,
    nodata_in,
    radiometry_of,
)
from hsisr_geo.xarray.grid_attributes import crs_told, labels_are_corners, read_geotransform
from hsisr_geo.xarray.points import points_of
from hsisr_geo.xarray.turned_grid import turned_grid

_GRID_MAPPING = "spatial_ref"


def to_raster(
    array: xr.DataArray,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    write: WriteOptions = AS_NAMED,
) -> None:
    """Write an array as a raster; it is computed.

    Parameters
    ----------
    array
        With bands, rows and columns, as `open_dataarray` and `super_resolve` make it: physical
        values, NaN where there is none, which are stored as its encoding says; or stored numbers
        with scale, offset and nodata in its attributes, as rioxarray opens a raster by default. All
        of it is held in memory; `hsisr_geo.super_resolve` writes files larger than that.
    path, overwrite, write
        As for `hsisr_geo.super_resolve`.

    Raises
    ------
    RasterError, OutputError : axes that cannot be told apart; the file cannot be written
    """
    axes = axes_of(array)
    values, bands = array.transpose(*axes.order), bands_of(array, axes)
    tags = {str(k): str(v) for k, v in array.attrs.items() if isinstance(v, (str, int, float))}
    made = {k: v for k, v in tags.items() if k.startswith(PROVENANCE_PREFIX)}
    crs, transform = _crs(array), _transform(array, axes)
    placed = transform != Affine.identity()
    gcps, gcp_crs = ((), None) if placed else points_of(array, axes, _mapping(array), crs)
    raster = Raster(
        path=str(array.name or "array"),
        driver="xarray",
        shape=(array.sizes[axes.y], array.sizes[axes.x]),
        crs=None if gcps else crs,
        transform=transform,
        gcps=gcps,
        gcp_crs=gcp_crs,
        dtype=_dtype(array),
        bands=_bands(array, axes, bands),
        tags={"": {k: v for k, v in tags.items() if k not in made}},
    )
    cube = decode(values.values, bands)
    write_raster(path, raster, cube, overwrite=overwrite, tags=made, write=write)


def _dtype(array: xr.DataArray) -> str:
    told = array.encoding.get("dtype") or array.encoding.get("rasterio_dtype")
    own = array.dtype if array.dtype.kind in "iu" else np.float32
    return np.dtype(own if told is None else told).name


def _bands(array: xr.DataArray, axes: Axes, bands: Bands) -> Bands:
    """Return the bands with names, and stored as the encoding says, or else the attributes."""
    names = array.coords.get("band_name")
    told, dtype = {**array.attrs, **array.encoding}, _dtype(array)
    encoded = any(name in array.attrs for name in (*RADIOMETRY, *EACH_BAND))
    scales, offsets = radiometry_of(array, axes, decoded=not encoded)
    return Bands(
        tuple(
            replace(
                band,
                name="" if names is None else str(names.values[i]),
                scale=scales[i],
                offset=offsets[i],
                nodata=_nodata(nodata_in(told), dtype),
            )
            for i, band in enumerate(bands)
        )
    )


def _nodata(nodata: float | None, dtype: str) -> float | None:
    """Return the number for holes; floats have one anyway."""
    found = usable_nodata(nodata, dtype)
    return float("nan") if found is None and dtype[0] == "f" else found


def _mapping(array: xr.DataArray) -> Mapping[Any, Any]:
    name = array.encoding.get("grid_mapping") or array.attrs.get("grid_mapping", _GRID_MAPPING)
    return array.coords[name].attrs if name in array.coords else {}


def _crs(array: xr.DataArray) -> str | None:
    attrs = _mapping(array)
    told = attrs.get("crs_wkt") or attrs.get("spatial_ref")
    return str(told) if told else crs_told(array)


def _transform(array: xr.DataArray, axes: Axes) -> Affine:
    """Return the grid: of the coordinates, as a part of an array has its own, else as written."""
    turned = turned_grid(array, axes)
    if turned is not None:
        return turned
    if axes.x in array.coords and axes.y in array.coords:
        x, y = (array.coords[name].values.astype(float) for name in (axes.x, axes.y))
        if len(x) > 1 and len(y) > 1:
            dx, dy = (x[-1] - x[0]) / (len(x) - 1), (y[-1] - y[0]) / (len(y) - 1)
            half = 0.0 if labels_are_corners(array, axes) else 0.5
            return Affine(dx, 0, x[0] - dx * half, 0, dy, y[0] - dy * half)
    return read_geotransform(_mapping(array)) or Affine.identity()
