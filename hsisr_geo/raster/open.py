"""`open_raster`, whatever holds the raster."""

import logging
import math
import os
from collections.abc import Iterator
from dataclasses import replace

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.radiometry import usable_nodata
from hsisr_geo.errors import HsisrError, OptionError, RasterError, one_line
from hsisr_geo.paths import Stamp, is_utf8, stamp_of
from hsisr_geo.raster.clouds import without_clouds
from hsisr_geo.raster.datasets import check_extent
from hsisr_geo.raster.facts.description import description
from hsisr_geo.raster.facts.digits import coarse_numbers
from hsisr_geo.raster.facts.mosaic import told_by_sources
from hsisr_geo.raster.facts.remarks import may_be_noted_in
from hsisr_geo.raster.fill import undeclared_fill
from hsisr_geo.raster.gdal import check_scales, one_type
from hsisr_geo.raster.place.proj import check_database
from hsisr_geo.raster.products.recognise import describe
from hsisr_geo.raster.raster import Choice, Opening, Raster
from hsisr_geo.raster.selection import advice, select_bands

_LOOKED_AT = 1000  # files
_LOG = logging.getLogger(__name__)


def open_raster(
    path: str | os.PathLike[str],
    *,
    bands: str | None = None,
    exclude: str | None = None,
    drop_bad: bool = False,
    overlap: str = "keep",
    orthorectify: bool = False,
    nodata: float | None = None,
    mask_clouds: bool = False,
) -> Raster:
    """Describe the raster or product at `path`; what it is follows from its content.

    Parameters
    ----------
    path : a file, the folder or metadata file of a product, or any other name that GDAL takes
    bands : only these, e.g. "1-50,60" (from 1) or "450-900nm"; see `selection`
    exclude : mark these as bad, e.g. "water-vapour"; numbers are those of the file, even with
        `bands`
    drop_bad : leave out bands that are bad
    overlap : of EnMAP and PRISMA, whose detectors overlap at 900-1000 nm, "keep" all bands, or
        those of "vnir" or "swir" there
    orthorectify : put a product in the geometry of its sensor on the map grid that it comes with
    nodata : the stored number that stands for no value in every band, whatever the file says; NaN
        for none but NaN
    mask_clouds : pixels that the product's own mask of clouds marks are holes

    Raises
    ------
    RasterError : missing file, no raster, no bands, complex or mixed data types, a scale of 0, a
        file shorter than it says, a product that is incomplete or of a level that is not read
    OptionError : `bands` or `exclude` name what is not there; nothing is left; `orthorectify` of
        what has no lookup table; no pixel of its data type can have the value `nodata`;
        `mask_clouds` of what has no such mask
    """
    name, before = os.fspath(path), stamp_of(path)
    check_database()
    if not is_utf8(path):
        told = "its name is not UTF-8, and GDAL reads no others: rename it, or make a link to it"
        raise RasterError(f"{name}: {told}")
    choice = Choice(bands, exclude, drop_bad, overlap, orthorectify, nodata, mask_clouds)
    raster = _chosen(name, choice)
    if nodata is None:
        raster = raster.noted(undeclared_fill(raster))
    raster = raster.noted(coarse_numbers(raster))
    opening = Opening(name, choice, description(raster))
    raster = replace(raster, opening=opening, stamps=tuple(_stamps(raster, name, before)))
    for note in raster.notes:
        _LOG.warning("%s: %s", os.path.basename(raster.path.rstrip("/")), note)
    if mask_clouds and raster.clouds is not None:
        _LOG.info("clouds are holes, as %s marks them", raster.clouds.name)
    if told := advice(raster):
        _LOG.info(told)
    return raster


def as_it_is_now(raster: Raster) -> tuple[Raster, bool]:
    """Open a raster again as it was opened; tell whether it says of itself what it said then.

    Files may have come beside it: a mask, or what tells another place, nodata value or scale.

    Raises
    ------
    RasterError : it cannot be opened any more
    """
    if raster.opening is None:
        return raster, True
    again = _chosen(raster.opening.path, raster.opening.choice)
    return again, description(again) == raster.opening.said


def _chosen(path: str, choice: Choice) -> Raster:
    """Describe of what is there what is chosen."""
    raster = _described(path, orthorectify=choice.orthorectify)
    raster = without_clouds(raster) if choice.mask_clouds else raster
    raster = select_bands(raster, choice)
    check_extent(len(raster.bands), raster.cols, raster.path)
    raster = _with_possible_nodata(one_type(raster))
    return raster if choice.nodata is None else _with_nodata(raster, choice.nodata)


def _stamps(raster: Raster, path: str, before: Stamp | None) -> Iterator[tuple[str, Stamp]]:
    """Yield the files of a raster as they are, and the one that was named as it was before.

    Not those that a look at the raster may change, and of thousands none.
    """
    names = raster.all_files if len(raster.all_files) <= _LOOKED_AT else ()
    for name in names:
        stamp = before if name == path else stamp_of(name)
        if stamp and os.path.isfile(name) and not may_be_noted_in(name):
            yield name, stamp


def _described(path: str, *, orthorectify: bool) -> Raster:
    """Describe what is there; what a library stumbles over is a fault of the file, told as one.

    Raises
    ------
    HsisrError : as `open_raster`
    """
    try:
        raster = told_by_sources(describe(path, orthorectify=orthorectify), describe)
        check_scales(raster.bands, path)
        return raster
    except (HsisrError, MemoryError):
        raise
    except Exception as error:  # libraries raise anything at all, and files hold anything at all
        _LOG.debug("cannot describe %s", path, exc_info=True)
        if isinstance(error, OSError) and error.filename and error.strerror:
            raise RasterError(f"{path}: {error.filename}: {error.strerror}") from error
        told = f"{type(error).__name__}: {one_line(error)}".removesuffix(": ")
        raise RasterError(
            f"{path}: what it says of itself is not understood ({told}): convert it first, e.g. "
            "with gdal_translate, to GeoTIFF"
        ) from error


def _with_possible_nodata(raster: Raster) -> Raster:
    """Leave out nodata values that no pixel can have, whoever read them."""
    possible = [usable_nodata(band.nodata, raster.dtype) for band in raster.bands]
    pairs = zip(raster.bands, possible, strict=True)
    return replace(raster, bands=Bands(tuple(replace(b, nodata=n) for b, n in pairs)))


def _with_nodata(raster: Raster, nodata: float) -> Raster:
    if usable_nodata(nodata, raster.dtype) != nodata and not math.isnan(nodata):
        raise OptionError(f"--nodata {nodata:g}: no pixel of type {raster.dtype} has that value")
    value = usable_nodata(nodata, raster.dtype)
    return replace(raster, bands=Bands(tuple(replace(b, nodata=value) for b in raster.bands)))


def as_raster(src: "str | os.PathLike[str] | Raster") -> Raster:
    """Open a path; a raster that was opened, with its choice of bands, stays as it is."""
    return src if isinstance(src, Raster) else open_raster(src)
