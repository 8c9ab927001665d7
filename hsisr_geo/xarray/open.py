"""`open_dataarray`: a scene as a DataArray that says all that its file says of bands and place.

rioxarray opens rasters too, but leaves out what a GeoTIFF says of single bands: wavelengths, widths
and which are bad; and the products of sensors are no rasters to it.
"""

import json
import os
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.place.grid import is_turned, written_geotransform
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.xarray.opened_scene import OpenedScene
from hsisr_geo.xarray.points import feature
from hsisr_geo.xarray.turned_grid import centres

_GRID_MAPPING = "spatial_ref"


def open_dataarray(
    path: str | os.PathLike[str],
    *,
    chunks: int = 256,
    bands: str | None = None,
    exclude: str | None = None,
    drop_bad: bool = False,
    overlap: str = "keep",
    orthorectify: bool = False,
    nodata: float | None = None,
    mask_clouds: bool = False,
) -> xr.DataArray:
    """Open a raster or a product as a DataArray (band, y, x) on dask; pixels are read when needed.

    Parameters
    ----------
    chunks
        Side of a chunk in pixels; all bands are in each, as super-resolution needs them together.
    bands, exclude, drop_bad, overlap, orthorectify, nodata, mask_clouds
        As for `open_raster`.

    Returns
    -------
    float32, physical values, NaN where there is none. Coordinates: `band` from 1, `wavelength` and
    `fwhm` in nm, `good`, `band_name`; `x` and `y` at pixel centres of an upright grid, `xc` and
    `yc` of each pixel of one that is turned; and `spatial_ref` with CRS, GeoTransform and GCPs as
    rioxarray has them. The encoding says how the file stores its numbers.

    Raises
    ------
    RasterError, OptionError : as `open_raster`; RasterError when pixels are read of a file that was
        changed since
    """
    if chunks < 1:
        raise OptionError(f"chunks must be at least 1, not {chunks}")
    raster = open_raster(
        path,
        bands=bands,
        exclude=exclude,
        drop_bad=drop_bad,
        overlap=overlap,
        orthorectify=orthorectify,
        nodata=nodata,
        mask_clouds=mask_clouds,
    )
    rows, cols = (_sizes(length, chunks) for length in raster.shape)
    data = da.map_blocks(
        _read,
        OpenedScene(raster),
        chunks=((len(raster.bands),), rows, cols),
        dtype=np.float32,
        meta=np.empty((0, 0, 0), np.float32),
    )
    array = xr.DataArray(
        data,
        dims=("band", "y", "x"),
        coords={**_band_coordinates(raster), **_centres(raster), _GRID_MAPPING: _place(raster)},
        attrs={**raster.tags.get("", {}), **raster.provenance},
        name=Path(raster.path).stem,
    )
    array.encoding = {**_storage(raster), "grid_mapping": _GRID_MAPPING}
    return array


def _read(scene: OpenedScene, block_info: Any = None) -> Cube:
    """Read a chunk, of the scene that was opened: another one that came there may fit as well."""
    _, rows, cols = (slice(*ends) for ends in block_info[None]["array-location"])
    try:
        return read_window(scene.raster, rows, cols)
    finally:
        scene.check()  # of what is damaged, too: it is another


def _sizes(length: int, chunk: int) -> tuple[int, ...]:
    """Cut a length into chunks: 600 by 256 -> 256, 256, 88."""
    whole, rest = divmod(length, chunk)
    return (chunk,) * whole + ((rest,) if rest else ())


def _band_coordinates(raster: Raster) -> dict[str, Any]:
    bands = list(raster.bands)
    found: dict[str, Any] = {
        "band": np.arange(1, len(bands) + 1),
        "good": ("band", np.array([band.good for band in bands])),
    }
    lengths = {
        "wavelength": [band.wavelength_nm for band in bands],
        "fwhm": [band.fwhm_nm for band in bands],
    }
    for name, values in lengths.items():
        if any(value is not None for value in values):
            found[name] = ("band", np.array(values, np.float64), {"units": "nm"})
    if any(band.name for band in bands):
        found["band_name"] = ("band", np.array([band.name for band in bands]))
    return found


def _centres(raster: Raster) -> dict[Any, Any]:
    """Return x and y of pixel centres, of each where rows and columns are not along the axes."""
    place = raster.transform
    if not raster.has_transform:
        return {}
    if is_turned(place):
        return centres(place, ("y", "x"), raster.shape)
    return {
        "y": place.f + place.e * (np.arange(raster.rows) + 0.5),
        "x": place.c + place.a * (np.arange(raster.cols) + 0.5),
    }


def _place(raster: Raster) -> xr.Variable:
    attrs: dict[str, Any] = {}
    if crs := raster.crs or raster.gcp_crs:
        attrs |= {"crs_wkt": crs, "spatial_ref": crs}
    if raster.has_transform:
        attrs |= written_geotransform(raster.transform)
    if raster.gcps:
        features = [feature(point) for point in raster.gcps]
        attrs["gcps"] = json.dumps({"type": "FeatureCollection", "features": features})
    return xr.Variable((), 0, attrs)


def _storage(raster: Raster) -> dict[str, Any]:
    """Return the encoding that stores values as the file does; none where xarray has none."""
    radiometries = {(band.scale, band.offset, band.nodata) for band in raster.bands}
    if len(radiometries) > 1 or (raster.bands.nodata is None and raster.dtype[0] != "f"):
        return {}  # integers need a number for "no value"
    ((scale, offset, nodata),) = radiometries
    found: dict[str, Any] = {"dtype": np.dtype(raster.dtype), "rasterio_dtype": raster.dtype}
    if nodata is not None:
        found["_FillValue"] = np.dtype(raster.dtype).type(nodata)
    if (scale, offset) != (1.0, 0.0):
        found |= {"scale_factor": scale, "add_offset": offset}
    return found
