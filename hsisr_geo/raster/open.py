"""`open_raster`, whatever holds the raster."""

import logging
import os

from hsisr_geo.raster.datasets import check_extent, check_numbers
from hsisr_geo.raster.products.recognise import describe
from hsisr_geo.raster.proj import check_database
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.selection import advice, select_bands

_LOG = logging.getLogger(__name__)


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
