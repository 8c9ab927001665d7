"""An output read back and compared before it gets its name: place, type, nodata, masks.

A format may hold less than it was given, and a library may say nothing of it. So the finished file
is opened again, as anyone will open it, and what it says is held against what was asked for.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rasterio.warp import transform as transform_points

from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.format import Format, needs_mask
from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.gdal import one_type
from hsisr_geo.raster.products.recognise import describe
from hsisr_geo.raster.raster import Raster

_PIXEL = 1e-3  # how far a corner may be off, in pixels: what rounding in a text header does


def check_read_back(part: Path, file: Path, form: Format, raster: Raster) -> None:
    """Refuse a file that does not say what was written into it.

    Parameters
    ----------
    part : the finished file
    file : its name to be, for the message
    raster : grid, type and bands as they were to be stored

    Raises
    ------
    OutputError : naming what differs
    """
    if form.name in ("zarr", "netcdf"):
        told = list(_differences_of_cube(one_type(describe(str(part))), raster))
    else:
        with open_quietly(str(part)) as dataset:
            told = list(_differences(dataset, raster))
    if told:
        raise OutputError(
            f"{file}: {form.name} does not hold what was written: {'; '.join(told)}: "
            "write another format, e.g. GeoTIFF"
        )


def _differences(dataset: Any, raster: Raster) -> Iterator[str]:
    """Yield what a dataset of GDAL says otherwise."""
    if (dataset.count, dataset.height, dataset.width) != (len(raster.bands), *raster.shape):
        yield "its size is another"
    if set(dataset.dtypes) != {raster.dtype}:
        yield f"its numbers are {dataset.dtypes[0]}, not {raster.dtype}"
    yield from _places(dataset.transform, _wkt(dataset.crs), raster)
    if not raster.has_transform and len(dataset.gcps[0]) != len(raster.gcps):
        yield "its control points are others"
    if bool(dataset.rpcs) != bool(raster.rpcs):
        yield "its RPCs are gone"
    nodata = raster.bands.nodata
    if not all(_same(found, nodata, raster.dtype) for found in dataset.nodatavals):
        yield f"its nodata value is {dataset.nodatavals[0]}, not {nodata}"
    masked = any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)
    if needs_mask(raster) and not masked:
        yield "its mask is gone"


def _differences_of_cube(found: Raster, raster: Raster) -> Iterator[str]:
    """Yield what a cube, as we read it, says otherwise."""
    if (len(found.bands), *found.shape) != (len(raster.bands), *raster.shape):
        yield "its size is another"
    if found.dtype != raster.dtype:
        yield f"its numbers are {found.dtype}, not {raster.dtype}"
    transform = _around_the_globe(found.transform, raster)
    if raster.transform.e > 0 > transform.e:  # a grid from the south is read from the north
        transform = transform @ Affine(1, 0, 0, 0, -1, found.rows)
    yield from _places(transform, found.crs, raster)
    if not _same(found.bands.nodata, raster.bands.nodata, raster.dtype):
        yield f"its nodata value is {found.bands.nodata}, not {raster.bands.nodata}"


def _around_the_globe(found: Affine, raster: Raster) -> Affine:
    """Return a grid where the raster has it: what is told from 180 to 360 is read as west."""
    if not raster.crs or not CRS.from_wkt(raster.crs).is_geographic:
        return found
    return Affine.translation(360 * round((raster.transform.c - found.c) / 360), 0) @ found


def _places(found: Affine, crs: str | None, raster: Raster) -> Iterator[str]:
    """Yield by what the place differs: corners in pixels, or another system of coordinates."""
    if raster.has_transform:
        corners = [(c, r) for c in (0, raster.cols) for r in (0, raster.rows)]
        to_pixels = ~raster.transform @ found
        off = max(math.dist(corner, to_pixels @ corner) for corner in corners)
        if not off <= _PIXEL:
            yield f"its corners are up to {off:.3g} pixels away"
        if raster.crs and not _same_system(crs, raster):
            yield "its coordinate reference system is another"


def _same_system(crs: str | None, raster: Raster) -> bool:
    """Whether coordinates mean one place in both; formats spell one system differently."""
    if crs is None:
        return False
    ours, theirs = CRS.from_wkt(raster.crs), CRS.from_wkt(crs)
    if ours == theirs:
        return True
    x, y = raster.transform @ (raster.cols / 2, raster.rows / 2)
    try:
        (moved_x,), (moved_y,) = transform_points(theirs, ours, [x], [y])[:2]
    except Exception:  # of GDAL and PROJ, for systems of no known datum: they are told by no point
        return _kind(ours) == _kind(theirs)
    size = abs(raster.transform.determinant) ** 0.5
    return bool(math.dist((x, y), (moved_x, moved_y)) <= _PIXEL * size)


def _kind(crs: CRS) -> tuple[bool, bool]:
    """Tell what a local system is not: ENVI has that name for what it cannot hold."""
    return crs.is_geographic, crs.is_projected


def _same(found: float | None, wanted: float | None, dtype: str) -> bool:
    """Whether both stand for one number of `dtype`: GDAL says -1e30 as a float32 pixel holds it."""
    if found is None or wanted is None:
        return found is wanted
    if dtype == "float32":
        found, wanted = float(np.float32(found)), float(np.float32(wanted))
    return found == wanted or (math.isnan(found) and math.isnan(wanted))


def _wkt(crs: Any) -> str | None:
    return str(crs.to_wkt(version="WKT2_2019")) if crs else None
