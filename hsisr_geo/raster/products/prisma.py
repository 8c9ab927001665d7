"""PRISMA L1, L2B, L2C and L2D: the coregistered hyperspectral cubes of an .he5 file.

"PRISMA Products Specification Document", ASI, issue 2.3, 12/03/2020. VNIR and SWIR lie in cubes
of their own, (row, band, column), wavelengths descending, with slots of no band (wavelength 0).
They are joined, each ascending. L2D is on a map grid; the others are in the geometry of the sensor
and have the place of every pixel: some become ground control points, or all make a map grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.hdf5 import (
    BandRange,
    Hdf5Source,
    as_text,
    clouds_in,
    decimals,
    need,
    need_attribute,
)
from hsisr_geo.raster.products.place import projected, wkt_of
from hsisr_geo.raster.products.swaths.geolocation import (
    PixelPlaces,
    on_map,
    placed_by,
    places_in,
)
from hsisr_geo.raster.raster import Missing, Raster, Stored
from hsisr_geo.raster.selection import DETECTOR

_SWATHS = "HDFEOS/SWATHS"
_LEVELS = ("L1", "L2B", "L2C", "L2D")
_DETECTORS = ("Vnir", "Swir")
_PIXEL = 30.0  # metres, of the hyperspectral grid
# Flags of single values that are none. L1: 1 defective, 4 not a number; L2: 1 invalid in L1. What
# is saturated, or was negative, has a value.
_NO_VALUE = {"L1": (1, 4)}
_NO_VALUE_L2 = (1,)
_UNITS = {"L1": "W m-2 sr-1 um-1", "L2B": "W m-2 sr-1 um-1"}
_MOST = 65535  # the DN that stands for L2Scale...Max


@dataclass(frozen=True)
class PrismaSource:
    """The cubes, where 0 in every band says that a pixel is outside the scene.

    A single 0 is a value, the least there is; it is read as 1, so that 0 stays free for "no value".
    """

    cubes: Hdf5Source

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        stored, missing = self.cubes.read(bands, rows, cols)
        zero = stored == 0
        if zero.any():
            outside = zero.all(axis=0)
            count = sum(len(part.bands) for part in self.cubes.parts)
            if outside.any() and len(set(bands)) < count:
                everything, _ = replace(self.cubes, flags=()).read(range(count), rows, cols)
                outside = ~everything.any(axis=0)
            stored[zero & ~outside] = 1
        return stored, missing


def recognise(file: Any) -> bool:
    """Tell whether an open HDF5 file is a PRISMA product."""
    called = str(as_text(file.attrs.get("Product_ID", "")))
    return any(name.startswith("PRS_") for name in (called, *file.get(_SWATHS, ())))


def describe(file: Any, path: Path, *, orthorectify: bool = False) -> Raster:
    """Describe an open PRISMA file.

    Raises
    ------
    RasterError : another level; a cube, geolocation or attribute is missing
    OptionError : `orthorectify` of a swath of which too few pixels have a place
    """
    level = _level(file, path)
    product = f"PRISMA {level}"
    swath = f"{_SWATHS}/PRS_{level}_HCO"
    sets = [f"{swath}/Data Fields/{name}_Cube" for name in ("VNIR", "SWIR")]
    cubes = [need(file, name, path, product) for name in sets]
    rows, cols = cubes[0].shape[0], cubes[0].shape[2]
    if cubes[1].shape[0::2] != (rows, cols):
        raise RasterError(f"{path}: its VNIR and SWIR cubes differ in size: damaged?")
    parts, bands = [], []
    for detector, name, cube in zip(_DETECTORS, sets, cubes, strict=True):
        places, items = _bands(file, detector, level, cube.shape[1], path)
        parts.append(BandRange(name, "rbc", places))
        bands += items
    source = Hdf5Source(
        anywhere(str(path)),
        tuple(parts),
        flags=tuple(_flags(file, swath, name, level) for name in ("VNIR", "SWIR")),
        no_value=_NO_VALUE.get(level, _NO_VALUE_L2),
    )
    raster = Raster(
        path=str(path),
        driver="HDF5",
        shape=(rows, cols),
        crs=None,
        transform=Affine.identity(),
        dtype=cubes[0].dtype.newbyteorder("=").name,
        bands=Bands(tuple(bands)),
        tags={"": _tags(file)},
        interleave="line",
        product=product,
        source=PrismaSource(source),
        clouds=clouds_in(file, path, f"{swath}/Data Fields/Cloud_Mask", (rows, cols)),
    )
    if level == "L2D":
        return _on_its_map(raster, file, swath, path)
    located = _places(file, swath, level, (rows, cols), path)
    return on_map(raster, located) if orthorectify else placed_by(raster, located)


def _level(file: Any, path: Path) -> str:
    for level in _LEVELS:
        if f"{_SWATHS}/PRS_{level}_HCO" in file:
            return level
    found = ", ".join(sorted(need(file, _SWATHS, path, "PRISMA"))) or "none"
    raise RasterError(
        f"{path}: of PRISMA the coregistered cubes of {', '.join(_LEVELS)} are read (PRS_L.._HCO); "
        f"this file has {found}"
    )


def _bands(
    file: Any, detector: str, level: str, count: int, path: Path
) -> tuple[tuple[int, ...], list[Band]]:
    """Return places along the band axis by ascending wavelength, and the bands there."""
    product = f"PRISMA {level}"
    centres = decimals(need_attribute(file, f"List_Cw_{detector}", path, product))
    if len(centres) != count:
        raise RasterError(
            f"{path}: List_Cw_{detector} tells of {len(centres)} bands, but the cube has {count}"
        )
    told = decimals(file.attrs.get(f"List_Fwhm_{detector}", []))
    widths = [*told] if len(told) == count else [None] * count
    flags = np.asarray(file.attrs.get(f"List_Cw_{detector}_Flags", np.ones(count)))
    places = [int(i) for i in np.argsort(centres, kind="stable") if centres[i] > 0 and flags[i]]
    scale, offset = _scaling(file, detector, level, path)
    bands = [
        Band(
            name=f"{detector.upper()} {place + 1}",
            wavelength_nm=centres[place],
            fwhm_nm=widths[place],
            unit=_UNITS.get(level),
            scale=scale,
            offset=offset,
            nodata=0.0,
            tags=((DETECTOR, detector.upper()),),
        )
        for place in places
    ]
    return tuple(places), bands


def _scaling(file: Any, detector: str, level: str, path: Path) -> tuple[float, float]:
    """Return scale and offset of value = DN * scale + offset."""
    product = f"PRISMA {level}"
    if level == "L1":  # value = DN / ScaleFactor - Offset
        factor = float(need_attribute(file, f"ScaleFactor_{detector}", path, product))
        if factor == 0:
            raise RasterError(f"{path}: ScaleFactor_{detector} is 0: damaged?")
        return 1 / factor, -float(need_attribute(file, f"Offset_{detector}", path, product)) or 0.0
    low, high = (
        float(need_attribute(file, f"L2Scale{detector}{end}", path, product))
        for end in ("Min", "Max")
    )
    return (high - low) / _MOST, low


def _flags(file: Any, swath: str, name: str, level: str) -> str:
    kind = "SAT" if level == "L1" else "L2"
    path = f"{swath}/Data Fields/{name}_PIXEL_{kind}_ERR_MATRIX"
    return path if path in file else ""


def _on_its_map(raster: Raster, file: Any, swath: str, path: Path) -> Raster:
    """Place an L2D raster on its grid, whose pixel is 30 m.

    The corners in the attributes are read by some as corners of the outermost pixels, by others as
    their centres, which is half a pixel off (EnMAP-Box #1072). What decides is the geolocation of
    the first pixel, which is that of its centre; only without it, the distance of the corners.
    """
    crs = wkt_of(int(need_attribute(file, "Epsg_Code", path, raster.product)), str(path))
    corner = {
        name: float(need_attribute(file, f"Product_{name}", path, raster.product))
        for name in ("ULcorner_easting", "ULcorner_northing", "LRcorner_easting")
    }
    x, y = corner["ULcorner_easting"], corner["ULcorner_northing"]
    lon, lat = (file.get(f"{swath}/Geolocation Fields/{n}") for n in ("Longitude", "Latitude"))
    if lon is not None and lat is not None:
        (first_x,), (first_y,) = projected(lon[0, :1], lat[0, :1], crs)
        centres = abs(first_x - x) < _PIXEL / 4 and abs(first_y - y) < _PIXEL / 4
        if not centres and max(abs(first_x - x), abs(first_y - y)) > _PIXEL:
            raise RasterError(
                f"{path}: its upper left corner and the place of its first pixel are more than a "
                "pixel apart: damaged?"
            )
    else:
        span = (corner["LRcorner_easting"] - x) / _PIXEL
        centres = round(span) == raster.cols - 1
    shift = _PIXEL / 2 if centres else 0.0
    transform = Affine(_PIXEL, 0, x - shift, 0, -_PIXEL, y + shift)
    return replace(raster, crs=crs, transform=transform)


def _places(file: Any, swath: str, level: str, shape: tuple[int, int], path: Path) -> PixelPlaces:
    ending = "_VNIR" if level == "L1" else ""  # SWIR is coregistered with it
    names = [f"{swath}/Geolocation Fields/{name}{ending}" for name in ("Longitude", "Latitude")]
    if any(need(file, name, path, f"PRISMA {level}").shape != shape for name in names):
        raise RasterError(f"{path}: its geolocation is not as large as its cubes: damaged?")
    return places_in(str(path), *names)


def _tags(file: Any) -> dict[str, str]:
    names = (
        "Product_Name", "Product_ID", "Processing_Level", "Product_StartTime", "Product_StopTime",
    )  # fmt: skip
    return {name: str(as_text(file.attrs[name])) for name in names if name in file.attrs}
