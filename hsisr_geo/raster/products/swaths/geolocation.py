"""The place of a swath's pixels: control points out of its arrays, or a map grid that GDAL makes.

For each pixel of the map the table names the one of the swath to take, from 1, or 0 where there is
none. GDAL makes it: the numbers of rows and columns are warped by the arrays, as an image would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.emit import blocks_of
from hsisr_geo.raster.products.hdf5 import reading
from hsisr_geo.raster.products.place import (
    ORTHORECTIFIED,
    WGS84,
    control_points,
    in_degrees,
    lattice,
    projected,
    unwrapped,
    wkt_of,
)
from hsisr_geo.raster.raster import Missing, Raster, Source, Stored

Degrees = NDArray[np.float64]
_FARTHEST = 1000e3  # metres that a swath may span in UTM; beyond it is put on longitude/latitude
_MOST_PIXELS = 2**28  # of a map grid: what a table of it can be held of


@dataclass(frozen=True)
class MapGrid:
    """A map grid: (rows, cols), CRS as WKT, and the geotransform as GDAL's six numbers."""

    shape: tuple[int, int]
    crs: str
    geotransform: tuple[float, ...]

    @property
    def transform(self) -> Affine:
        """Pixel corner (col, row) -> CRS."""
        return Affine.from_gdal(*self.geotransform)


class SwathPlaces(Protocol):
    """Where longitude and latitude of each pixel's centre come from."""

    def __hash__(self) -> int:
        """Tables are kept by it."""

    def read(self) -> tuple[Degrees, Degrees]:
        """Return longitudes and latitudes (row, col), NaN where there are none."""


@dataclass(frozen=True)
class PixelPlaces:
    """The datasets of a file with longitude and latitude of each pixel's centre, (row, col)."""

    path: str
    lon: str
    lat: str

    def read(self) -> tuple[Degrees, Degrees]:
        """Return longitudes and latitudes, NaN where there are none."""
        with reading(self.path, slice(0, 1), slice(0, 1)) as file:
            lon, lat = (np.asarray(file[name][()], float) for name in (self.lon, self.lat))
        return on_the_globe(lon, lat)


@dataclass(frozen=True)
class BandPlaces:
    """The first two bands of a raster, which has rows and columns of the swath.

    Attributes
    ----------
    crs : of the places; None for degrees
    """

    source: Source
    shape: tuple[int, int]
    crs: str | None = None

    def read(self) -> tuple[Degrees, Degrees]:
        """Return longitudes and latitudes, NaN where there are none."""
        rows, cols = self.shape
        (lon, lat), _ = self.source.read([0, 1], slice(0, rows), slice(0, cols))
        lon, lat = lon.astype(float), lat.astype(float)
        if self.crs is not None:
            nowhere = lon == lat  # a number for no value is the same in both
            lon, lat = in_degrees(lon.ravel(), lat.ravel(), self.crs)
            lon, lat = (np.where(nowhere, np.nan, axis.reshape(self.shape)) for axis in (lon, lat))
        return on_the_globe(lon, lat)


def on_the_globe(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return places without a jump at 180 degrees, NaN for what is none."""
    there = (np.abs(lon) <= 360) & (np.abs(lat) <= 90)  # of NaN it is false
    lon, lat = np.where(there, lon, np.nan), np.where(there, lat, np.nan)
    return unwrapped(lon).astype(float), lat


@dataclass(frozen=True)
class SwathOnMap:
    """Windows of the map grid, gathered pixel by pixel out of a swath."""

    source: Source
    places: SwathPlaces
    shape: tuple[int, int]
    grid: MapGrid

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says; a block of the swath at a time."""
        row, col = (axis[rows, cols] - 1 for axis in _table(self.places, self.shape, self.grid))
        return gather(self.source, bands, row, col)


def gather(
    source: Source, bands: Sequence[int], row: NDArray[np.int64], col: NDArray[np.int64]
) -> tuple[Stored, Missing]:
    """Read the pixels of a swath that a window of a map takes; a block of the swath at a time.

    Parameters
    ----------
    row, col : (row, col) of the map: which pixel of the swath, from 0; negative for none
    """
    inside = (row >= 0) & (col >= 0)
    stored, missing = source.read(bands, slice(0, 1), slice(0, 1))
    out = np.zeros((len(bands), *row.shape), stored.dtype)
    holes = np.broadcast_to(~inside, out.shape).copy()
    if inside.any():
        picked = np.empty((len(bands), int(inside.sum())), stored.dtype)
        none = np.zeros(picked.shape, np.bool_)
        y, x = row[inside], col[inside]
        for these, r, c in blocks_of(y, x, None):
            stored, missing = source.read(bands, r, c)
            at = (slice(None), y[these] - r.start, x[these] - c.start)
            picked[:, these] = stored[at]
            if missing is not None:
                none[:, these] = np.broadcast_to(missing, stored.shape)[at]
        out[:, inside], holes[:, inside] = picked, none
    return out, holes


def placed_by(
    raster: Raster, places: SwathPlaces, read: tuple[Degrees, Degrees] | None = None
) -> Raster:
    """Place a raster by control points thinned out of its arrays, which may be `read` already."""
    lon, lat = read or places.read()
    rows, cols = lattice(raster.shape)
    points = control_points(rows.tolist(), cols.tolist(), lon[rows][:, cols], lat[rows][:, cols])
    return replace(raster, gcps=points, gcp_crs=wkt_of(WGS84, raster.path))


def on_map(
    raster: Raster,
    places: SwathPlaces,
    grid: MapGrid | None = None,
    read: tuple[Degrees, Degrees] | None = None,
) -> Raster:
    """Put a swath on a map grid: the one that it comes with, else one of its own pixel size.

    Parameters
    ----------
    read : its longitudes and latitudes, where they have been read

    Raises
    ------
    OptionError : too few pixels have a place
    RasterError : the grid has more pixels than can be held
    """
    lon, lat = read or places.read()
    if min(lon.shape) < 2 or not np.isfinite(_continued(lon)).all():
        raise OptionError(
            f"{raster.path}: --orthorectify needs the places of pixels in two lines and two "
            "columns at least, and here are fewer: leave it out"
        )
    grid = grid or _own_grid(lon, lat, raster.path)
    if grid.shape[0] * grid.shape[1] > _MOST_PIXELS:
        raise RasterError(f"{raster.path}: its map grid would have {grid.shape} pixels: damaged?")
    assert raster.source is not None  # of a file that was opened
    clouds = raster.clouds
    if clouds is not None:
        clouds = replace(clouds, source=SwathOnMap(clouds.source, places, raster.shape, grid))
    return replace(
        raster,
        shape=grid.shape,
        crs=grid.crs,
        transform=grid.transform,
        gcps=(),
        gcp_crs=None,
        product=raster.product + ORTHORECTIFIED,
        source=SwathOnMap(raster.source, places, raster.shape, grid),
        clouds=clouds,
    )


def places_in(path: str, lon: str, lat: str) -> PixelPlaces:
    """Name the arrays of a file."""
    return PixelPlaces(anywhere(path), lon, lat)


def _own_grid(lon: Degrees, lat: Degrees, path: str) -> MapGrid:
    """Lay a grid of square pixels over a swath, in UTM, or in degrees where that is too wide."""
    lon, lat = _continued(lon), _continued(lat)
    middle = float(np.median(lon)), float(np.median(lat))
    north = np.ptp(lat) * 111e3
    wide = max(north, np.ptp(lon) * 111e3 * np.cos(np.radians(middle[1]))) > _FARTHEST
    zone = int((middle[0] + 180) // 6) % 60 + 1
    code = WGS84 if wide else (32600 if middle[1] >= 0 else 32700) + zone
    crs = wkt_of(code, path)
    x, y = (lon, lat) if wide else _in_crs(lon, lat, crs)
    side = float(np.sqrt(np.median(np.abs(_areas(x, y)))))
    left, top = np.floor(x.min() / side) * side, np.ceil(y.max() / side) * side
    shape = int(np.ceil((top - y.min()) / side)) + 1, int(np.ceil((x.max() - left) / side)) + 1
    return MapGrid(shape, crs, (float(left), side, 0.0, float(top), 0.0, -side))


def _in_crs(lon: Degrees, lat: Degrees, crs: str) -> tuple[Degrees, Degrees]:
    x, y = projected(lon.ravel(), lat.ravel(), crs)
    return x.reshape(lon.shape), y.reshape(lat.shape)


def _areas(x: Degrees, y: Degrees) -> Degrees:
    """Return the area of each pixel that has a neighbour below and to the right."""
    (down_x, down_y) = (np.diff(axis, axis=0)[:, :-1] for axis in (x, y))
    (right_x, right_y) = (np.diff(axis, axis=1)[:-1] for axis in (x, y))
    area: Degrees = down_x * right_y - down_y * right_x
    return area


@lru_cache(maxsize=2)
def _table(places: SwathPlaces, shape: tuple[int, int], grid: MapGrid) -> NDArray[np.int64]:
    """Return rows and columns (2, row, col) of the swath for each pixel of the map, from 1."""
    numbers = np.mgrid[1 : shape[0] + 1, 1 : shape[1] + 1].astype(np.float32)
    table = np.zeros((2, *grid.shape), np.float32)
    lon, lat = places.read()
    numbers[:, np.isnan(lon)] = 0  # a pixel without a place is on no map
    x, y = _continued(lon), _continued(lat)
    if CRS.from_wkt(grid.crs).is_projected:  # by a longitude of 181 it would look at -179
        x, y = _in_crs(x, y, grid.crs)
    reproject(
        numbers,
        table,
        src_geoloc_array=np.stack([_corners(x), _corners(y)]),
        src_crs=CRS.from_wkt(grid.crs),
        dst_crs=CRS.from_wkt(grid.crs),
        dst_transform=grid.transform,
        resampling=Resampling.nearest,
        src_nodata=0,
        dst_nodata=0,
    )
    found: NDArray[np.int64] = table.astype(np.int64)
    return found


def _continued(centres: Degrees) -> Degrees:
    """Fill in where places are missing, along the lines and then the columns of the swath.

    GDAL's arrays have no holes. NaN stays where fewer than two in a line and a column are known.
    """
    if np.isfinite(centres).all():
        return centres
    filled = centres.copy()
    for line in (*filled, *filled.T):
        known = np.flatnonzero(np.isfinite(line))
        if 1 < len(known) < len(line):
            line[:] = _on_a_line(np.arange(len(line)), known, line[known])
    return filled


def _on_a_line(every: NDArray[np.intp], known: NDArray[np.intp], values: Degrees) -> Degrees:
    """Interpolate between known places, and go on straight beyond the first and the last two."""
    found: Degrees = np.interp(every, known, values)
    for beyond, (a, b) in ((every < known[0], (0, 1)), (every > known[-1], (-1, -2))):
        slope = (values[b] - values[a]) / (known[b] - known[a])
        found[beyond] = values[a] + slope * (every[beyond] - known[a])
    return found


def _corners(centres: Degrees) -> Degrees:
    """Return the places of upper left corners, of those of centres.

    GDAL takes geolocation arrays for those of corners unless it is told otherwise, which rasterio
    1.4 cannot: handed the centres, it puts an image half a pixel off.
    """
    grown = np.pad(centres, 1, mode="reflect", reflect_type="odd")
    above, here = grown[:-2], grown[1:-1]
    corners: Degrees = (above[:, :-2] + above[:, 1:-1] + here[:, :-2] + here[:, 1:-1]) / 4
    return corners
