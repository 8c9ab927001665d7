"""NEON's airborne spectrometer: surface reflectance in HDF5, in flight lines or mosaic tiles.

"NEON Imaging Spectrometer Radiance to Reflectance ATBD", NEON.DOC.001288, and the attributes of
DP1.30006 and DP3.30006: SITE/Reflectance/Reflectance_Data is (row, column, band) with its
scale factor and ignore value; the map info is that of an ENVI header.
"""

from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import usable_nodata
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.hdf5 import (
    BandRange,
    Hdf5Source,
    as_text,
    decimals,
    need,
    need_attribute,
    optional,
)
from hsisr_geo.raster.products.place import transform_of_map_info, wkt_of
from hsisr_geo.raster.raster import Raster

_PRODUCT = "NEON reflectance"
_NO_VALUE = -9999.0  # of all their reflectance, where a file does not say it


def recognise(file: Any) -> bool:
    """Tell whether an open HDF5 file is a spectrometer product of NEON."""
    sites = [node for node in file.values() if hasattr(node, "keys")]
    return any("Reflectance" in site or "Radiance" in site for site in sites) and len(file) == 1


def describe(file: Any, path: Path) -> Raster:
    """Describe an open file of NEON.

    Raises
    ------
    RasterError : radiance; a dataset or attribute is missing
    """
    (name,) = file
    if "Reflectance" not in file[name]:
        raise RasterError(
            f"{path} is NEON radiance, whose values lie in two arrays: give the reflectance product"
        )
    root = f"{name}/Reflectance"
    cube = need(file, f"{root}/Reflectance_Data", path, _PRODUCT)
    if cube.ndim != 3:
        raise RasterError(f"{path}: Reflectance_Data has {cube.ndim} axes, not 3: damaged?")
    rows, cols, count = cube.shape
    dtype = cube.dtype.newbyteorder("=").name
    map_info, epsg = (
        str(as_text(need(file, f"{root}/Metadata/Coordinate_System/{key}", path, _PRODUCT)[()]))
        for key in ("Map_Info", "EPSG Code")
    )
    return Raster(
        path=str(path),
        driver="HDF5",
        shape=(rows, cols),
        crs=wkt_of(f"EPSG:{epsg.strip()}", str(path)),
        transform=transform_of_map_info(map_info, str(path)),
        dtype=dtype,
        bands=_bands(file, root, cube, count, dtype, path),
        tags={"": {"site": str(name)}},
        interleave="pixel",
        product=_PRODUCT,
        source=Hdf5Source(
            anywhere(str(path)),
            (BandRange(f"{root}/Reflectance_Data", "rcb", tuple(range(count))),),
        ),
    )


def _bands(file: Any, root: str, cube: Any, count: int, dtype: str, path: Path) -> Bands:
    spectral = f"{root}/Metadata/Spectral_Data"
    centres = decimals(need(file, f"{spectral}/Wavelength", path, _PRODUCT)[()])
    widths = optional(file, f"{spectral}/FWHM", count)
    if len(centres) != count:
        raise RasterError(f"{path} tells of {len(centres)} wavelengths, but has {count} bands")
    factor = float(need_attribute(cube, "Scale_Factor", path, _PRODUCT))
    if factor == 0:
        raise RasterError(f"{path}: its Scale_Factor is 0: damaged?")
    nodata = float(as_text(cube.attrs.get("Data_Ignore_Value", _NO_VALUE)))
    windows = _bad_windows(file[root])
    good = [not any(low <= centre <= high for low, high in windows) for centre in centres]
    like = Band(scale=1 / factor, nodata=usable_nodata(nodata, dtype))
    return Bands.numbered(centres, widths, good=good, like=like)


def _bad_windows(reflectance: Any) -> list[tuple[float, float]]:
    """Return the wavelengths that NEON marks as useless because of water vapour."""
    named = [f"Band_Window_{number}_Nanometers" for number in (1, 2)]
    found = [np.asarray(reflectance.attrs[n], float) for n in named if n in reflectance.attrs]
    return [(float(low), float(high)) for low, high in found]
