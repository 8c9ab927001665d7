"""`open_raster`, whatever holds the raster, and `read_window`."""

import logging
import os
from collections.abc import Sequence

import numpy as np

from hsisr_geo.bands.radiometry import Cube, decode
from hsisr_geo.datasets import check_extent, check_numbers
from hsisr_geo.gdal_source import GdalSource
from hsisr_geo.grid import Bounds, Gcp, Raster, within_axis
from hsisr_geo.products.recognition import describe
from hsisr_geo.proj import check_database
from hsisr_geo.selection import advice, select_bands

__all__ = ["Bounds", "Gcp", "Raster", "as_raster", "open_raster", "read_window", "source_files"]

_LOG = logging.getLogger(__name__)

_NAMED_FILES = 8  # in the provenance; a VRT may have thousands


def open_raster(
    path: str | os.PathLike[str],
    *,
    bands: str | None = None,
    exclude: str | None = None,
    drop_bad: bool = False,
    orthorectify: bool = False,
) -> Raster:
    """Describe the raster or product at `path`; what it is follows from its content.

    Parameters
    ----------
    path : a file, the folder or metadata file of a product, or any other name that GDAL takes
    bands : only these, e.g. "1-50,60" (from 1) or "450-900nm"; see `selection`
    exclude : mark these as bad, e.g. "water-vapour"; numbers are those of the file, even with
        `bands`
    drop_bad : leave out bands that are bad
    orthorectify : put a product in the geometry of its sensor on the map grid that it comes with

    Raises
    ------
    RasterError : missing file, no raster, no bands, complex or mixed data types, a scale of 0, a
        file shorter than it says, a product that is incomplete or of a level that is not read
    OptionError : `bands` or `exclude` name what is not there; nothing is left; `orthorectify` of
        what has no lookup table
    """
    check_database()
    raster = describe(os.fspath(path), orthorectify=orthorectify)
    check_extent(len(raster.bands), raster.cols, raster.path)
    check_numbers(raster.dtype, raster.path)
    raster = select_bands(raster, bands, exclude, drop_bad=drop_bad)
    if told := advice(raster):
        _LOG.info(told)
    return raster


def as_raster(src: "str | os.PathLike[str] | Raster") -> Raster:
    """Open a path; a raster that was opened, with its choice of bands, stays as it is."""
    return src if isinstance(src, Raster) else open_raster(src)


def source_files(raster: Raster) -> dict[str, str]:
    """Return what the provenance says of the files that a VRT or a product consists of.

    A VRT may point anywhere: which file the pixels come from is not told by its name.
    """
    if not raster.files or not (raster.product or raster.driver == "VRT"):
        return {}
    names = [os.path.basename(name) for name in raster.files]
    more = f" and {len(names) - _NAMED_FILES} more" if len(names) > _NAMED_FILES else ""
    return {"source_files": ", ".join(names[:_NAMED_FILES]) + more}


def read_window(
    raster: Raster, rows: slice, cols: slice, bands: Sequence[int] | None = None
) -> Cube:
    """Read physical values of a window inside the raster; safe to call from any thread.

    Parameters
    ----------
    bands : 0-based; all of them by default

    Returns
    -------
    float32 (band, row, col), NaN where nodata, mask, NaN or infinity say that there is no
    value. int32 and float64 rasters are read through float32: 24 bits of precision.

    Raises
    ------
    RasterError : when the file cannot be read there (truncated, damaged, gone)
    """
    chosen = range(len(raster.bands)) if bands is None else bands
    top, bottom, left, right = *within_axis(rows, raster.rows), *within_axis(cols, raster.cols)
    places = raster.source_bands or range(len(raster.bands))
    source = raster.source or GdalSource(raster.path)
    stored, missing = source.read(
        [places[i] for i in chosen], slice(top, bottom), slice(left, right)
    )
    cube = decode(stored, raster.bands.select(chosen))
    if missing is not None:
        cube[np.broadcast_to(missing, cube.shape)] = np.nan
    return cube
