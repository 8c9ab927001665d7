"""The place of a product's pixels, from what it has instead of a geotransform."""

from collections.abc import Sequence

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio import Env
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.warp import transform as _transform

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import opened_in_memory
from hsisr_geo.raster.gdal import wkt
from hsisr_geo.raster.place.gcp import Gcp

_LATTICE = 12
# ^ points along each axis: what a thin plate spline takes in its stride, and follows a swath with
_HALF_THE_GLOBE = 180.0
_WHOLE = 1e-3  # of a pixel
LONGITUDES = "longitude", "lon", "longitudes"
LATITUDES = "latitude", "lat", "latitudes"
"""What coordinates with the place of every pixel are called."""
ORTHORECTIFIED = ", orthorectified"
"""How the name of a product ends that was put on the map grid it comes with."""


def wkt_of(crs: str | int, path: str) -> str:
    """Return the WKT of an EPSG code, or of a CRS in any words that PROJ understands."""
    if isinstance(crs, str):  # a fixed-length text of HDF5 may lack its last character
        crs += "]" * max(0, crs.count("[") - crs.count("]"))
    try:
        with Env():  # it takes what GDAL would print
            found = wkt(CRS.from_user_input(crs))
    except CRSError as error:
        raise RasterError(f"{path}: its CRS {str(crs)[:80]!r} is not understood") from error
    if found is None:
        raise RasterError(f"{path}: its CRS {str(crs)[:80]!r} is empty")
    return found


def counted_grid(told: Affine, x: NDArray[np.floating], y: NDArray[np.floating]) -> Affine | None:
    """Return the grid of a part whose labels count pixels of the whole: 0.5 is the first's centre.

    So does odc-geo label a turned grid, beside the geotransform of the whole. None where labels
    are something else.
    """
    firsts, steps = zip(*((v[0], v[1] - v[0] if len(v) > 1 else 1.0) for v in (x, y)), strict=True)
    whole = [*(first - 0.5 for first in firsts), *steps]
    if min(firsts) < 0 or min(steps) < 1 or any(abs(n - round(n)) > _WHOLE for n in whole):
        return None
    centred = told @ Affine.translation(*firsts) @ Affine.scale(*steps)
    return centred @ Affine.translation(-0.5, -0.5)


WGS84 = 4326


def projected(
    lon: NDArray[np.floating], lat: NDArray[np.floating], crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where places in WGS 84, (place,), lie in another CRS."""
    xs, ys = _transform(CRS.from_epsg(WGS84), CRS.from_wkt(crs), lon.tolist(), lat.tolist())
    return np.asarray(xs, float), np.asarray(ys, float)


def in_degrees(
    x: NDArray[np.floating], y: NDArray[np.floating], crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where places in a CRS, (place,), lie in WGS 84: longitude and latitude."""
    xs, ys = _transform(CRS.from_wkt(crs), CRS.from_epsg(WGS84), x.tolist(), y.tolist())
    return np.asarray(xs, float), np.asarray(ys, float)


def transform_of_map_info(map_info: str, path: str) -> Affine:
    """Return the geotransform that GDAL reads from the `map info` of an ENVI header.

    Raises
    ------
    RasterError : it has none
    """
    header = (
        "ENVI\nsamples = 1\nlines = 1\nbands = 1\nheader offset = 0\ndata type = 1\n"
        f"interleave = bsq\nbyte order = 0\nmap info = {{{map_info.strip().strip('{}')}}}\n"
    )
    files = {"place.hdr": header.encode(), "place.img": bytes(16)}
    try:
        with opened_in_memory(files) as dataset:
            found: Affine = dataset.transform
    except RasterioError as error:
        raise RasterError(f"{path}: its map info cannot be read: {map_info[:80]}") from error
    if found == Affine.identity():
        raise RasterError(f"{path}: its map info tells no place: {map_info[:80]}")
    return found


def lattice(shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the pixels that become ground control points, rim included."""
    rows, cols = (np.unique(np.linspace(0, n - 1, min(n, _LATTICE)).round()) for n in shape)
    return rows.astype(np.intp), cols.astype(np.intp)


def unwrapped(lon: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return longitudes without a jump: a scene across 180 degrees goes on to 181.

    One that is all beyond, told from 0 to 360, is west of Greenwich, as GDAL has it. What is no
    longitude stays as it is.
    """
    there = np.abs(lon) <= 2 * _HALF_THE_GLOBE
    some = lon[there]
    if not some.size:
        return lon
    if some.min() > _HALF_THE_GLOBE:
        return np.where(there, lon - 2 * _HALF_THE_GLOBE, lon)
    if np.ptp(some) <= _HALF_THE_GLOBE:
        return lon
    return np.where((lon < 0) & (lon >= -_HALF_THE_GLOBE), lon + 2 * _HALF_THE_GLOBE, lon)


def control_points(
    rows: Sequence[int], cols: Sequence[int], lon: NDArray[np.floating], lat: NDArray[np.floating]
) -> tuple[Gcp, ...]:
    """Return the control points of pixels whose centres lie at (lon, lat), both (row, col).

    Places that are no numbers, or off the globe, are left out.
    """
    at = [(row + 0.5, col + 0.5) for row in rows for col in cols]
    return numbered_points(at, unwrapped(lon), lat)


def numbered_points(
    at: Sequence[tuple[float, float]], lon: NDArray[np.floating], lat: NDArray[np.floating]
) -> tuple[Gcp, ...]:
    """Return control points at (row, col), one for each place, those off the globe left out."""
    places = zip(at, lon.ravel().tolist(), lat.ravel().tolist(), strict=True)
    known = [(*pixel, x, y) for pixel, x, y in places if abs(x) <= 360 and abs(y) <= 90]
    # ^ NaN and fill values are not
    return tuple(Gcp(*point, 0.0, str(i), "") for i, point in enumerate(known, start=1))
