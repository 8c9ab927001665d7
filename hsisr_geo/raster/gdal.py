"""A raster that GDAL reads: described as a `Raster`, and windows of its stored numbers."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from affine import Affine
from rasterio.enums import Interleaving
from rasterio.env import set_gdal_config
from rasterio.errors import RasterioError
from rasterio.windows import Window

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.declared_range import Limits, outside
from hsisr_geo.bands.metadata import (
    ALPHA,
    envi_fields,
    header_beside,
    read_bands,
    read_provenance,
    read_tags,
)
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import (
    anywhere,
    check_bands,
    check_envi,
    check_numbers,
    open_error,
    open_quietly,
    open_without_sidecar,
    reason,
    thread_handle,
)
from hsisr_geo.raster.facts.classes import tell_classes
from hsisr_geo.raster.facts.nodata import is_masked, settled_nodata, within_limits
from hsisr_geo.raster.facts.pixel_functions import check_computed
from hsisr_geo.raster.facts.remarks import is_remark
from hsisr_geo.raster.facts.stale_copy import stale_copy
from hsisr_geo.raster.place.envi_crs import crs_of_header, guessed_datum
from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.raster import Missing, Raster, Stored
from hsisr_geo.raster.sources import follow

_POOL = "GDAL_MAX_DATASET_POOL_SIZE"
_MOST_OPEN = 450  # GDAL's own number
_SOURCES_BYTES = 128 << 20  # that a VRT's sources may keep: of 50 MB each 450 would take all
_OPAQUE = 65535  # the most that an alpha is, of any type that has one by convention
_LEAST_SCALE = 1e-30  # what is less, or 1 by it, divides values to nothing that a float holds


@dataclass(frozen=True)
class GdalSource:
    """Windows of a GDAL dataset.

    Attributes
    ----------
    path : as GDAL takes it
    masked : a mask tells, beyond nodata values, which pixels are valid
    alpha : numbers, from 1, of alpha bands
    dtypes : of the bands, where they are not all the same
    limits : stored numbers beyond them are no values
    open_sources : of a VRT, how many of its sources GDAL keeps open, each with what it decodes
    """

    path: str
    masked: bool = False
    alpha: tuple[int, ...] = ()
    dtypes: tuple[str, ...] = ()
    limits: Limits | None = None
    open_sources: int = 0

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        window = Window.from_slices(rows, cols)
        numbers = [i + 1 for i in bands]
        if self.open_sources:
            set_gdal_config(_POOL, self.open_sources)  # heeded when the first VRT is opened
        try:
            dataset = thread_handle(self.path)
            stored = dataset.read(numbers, window=window)
            missing = dataset.read_masks(numbers, window=window) == 0 if self.masked else None
            for number in self.alpha:
                # GDAL itself heeds an alpha band only beside one band or three. What is
                # transparent is a hole of that band too, or interpolation would smooth its rim.
                # Numbers with a sign may run from the least of their type (rio-tiler's do).
                clear = dataset.read(number, window=window) <= 0
                missing = clear[None] if missing is None else missing | clear
            if stored.dtype.kind == "f":  # whose largest number is beyond arithmetic
                for place in (i for i, number in enumerate(numbers) if number in self.alpha):
                    np.clip(stored[place], 0, _OPAQUE, out=stored[place])
            if self.limits is not None:
                beyond = outside(stored, self.limits)
                missing = beyond if missing is None else missing | beyond
        except RasterioError as error:
            where = f"rows {rows.start}-{rows.stop - 1}, columns {cols.start}-{cols.stop - 1}"
            told = f"cannot read {where}: {reason(error)}; damaged?"
            raise RasterError(f"{self.path}: {told}") from error
        return stored, missing


def describe(path: str) -> Raster:
    """Describe the raster that GDAL finds at `path`; the file is closed again.

    Raises
    ------
    RasterError : missing file, no raster, no bands, complex or mixed data types, a scale of 0, an
        ENVI file shorter than its header says
    """
    try:
        with open_quietly(path) as dataset:
            check_bands(dataset, path)
            check_computed(dataset, path)
            longer = check_envi(dataset, path)
            if not (stale := stale_copy(dataset)):
                return described(dataset, path).noted(longer)
        with open_without_sidecar(path) as dataset:
            return described(dataset, path).noted(stale, longer)
    except UnicodeDecodeError as error:  # rasterio reads names of bands and of the CRS as UTF-8
        raise RasterError(
            f"{path}: its metadata hold text that is not UTF-8 ({error.object[:40]!r}): convert it"
        ) from error
    except RasterioError as error:
        raise open_error(path, error) from error


def described(dataset: Any, path: str) -> Raster:
    """Describe an open dataset; what it is read by is GDAL."""
    gcps, gcp_crs = dataset.gcps
    bands, on_bands = read_bands(dataset)
    bands, on_nodata = settled_nodata(bands, dataset)
    bands, limits = within_limits(bands, dataset)
    check_scales(bands, path)
    rpcs, odd_rpcs = _rpcs(dataset)
    fields = envi_fields(dataset)
    decoded, open_sources = _decoded(dataset)
    transform, flat = _usable_transform(dataset.transform)
    notes = (*on_bands, flat, *on_nodata, odd_rpcs, *_notes(dataset, bands, fields))
    alpha = tuple(number for number, band in enumerate(bands, start=1) if band.color == ALPHA)
    has_mask = any(map(is_masked, dataset.mask_flag_enums)) or bool(alpha)
    several = len(set(dataset.dtypes)) > 1
    return Raster(
        path=path,
        driver=dataset.driver,
        shape=(dataset.height, dataset.width),
        crs=wkt(crs_of_header(fields) or dataset.crs),
        transform=transform,
        dtype=dataset.dtypes[0],
        bands=bands,
        gcps=tuple(Gcp(p.row, p.col, p.x, p.y, p.z, p.id, p.info) for p in gcps),
        gcp_crs=wkt(gcp_crs),
        rpcs=rpcs,
        has_mask=has_mask,
        tags=read_tags(dataset),
        provenance=read_provenance(dataset),
        classes=tell_classes(dataset),
        interleave=dataset.interleaving.name if dataset.interleaving else "band",
        notes=tuple(filter(None, notes)),
        files=_further_files(dataset, path),
        source=GdalSource(
            path=anywhere(path),
            masked=has_mask,
            alpha=alpha,
            dtypes=tuple(dataset.dtypes) if several else (),
            limits=limits,
            open_sources=open_sources,
        ),
        decoded=decoded,
    )


def _decoded(dataset: Any) -> tuple[int, int]:
    """Return `Raster.decoded`, and how many sources of a VRT may be open; 0 of another raster."""
    if dataset.driver != "VRT":
        return _decoded_at_once(dataset), 0
    each, names = 0, [str(name) for name in dataset.files]
    for name in (name for name in names[1:] if not is_remark(name, names)):
        with suppress(RasterioError), open_quietly(name) as source:
            each = _decoded_at_once(source)
            break
    kept = min(_MOST_OPEN, max(2, _SOURCES_BYTES // max(each, 1)))
    return each * min(kept, len(dataset.files)), kept


def interleaved_lines(cols: int, bands: int, size: int) -> int:
    """Return what GDAL holds of a raw file of interleaved pixels: a line of all bands, for each."""
    return cols * bands * size * bands


def _decoded_at_once(dataset: Any) -> int:
    """Return the bytes of a block with all that GDAL decodes of it at once, and of it packed.

    OpenJPEG decodes a tile of all bands into integers of 32 bits.
    """
    size = np.dtype(dataset.dtypes[0]).itemsize
    together = dataset.count if dataset.interleaving == Interleaving.pixel else 1
    height, width = dataset.block_shapes[0]
    if dataset.driver == "ENVI" and together > 1:
        return interleaved_lines(dataset.width, dataset.count, size)
    if dataset.driver == "JP2OpenJPEG":
        together, size = dataset.count, 4 + size
    block: int = height * width * together * size
    packed = dataset.driver == "GTiff" and dataset.compression is not None
    return block * (2 if packed else 1)


def _usable_transform(transform: Affine) -> tuple[Affine, str]:
    """Return a geotransform and no note, or none and a note where pixels have no area in it."""
    if isfinite(transform.determinant) and transform.determinant != 0:
        return transform, ""
    told = ", ".join(f"{number:g}" for number in transform.to_gdal())
    return Affine.identity(), f"its geotransform ({told}) gives pixels no area, and is left out"


def _notes(dataset: Any, bands: Bands, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Say what a user may take for otherwise than it is read; "" for what is as usual."""
    return (
        _spare_points(dataset),
        _odd_alpha(bands),
        _unread_pages(dataset),
        _unseen_header(dataset, bands),
        guessed_datum(fields, dataset.crs),
    )


def _spare_points(dataset: Any) -> str:
    """Say so where control points stand beside a geotransform; formats keep one or the other."""
    count = len(dataset.gcps[0])
    if not count or dataset.transform == Affine.identity():
        return ""
    return f"its {count} control points stand beside a geotransform, which alone is kept"


def _odd_alpha(bands: Bands) -> str:
    """Say so where a band counts as alpha, though it was measured: GDAL writes four bytes so."""
    for number, band in enumerate(bands, start=1):
        if band.color == ALPHA and band.wavelength_nm is not None:
            return (
                f"band {number} has a wavelength, but is an alpha band: where it is 0, no band has "
                f"a value; if that is wrong, gdal_edit.py -colorinterp_{number} undefined"
            )
    return ""


def _unread_pages(dataset: Any) -> str:
    """Say so where a TIFF has further pages, as tifffile and scikit-image write bands."""
    pages = len(dataset.subdatasets)
    if dataset.driver != "GTiff" or pages < 2 or dataset.name.startswith("GTIFF_DIR"):
        return ""
    name = os.path.basename(dataset.name)
    return (
        f"it has {pages} pages, of which the first alone is read: if they are bands, gdalbuildvrt "
        f"-separate cube.vrt GTIFF_DIR:1:{name} GTIFF_DIR:2:{name} … makes one raster of them"
    )


def _unseen_header(dataset: Any, bands: Bands) -> str:
    """Say so where wavelengths may stand in an ENVI header that only GDAL can reach."""
    told = any(band.wavelength_nm is not None for band in bands)
    reached = header_beside(dataset) is not None or dataset.name.startswith("/vsimem/")
    if dataset.driver != "ENVI" or told or reached:
        return ""
    return (
        "its header is no plain file, and GDAL stops at lines of 10000 characters: if it tells "
        "wavelengths, unpack it, or name it in a zip, by /vsizip/"
    )


def one_type(raster: Raster) -> Raster:
    """Describe the raster with the one data type that its bands, as chosen, have.

    Raises
    ------
    RasterError : they have several, or hold what is no real number
    """
    dtypes = raster.source.dtypes if isinstance(raster.source, GdalSource) else ()
    places = raster.source_bands or range(len(raster.bands))
    chosen = sorted({dtypes[i] for i in places}) if dtypes else [raster.dtype]
    for dtype in chosen:
        check_numbers(dtype, raster.path)
    if len(chosen) > 1:
        firsts = ", ".join(f"band {dtypes.index(dtype) + 1} is {dtype}" for dtype in chosen)
        raise RasterError(
            f"{raster.path} has bands of several data types ({', '.join(chosen)}: {firsts}): "
            "choose bands of one with --bands, or make them one with `gdal_translate -ot Float32`"
        )
    return replace(raster, dtype=chosen[0])


def _further_files(dataset: Any, path: str) -> tuple[str, ...]:
    """Return the files that GDAL reads besides `path`: headers, and what VRTs lead to."""
    named = [anywhere(str(name)) for name in dataset.files]
    own = os.path.realpath(path)
    every = dict.fromkeys([*named, *follow([path, *named])])
    return tuple(name for name in every if os.path.realpath(name) != own)


def _rpcs(dataset: Any) -> tuple[dict[str, str] | None, str]:
    """Return the rational polynomials; placeholders, which are no numbers, are left out."""
    try:
        return (dataset.rpcs.to_gdal() if dataset.rpcs else None), ""
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "its rational polynomial coefficients are no numbers: left out"


def check_scales(bands: Bands, path: str) -> None:
    """Refuse bands whose scale and offset give no values."""
    for number, band in enumerate(bands, start=1):
        usual = _LEAST_SCALE < abs(band.scale) < 1 / _LEAST_SCALE  # False for NaN, too
        if not usual or not isfinite(band.offset):
            raise RasterError(
                f"{path}: band {number} has scale {band.scale:g} and offset {band.offset:g}, from "
                "which no value follows: correct them, e.g. with gdal_edit.py -scale 1 -offset 0"
            )


def wkt(crs: Any) -> str | None:
    """Return rasterio's CRS as WKT; None for an empty one."""
    return str(crs.to_wkt(version="WKT2_2019")) if crs else None
