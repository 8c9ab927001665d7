"""The place of a CF cube: coordinates of cell centres, or the geotransform that it tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo.bands.lists import to_number
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import anywhere, thread_handle
from hsisr_geo.raster.place.grid import is_turned
from hsisr_geo.raster.products.cf.crs import plain
from hsisr_geo.raster.products.cf.cube import Cube
from hsisr_geo.raster.products.cf.source import Opener
from hsisr_geo.raster.products.cf.surroundings import (
    Groups,
    around,
    coordinate_of,
    grid_mapping,
    names_mapping,
)
from hsisr_geo.raster.products.place import LATITUDES, LONGITUDES, counted_grid, unwrapped
from hsisr_geo.raster.products.swaths.geolocation import Degrees, on_the_globe, placed_by
from hsisr_geo.raster.raster import Raster

_UNEVEN = 1e-3  # of a pixel by which spacings may differ: float32 coordinates do
_METRES = {
    "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0,
    "km": 1e3, "kilometre": 1e3, "kilometres": 1e3, "kilometer": 1e3, "kilometers": 1e3,
    "1000 m": 1e3,
}  # fmt: skip
_TO_CORNER = Affine.translation(-0.5, -0.5)  # from the centre of a pixel
_SAME_STEP, _CLOSE = 1e-4, 0.05  # of a pixel, with coordinates in float32
_COUNTED = 3  # pixels at least, which are no grid of 1 m by chance
_PIXELS = frozenset(("pixel", "pixels", "px", "pix"))  # units that say so
_EASTERNMOST = 180.0  # degrees: what begins beyond is told from 0 to 360
_RADIANS = {"rad": 1.0, "radian": 1.0, "radians": 1.0, "microradian": 1e-6, "microradians": 1e-6,
            "mrad": 1e-3}  # fmt: skip


def placed(raster: Raster, cube: Cube, groups: Groups, path: Path, engine: str) -> Raster:
    """Place a raster by its coordinates of cell centres: along each axis, or of every pixel.

    Parameters
    ----------
    engine : that opens the file
    """
    _, row, col = cube.axes
    x, y = (coordinate_of(cube, groups, dim) for dim in (col, row))
    mapping = grid_mapping(cube, groups)
    counted = (_in_pixels(x) and _in_pixels(y)) or (
        not (raster.crs and mapping) and _counts(x) and _counts(y)
    )
    if x is not None and y is not None and not counted:
        height, (wide, high) = mapping.get("perspective_point_height"), _pixel(mapping)
        x0, dx = _first_and_step(x, col, path, height, raster.crs, wide)
        y0, dy = _first_and_step(y, row, path, height, raster.crs, high)
        corners = Affine(dx, 0, x0, 0, dy, y0)
        grids = tuple(_transforms(cube, groups, mapping))
        if any(_on_its_pixels(corners, grid) for grid in grids):
            note = "its coordinates are of pixels' corners, by the geotransform that it tells"
            return replace(raster, transform=corners).noted(note)
        spread = next((grid for grid in grids if _is_spread(corners, grid, raster.shape)), None)
        if spread is not None:
            note = "its coordinates go from corner to corner of the geotransform that it tells"
            return replace(raster, transform=spread).noted(note)
        return replace(raster, transform=corners @ _TO_CORNER)
    if (told := _told_transform(cube, groups, mapping)) is not None:
        part = counted_grid(told, x.values, y.values) if _in_pixels(x) and _in_pixels(y) else None
        return replace(raster, transform=part or told)
    unplaced = raster if mapping else replace(raster, crs=None)  # not the map grid's of a swath
    found = places_of(cube, groups, path, engine)
    if found is None:
        return unplaced
    by_points = placed_by(replace(raster, crs=None), found)
    distinct = {(p.x, p.y) for p in by_points.gcps}  # all zeros, as where nothing is known, are not
    return unplaced if len(distinct) < min(4, len(by_points.gcps)) else by_points


def _told_transform(cube: Cube, groups: Groups, mapping: Mapping[str, Any]) -> Affine | None:
    """Return the geotransform of a cube without coordinates, or with such as count its pixels."""
    return next(_transforms(cube, groups, mapping, of_cube=True), None)


def _transforms(
    cube: Cube, groups: Groups, mapping: Mapping[str, Any], *, of_cube: bool = False
) -> Iterator[Affine]:
    """Yield the geotransforms that are told, as of pixels' corners.

    rioxarray writes it into the grid mapping, GeoZarr as `spatial:transform`, which is of centres
    if it says `node`; older xarray as `transform`. EMIT's `geotransform` stands in copies, too.
    That, and a mapping that the cube does not name, may be of a map grid beside a swath, and not
    `of_cube`.
    """
    by_gdal = _numbers_in(mapping.get("GeoTransform"))
    if len(by_gdal) == 6 and (names_mapping(cube) or not of_cube):
        yield Affine.from_gdal(*by_gdal)
    for attributes in (cube.first.attrs, *(dataset.attrs for dataset in around(cube, groups))):
        for key in ("spatial:transform", "transform"):
            told = _numbers_in(attributes.get(key))
            if len(told) in (6, 9):
                node = attributes.get("spatial:registration") == "node" and ":" in key
                yield Affine(*told[:6]) @ (_TO_CORNER if node else Affine.identity())
        of_map = _numbers_in(attributes.get("geotransform"))
        if len(of_map) == 6 and not of_cube:
            yield Affine.from_gdal(*of_map)


def _on_its_pixels(corners: Affine, told: Affine) -> bool:
    """Tell whether a grid is one of whole pixels of another, as that of a part is."""
    if told.determinant == 0 or is_turned(told):
        return False
    offset = ~told @ corners
    same = abs(offset.a - 1) < _SAME_STEP and abs(offset.e - 1) < _SAME_STEP
    return same and all(abs(shift - round(shift)) < _CLOSE for shift in (offset.c, offset.f))


def _is_spread(corners: Affine, told: Affine, shape: tuple[int, int]) -> bool:
    """Tell whether coordinates lie evenly from the first corner of a grid to its last.

    So does hypercoast spread NEON's: a pixel fewer than there are, each a little too long.
    """
    if told.determinant == 0 or is_turned(told) or min(shape) < 2:
        return False
    found, (rows, cols) = ~told @ corners, shape
    ends = (found.c, found.f, found.c + found.a * (cols - 1), found.f + found.e * (rows - 1))
    return all(abs(a - b) < _CLOSE for a, b in zip(ends, (0, 0, cols, rows), strict=True))


def _numbers_in(told: Any) -> list[float]:
    """Return the numbers of a list, in a text too; none where one is no number."""
    items = plain(told).split() if isinstance(told, (str, bytes)) else np.ravel(told).tolist()
    numbers = [number for item in items if (number := to_number(str(item))) is not None]
    return numbers if len(numbers) == len(items) else []


@dataclass(frozen=True)
class CoordinatePlaces:
    """Coordinates of a file with longitude and latitude of each pixel.

    Attributes
    ----------
    lon, lat : each the opener of a group, a variable in it, and whether its rows are the columns
    """

    path: str
    lon: tuple[Opener, str, bool]
    lat: tuple[Opener, str, bool]

    def read(self) -> tuple[Degrees, Degrees]:
        """Return longitudes and latitudes (row, col), NaN where there are none."""
        lon, lat = (self._values(*told) for told in (self.lon, self.lat))
        return on_the_globe(lon, lat)

    def _values(self, opener: Opener, name: str, turned: bool) -> Degrees:
        variable = thread_handle(self.path, opener).variables[name]
        told = {**variable.attrs, **variable.encoding}
        scale, offset = (told.get(key) for key in ("scale_factor", "add_offset"))
        values = np.asarray(variable.values, float)  # xarray would have float32 of some
        for key in ("_FillValue", "missing_value"):
            for fill in np.ravel(told.get(key, ())):
                values = np.where(values == float(fill), np.nan, values)
        values = values * (1.0 if scale is None else float(np.ravel(scale)[0]))
        values = values + (0.0 if offset is None else float(np.ravel(offset)[0]))
        return values.T if turned else values


def places_of(cube: Cube, groups: Groups, path: Path, engine: str) -> CoordinatePlaces | None:
    """Return where a file tells the place of every pixel of a cube; None where it does not."""
    lon, lat = (_of_pixels(cube, groups, names, engine) for names in (LONGITUDES, LATITUDES))
    if lon is None or lat is None:
        return None
    return CoordinatePlaces(anywhere(str(path)), lon, lat)


def _of_pixels(
    cube: Cube, groups: Groups, names: tuple[str, ...], engine: str
) -> tuple[Opener, str, bool] | None:
    """Return the coordinates of every pixel (row, col), wherever in the file they are."""
    sizes = tuple(cube.first.sizes[dim] for dim in cube.axes[1:])
    for group, dataset in ((cube.group, cube.dataset), *groups.items()):
        for name, variable in dataset.variables.items():
            called = str(variable.attrs.get("standard_name", "")), str(name).lower()
            if set(called) & set(names) and sorted(variable.shape) == sorted(sizes):
                turned = variable.dims == (cube.axes[2], cube.axes[1]) or variable.shape != sizes
                return Opener(engine, group), str(name), turned
    return None


def _pixel(mapping: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return width and height of a pixel as GDAL's geotransform tells them, None without one."""
    numbers = _numbers_in(mapping.get("GeoTransform"))
    return (numbers[1], numbers[5]) if len(numbers) == 6 else (None, None)


def _first_and_step(
    coordinate: Any, name: str, path: Path, height: Any, crs: str | None, alone: float | None
) -> tuple[float, float]:
    """Return the first coordinate and their step, in units of the CRS; `alone` where it is one."""
    values = np.asarray(coordinate.values, float)
    if _is_longitude(coordinate):
        # Evenly spaced ones have no jump, whether they cover the globe or go on beyond 360.
        values = _from_the_west(values) if _is_even(values) else unwrapped(values)
    if len(values) == 1:
        if not alone:
            raise RasterError(f"{path}: one {name} alone does not tell the size of a pixel")
        factor = _to_crs_units(str(coordinate.attrs.get("units", "")).strip().lower(), height, crs)
        return float(values[0]) * factor, alone
    step = (values[-1] - values[0]) / (len(values) - 1)
    if not _is_even(values):
        raise RasterError(
            f"{path}: the coordinates {name} are not evenly spaced: interpolate it to a regular "
            "grid first"
        )
    factor = _to_crs_units(str(coordinate.attrs.get("units", "")).strip().lower(), height, crs)
    return float(values[0]) * factor, float(step) * factor


def _from_the_west(values: Degrees) -> Degrees:
    """Return longitudes without a jump, west of Greenwich where all are beyond 180 degrees."""
    return values - 360 if values.min() > _EASTERNMOST else values


def _is_even(values: Degrees) -> bool:
    """Whether places are evenly spaced; NaN among them are not."""
    steps = np.diff(values)
    if not steps.size:
        return True
    step = steps.mean()
    return bool(step != 0 and np.abs(steps - step).max() <= _UNEVEN * abs(step))


def _counts(coordinate: Any) -> bool:
    """Whether numbers along an axis only count its pixels, as xarray and rioxarray make them."""
    if coordinate is None or coordinate.size < _COUNTED or coordinate.attrs.get("units"):
        return False
    values = np.asarray(coordinate.values, float)
    return bool(values[0] in (0, 0.5, 1) and (np.diff(values) == 1).all())


def _in_pixels(coordinate: Any) -> bool:
    """Whether units say that numbers along an axis count its pixels: OpenHSI's, odc-geo's."""
    told = "" if coordinate is None else coordinate.attrs.get("units", "")
    return str(told).strip().lower() in _PIXELS


def _is_longitude(coordinate: Any) -> bool:
    told = (str(coordinate.attrs.get(key, "")).lower() for key in ("standard_name", "units"))
    return not {"longitude", "degrees_east"}.isdisjoint(told)


def _to_crs_units(unit: str, height: Any, crs: str | None) -> float:
    """Return by what coordinates are multiplied to be in metres, which a CRS by CF is in."""
    if unit in _RADIANS and height is not None:  # geostationary: angles, seen from the satellite
        return _RADIANS[unit] * float(np.ravel(height)[0])
    in_metres = crs is not None and 'LENGTHUNIT["metre",1' in crs and "PROJCRS" in crs
    return _METRES.get(unit, 1.0) if in_metres else 1.0
