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


@dataclass(frozen=True)
class _Granule:
    """An open PRISMA file, and its level."""

    file: Any
    path: Path
    level: str

    @property
    def product(self) -> str:
        return f"PRISMA {self.level}"

    @property
    def swath(self) -> str:
        return f"{_SWATHS}/PRS_{self.level}_HCO"

    def need(self, name: str) -> Any:
        """Return a dataset of the swath; errors as `hdf5.need`."""
        return need(self.file, f"{self.swath}/{name}", self.path, self.product)

    def number(self, name: str) -> float:
        """Return a number among the attributes of the file; errors as `hdf5.need_attribute`."""
        return float(need_attribute(self.file, name, self.path, self.product))


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
    granule = _Granule(file, path, _level(file, path))
    names = [f"Data Fields/{detector.upper()}_Cube" for detector in _DETECTORS]
    cubes = [granule.need(name) for name in names]
    rows, cols = cubes[0].shape[0], cubes[0].shape[2]
    if cubes[1].shape[0::2] != (rows, cols):
        raise RasterError(f"{path}: its VNIR and SWIR cubes differ in size: damaged?")
    parts, bands = [], []
    for detector, name, cube in zip(_DETECTORS, names, cubes, strict=True):
        places, items = _bands(granule, detector, cube.shape[1])
        parts.append(BandRange(f"{granule.swath}/{name}", "rbc", places))
        bands += items
    source = Hdf5Source(
        anywhere(str(path)),
        tuple(parts),
        flags=tuple(_flags(granule, detector) for detector in _DETECTORS),
        no_value=_NO_VALUE.get(granule.level, _NO_VALUE_L2),
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
        product=granule.product,
        source=PrismaSource(source),
        clouds=clouds_in(file, path, f"{granule.swath}/Data Fields/Cloud_Mask", (rows, cols)),
    )
    if granule.level == "L2D":
        return _on_its_map(raster, granule)
    located = _places(granule, (rows, cols))
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


def _bands(granule: _Granule, detector: str, count: int) -> tuple[tuple[int, ...], list[Band]]:
    """Return places along the band axis by ascending wavelength, and the bands there."""
    file, path, name = granule.file, granule.path, f"List_Cw_{detector}"
    centres = decimals(need_attribute(file, name, path, granule.product))
    if len(centres) != count:
        raise RasterError(f"{path}: {name} tells of {len(centres)} bands, but the cube has {count}")
    told = decimals(file.attrs.get(f"List_Fwhm_{detector}", []))
    widths = [*told] if len(told) == count else [None] * count
    flags = np.asarray(file.attrs.get(f"{name}_Flags", np.ones(count)))
    places = [int(i) for i in np.argsort(centres, kind="stable") if centres[i] > 0 and flags[i]]
    scale, offset = _scaling(granule, detector)
    bands = [
        Band(
            name=f"{detector.upper()} {place + 1}",
            wavelength_nm=centres[place],
            fwhm_nm=widths[place],
            unit=_UNITS.get(granule.level),
            scale=scale,
            offset=offset,
            nodata=0.0,
            tags=((DETECTOR, detector.upper()),),
        )
        for place in places
    ]
    return tuple(places), bands


def _scaling(granule: _Granule, detector: str) -> tuple[float, float]:
    """Return scale and offset of value = DN * scale + offset."""
    if granule.level == "L1":  # value = DN / ScaleFactor - Offset
        factor = granule.number(f"ScaleFactor_{detector}")
        if factor == 0:
            raise RasterError(f"{granule.path}: ScaleFactor_{detector} is 0: damaged?")
        return 1 / factor, -granule.number(f"Offset_{detector}") or 0.0
    low, high = (granule.number(f"L2Scale{detector}{end}") for end in ("Min", "Max"))
    return (high - low) / _MOST, low


def _flags(granule: _Granule, detector: str) -> str:
    kind = "SAT" if granule.level == "L1" else "L2"
    path = f"{granule.swath}/Data Fields/{detector.upper()}_PIXEL_{kind}_ERR_MATRIX"
    return path if path in granule.file else ""


def _on_its_map(raster: Raster, granule: _Granule) -> Raster:
    """Place an L2D raster on its grid, whose pixel is 30 m.

    The corners in the attributes are read by some as corners of the outermost pixels, by others as
    their centres, which is half a pixel off (EnMAP-Box #1072). What decides is the geolocation of
    the first pixel, which is that of its centre; only without it, the distance of the corners.
    """
    file, path = granule.file, granule.path
    crs = wkt_of(int(need_attribute(file, "Epsg_Code", path, raster.product)), str(path))
    names = ("ULcorner_easting", "ULcorner_northing", "LRcorner_easting")
    x, y, right = (granule.number(f"Product_{name}") for name in names)
    fields = f"{granule.swath}/Geolocation Fields"
    lon, lat = (file.get(f"{fields}/{name}") for name in ("Longitude", "Latitude"))
    if lon is not None and lat is not None:
        (first_x,), (first_y,) = projected(lon[0, :1], lat[0, :1], crs)
        centres = abs(first_x - x) < _PIXEL / 4 and abs(first_y - y) < _PIXEL / 4
        if not centres and max(abs(first_x - x), abs(first_y - y)) > _PIXEL:
            raise RasterError(
                f"{path}: its upper left corner and the place of its first pixel are more than a "
                "pixel apart: damaged?"
            )
    else:
        span = (right - x) / _PIXEL
        centres = round(span) == raster.cols - 1
    shift = _PIXEL / 2 if centres else 0.0
    transform = Affine(_PIXEL, 0, x - shift, 0, -_PIXEL, y + shift)
    return replace(raster, crs=crs, transform=transform)


def _places(granule: _Granule, shape: tuple[int, int]) -> PixelPlaces:
    ending = "_VNIR" if granule.level == "L1" else ""  # SWIR is coregistered with it
    names = [f"Geolocation Fields/{name}{ending}" for name in ("Longitude", "Latitude")]
    if any(granule.need(name).shape != shape for name in names):
        raise RasterError(f"{granule.path}: its geolocation is not as large as its cubes: damaged?")
    return places_in(str(granule.path), *(f"{granule.swath}/{name}" for name in names))


def _tags(file: Any) -> dict[str, str]:
    names = (
        "Product_Name", "Product_ID", "Processing_Level", "Product_StartTime", "Product_StopTime",
    )  # fmt: skip
    return {name: str(as_text(file.attrs[name])) for name in names if name in file.attrs}
