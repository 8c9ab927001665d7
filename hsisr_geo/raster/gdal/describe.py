"""A raster that GDAL reads, described as a `Raster`."""

import os
from dataclasses import replace
from math import isfinite
from typing import Any

from affine import Affine
from rasterio.errors import RasterioError

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.metadata import (
    ALPHA,
    envi_fields,
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
)
from hsisr_geo.raster.facts.classes import tell_classes
from hsisr_geo.raster.facts.nodata import is_masked, settled_nodata, within_limits
from hsisr_geo.raster.gdal.held_blocks import decoded_at_once
from hsisr_geo.raster.gdal.oddities import oddities
from hsisr_geo.raster.gdal.pixel_functions import check_computed
from hsisr_geo.raster.gdal.source import GdalSource
from hsisr_geo.raster.gdal.stale_copy import stale_copy
from hsisr_geo.raster.place.envi_crs import crs_of_header
from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.sources import follow

_LEAST_SCALE = 1e-30  # what is less, or 1 by it, divides values to nothing that a float holds


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
    decoded, open_sources = decoded_at_once(dataset)
    transform, flat = _usable_transform(dataset.transform)
    notes = (*on_bands, flat, *on_nodata, odd_rpcs, *oddities(dataset, bands, fields))
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


def _usable_transform(transform: Affine) -> tuple[Affine, str]:
    """Return a geotransform and no note, or none and a note where pixels have no area in it."""
    if isfinite(transform.determinant) and transform.determinant != 0:
        return transform, ""
    told = ", ".join(f"{number:g}" for number in transform.to_gdal())
    return Affine.identity(), f"its geotransform ({told}) gives pixels no area, and is left out"


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
