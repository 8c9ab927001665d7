"""Planet Tanager: radiance and surface reflectance in HDF-EOS5, as swath or on a map grid.

Planet, "Tanager Product Specification", November 2025, and two readers by others
(xarray-hyperspectral 1.0.0, tanagerspec 1.0.0): `HDFEOS/SWATHS/HYP` or `HDFEOS/GRIDS/HYP` with
`Data Fields/toa_radiance` or `surface_reflectance`, (band, row, col); wavelengths, widths and good
bands are attributes of the cube. A swath has `Geolocation Fields/Latitude, Longitude`, and there
the attribute `Planet_Ortho_Framing`; a grid its corners in the text of `StructMetadata.0`, and the
attribute `epsg_code`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.hdf5 import (
    BandRange,
    Hdf5Source,
    as_text,
    attribute,
    clouds_in,
    fill_of,
    need,
    of_bands,
    reading,
)
from hsisr_geo.raster.products.place import wkt_of
from hsisr_geo.raster.products.swaths.geolocation import (
    MapGrid,
    on_map,
    placed_by,
    places_in,
)
from hsisr_geo.raster.raster import Missing, Raster, Stored

_GROUPS = ("HDFEOS/GRIDS/HYP", "HDFEOS/SWATHS/HYP")
_CUBES = {"surface_reflectance": "surface reflectance", "toa_radiance": "radiance"}
_RADIANCE_UNIT = "W m-2 sr-1 um-1"
_FRAMING = "Planet_Ortho_Framing"


@dataclass(frozen=True)
class MaskedSource:
    """Windows of a cube with a mask of whole pixels beside it: not 0 where there is no value."""

    source: Hdf5Source
    mask: str

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        stored, _ = self.source.read(bands, rows, cols)
        with reading(self.source.path, rows, cols) as file:
            return stored, (file[self.mask][rows, cols] != 0)[None]


def recognise(file: Any) -> bool:
    """Tell whether an open HDF5 file is a scene of Tanager."""
    return any(f"{group}/Data Fields/{name}" in file for group in _GROUPS for name in _CUBES)


def describe(file: Any, path: Path, *, orthorectify: bool = False) -> Raster:
    """Describe an open file of Tanager.

    Raises
    ------
    RasterError : a dataset or attribute is missing, or lists have another length than the cube
    OptionError : `orthorectify` of a scene that is on a map grid already
    """
    group = next(group for group in _GROUPS if f"{group}/Data Fields" in file)
    fields = f"{group}/Data Fields"
    name = next(name for name in _CUBES if f"{fields}/{name}" in file)
    cube = file[f"{fields}/{name}"]
    if cube.ndim != 3:
        raise RasterError(f"{path}: {name} has {cube.ndim} axes, not 3: damaged?")
    count, rows, cols = cube.shape
    product = f"Tanager {'ortho' if 'GRIDS' in group else 'basic'} {_CUBES[name]}"
    source = Hdf5Source(
        anywhere(str(path)), (BandRange(f"{fields}/{name}", "brc", tuple(range(count))),)
    )
    masked = f"{fields}/nodata_pixels" in file
    raster = Raster(
        path=str(path),
        driver="HDF5",
        shape=(rows, cols),
        crs=None,
        transform=Affine.identity(),
        dtype=cube.dtype.newbyteorder("=").name,
        bands=_bands(cube, count, name, path),
        has_mask=masked,
        tags=_tags(file, group),
        product=product,
        source=source,
        clouds=clouds_in(file, path, f"{fields}/beta_cloud_mask", (rows, cols)),
    )
    if masked:
        raster = replace(raster, source=MaskedSource(source, f"{fields}/nodata_pixels"))
    if "GRIDS" in group:
        if orthorectify:
            told = f"{path}: {product} is on a map grid already"
            raise OptionError(f"{told}: leave --orthorectify out")
        return _on_its_grid(raster, file, group, path)
    located = f"{group}/Geolocation Fields"
    for axis in ("Latitude", "Longitude"):
        need(file, f"{located}/{axis}", path, product)
    places = places_in(str(path), f"{located}/Longitude", f"{located}/Latitude")
    if orthorectify:
        return on_map(raster, places, _framing(file, group, str(path)))
    return placed_by(raster, places)


def _bands(cube: Any, count: int, name: str, path: Path) -> Bands:
    def listed(key: str) -> list[float | None]:
        return of_bands(attribute(cube, key), key, count, path)

    centres, widths = listed("wavelengths"), listed("fwhm")
    good = [flag is None or flag != 0 for flag in listed("good_wavelengths")]
    unit = _RADIANCE_UNIT if name == "toa_radiance" else None
    like = Band(unit=unit, nodata=fill_of(cube, -9999.0))
    return Bands.numbered(centres, widths, good=good, like=like)


def _on_its_grid(raster: Raster, file: Any, group: str, path: Path) -> Raster:
    text = str(as_text(need(file, "HDFEOS INFORMATION/StructMetadata.0", path, raster.product)[()]))
    corners = [_corner(text, key) for key in ("UpperLeftPointMtrs", "LowerRightMtrs")]
    if None in corners:
        raise RasterError(f"{path}: its StructMetadata.0 does not tell the corners: incomplete")
    (left, top), (right, bottom) = (corner for corner in corners if corner is not None)
    transform = Affine((right - left) / raster.cols, 0, left, 0, (bottom - top) / raster.rows, top)
    return replace(raster, crs=_crs(file, group, text, path), transform=transform)


def _corner(text: str, key: str) -> tuple[float, float] | None:
    number = r"\s*([-+.\deE]+)\s*"
    found = re.search(rf"{key}\s*=\s*\({number},{number}\)", text)
    return (float(found[1]), float(found[2])) if found else None


def _crs(file: Any, group: str, text: str, path: Path) -> str:
    """Return the CRS by its EPSG code, else by the UTM zone of the metadata (negative: south)."""
    code = attribute(file[group], "epsg_code")
    if code is not None:
        return wkt_of(_epsg(code), str(path))
    zone = re.search(r"ZoneCode\s*=\s*(-?\d+)", text)
    if zone is None:
        raise RasterError(f"{path}: neither epsg_code nor ZoneCode tells its CRS: incomplete")
    number = int(zone[1])
    return wkt_of((32600 if number > 0 else 32700) + abs(number), str(path))


def _epsg(code: Any) -> int:
    """Return the number of a code, which may be a text, "EPSG:32633" too."""
    said = as_text(np.asarray(code).reshape(-1)[0])
    return int(float(str(said).rpartition(":")[2]))


def _framing(file: Any, group: str, path: str) -> MapGrid | None:
    """Return the grid that Planet puts this swath on, as the file tells it; None if it does not.

    The specification of November 2025 has it as an attribute of the geolocation.
    """
    holders = (f"{group}/Geolocation Fields", group, "/")
    found = (attribute(file[name], _FRAMING) for name in holders)
    said = next((text for text in found if text is not None), None)
    try:
        told = json.loads(as_text(said)) if said is not None else {}
        shape = int(told["rows"]), int(told["cols"])
        numbers = tuple(float(number) for number in told["geotransform"])
        return MapGrid(shape, wkt_of(_epsg(told["epsg_code"]), path), numbers[:6])
    except (KeyError, TypeError, ValueError):
        return None


def _tags(file: Any, group: str) -> dict[str, dict[str, str]]:
    told = {**dict(file.attrs), **dict(file[group].attrs)}
    texts = {key: as_text(value) for key, value in told.items() if key != _FRAMING}
    items = {str(key): text for key, text in texts.items() if isinstance(text, str)}
    return {"": {"sensor": "Tanager", **items}}
