"""A raster as a value: where it lies, what its bands are, and windows read from it.

`Raster` holds no file handle, so it can be pickled and shared between threads. Windows are
(rows, cols) slices; pixel (0, 0) is the upper left one and its corner, not its centre, is
where `transform` maps (0, 0).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor, isfinite
from typing import Any

import numpy as np
from affine import Affine
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from hsisr_geo.bands import Bands
from hsisr_geo.datasets import (
    check_bands,
    check_envi,
    open_error,
    open_quietly,
    reason,
    thread_handle,
)
from hsisr_geo.errors import RasterError
from hsisr_geo.metadata import ALPHA, Tags, read_bands, read_tags
from hsisr_geo.radiometry import Cube, decode, usable_nodata

Bounds = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax in CRS units

# A --bounds value printed with a few digits must not pull in a whole further pixel.
_SNAP = 1e-6


@dataclass(frozen=True)
class Gcp:
    """A ground control point: pixel (row, col) lies at (x, y, z)."""

    row: float
    col: float
    x: float
    y: float
    z: float | None = None
    id: str | None = None
    info: str | None = None


@dataclass(frozen=True)
class Raster:
    """The description of a raster file, or of the grid made from one by `upscaled`.

    Parameters
    ----------
    path, driver : the file and its GDAL format
    shape : (rows, cols)
    crs : WKT, or None
    transform : pixel corner (col, row) -> CRS; the identity when the file has none
    gcps, gcp_crs, rpcs : other ways to tell where the pixels lie
    dtype : of the stored numbers, e.g. "int16"
    has_mask : a mask or alpha band tells, beyond nodata values, which pixels are valid
    tags : metadata domain ("" is the default one) -> items
    interleave : "band", "line" or "pixel"
    """

    path: str
    driver: str
    shape: tuple[int, int]
    crs: str | None
    transform: Affine
    dtype: str
    bands: Bands
    gcps: tuple[Gcp, ...] = ()
    gcp_crs: str | None = None
    rpcs: Mapping[str, str] | None = field(default=None, hash=False)
    has_mask: bool = False
    tags: Tags = field(default_factory=dict, hash=False)
    interleave: str = "band"

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return self.shape[0]

    @property
    def cols(self) -> int:
        """Width in pixels."""
        return self.shape[1]

    @property
    def has_transform(self) -> bool:
        """Whether the file has a geotransform (GDAL says the identity when it has none)."""
        return bool(self.transform != Affine.identity())

    @property
    def georeferenced(self) -> bool:
        """Whether anything tells where the pixels lie."""
        return self.has_transform or bool(self.crs or self.gcps or self.rpcs)

    @property
    def bounds(self) -> Bounds:
        """The box (xmin, ymin, xmax, ymax) that encloses the raster, rotated or not."""
        corners = [self.transform @ (c, r) for c in (0, self.cols) for r in (0, self.rows)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def upscaled(
        self, upscale: int, rows: slice | None = None, cols: slice | None = None
    ) -> "Raster":
        """Describe the grid `upscale` times finer over a window of this one.

        Bounds and the upper left corner stay where they are, whatever the rotation. A raster
        without a geotransform stays without. GCPs and RPCs follow GDAL's rules.

        >>> raster.upscaled(4).shape  # doctest: +SKIP
        (768, 640)
        """
        top, bottom, left, right = *_range(rows, self.rows), *_range(cols, self.cols)
        if (side := upscale * max(bottom - top, right - left)) >= 2**31:
            told = f"{self.path}: {side} pixels are more than a raster of GDAL can have on a side"
            raise RasterError(f"{told}: choose a part with bounds")
        transform = self.transform
        if self.has_transform:
            transform = transform @ Affine.translation(left, top) @ Affine.scale(1 / upscale)
        gcps = (
            replace(p, row=(p.row - top) * upscale, col=(p.col - left) * upscale) for p in self.gcps
        )
        return replace(
            self,
            shape=((bottom - top) * upscale, (right - left) * upscale),
            transform=transform,
            gcps=tuple(gcps),
            rpcs=None if self.rpcs is None else _scaled_rpcs(self.rpcs, upscale, top, left),
        )

    def window_of(self, bounds: Bounds) -> tuple[slice, slice]:
        """Return the whole pixels (rows, cols) that cover `bounds`, clipped to the raster.

        On a rotated grid that is the smallest window that encloses them.

        Raises
        ------
        RasterError : when `bounds` is empty or lies beside the raster
        """
        xmin, ymin, xmax, ymax = bounds
        if not (xmin < xmax and ymin < ymax):
            raise RasterError(f"bounds {bounds} are empty: give XMIN YMIN XMAX YMAX")
        inverse = ~self.transform
        pixels = [inverse @ (x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
        cols, rows = zip(*pixels, strict=True)
        window = _covering(rows, self.rows), _covering(cols, self.cols)
        if any(axis.start >= axis.stop for axis in window):
            raise RasterError(f"bounds {bounds} do not touch {self.path}, which has {self.bounds}")
        return window


def open_raster(path: str | os.PathLike[str]) -> Raster:
    """Describe the raster at `path`; the file is closed again.

    Raises
    ------
    RasterError : missing file, no raster, no bands, complex or mixed data types, a scale of 0, an
        ENVI file shorter than its header says
    """
    path = os.fspath(path)
    try:
        with open_quietly(path) as dataset:
            check_bands(dataset, path)
            check_envi(dataset, path)
            return _describe(dataset, path)
    except UnicodeDecodeError as error:  # rasterio reads names of bands and of the CRS as UTF-8
        raise RasterError(
            f"{path}: its metadata hold text that is not UTF-8 ({error.object[:40]!r}): convert it"
        ) from error
    except RasterioError as error:
        raise open_error(path, error) from error


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
    top, bottom, left, right = *_range(rows, raster.rows), *_range(cols, raster.cols)
    window = Window(left, top, right - left, bottom - top)
    numbers = [i + 1 for i in chosen]
    try:
        dataset = thread_handle(raster.path)
        cube = decode(dataset.read(numbers, window=window), raster.bands.select(chosen))
        if raster.has_mask:
            cube[dataset.read_masks(numbers, window=window) == 0] = np.nan
            for number in _alpha_numbers(raster.bands):
                # GDAL itself heeds an alpha band only beside one band or three. What is
                # transparent is a hole of that band too, or interpolation would smooth its rim.
                cube[:, dataset.read(number, window=window) == 0] = np.nan
    except RasterioError as error:
        where = f"rows {top}-{bottom - 1}, columns {left}-{right - 1}"
        told = f"cannot read {where}: {reason(error)}; damaged?"
        raise RasterError(f"{raster.path}: {told}") from error
    return cube


def _describe(dataset: Any, path: str) -> Raster:
    dtype = dataset.dtypes[0]
    gcps, gcp_crs = dataset.gcps
    bands = _with_usable_nodata(read_bands(dataset), dtype)
    _check_scales(bands, path)
    return Raster(
        path=path,
        driver=dataset.driver,
        shape=(dataset.height, dataset.width),
        crs=_wkt(dataset.crs),
        transform=dataset.transform,
        dtype=dtype,
        bands=bands,
        gcps=tuple(Gcp(p.row, p.col, p.x, p.y, p.z, p.id, p.info) for p in gcps),
        gcp_crs=_wkt(gcp_crs),
        rpcs=dataset.rpcs.to_gdal() if dataset.rpcs else None,
        has_mask=any(map(_is_masked, dataset.mask_flag_enums)) or bool(_alpha_numbers(bands)),
        tags=read_tags(dataset),
        interleave=dataset.interleaving.name if dataset.interleaving else "band",
    )


def _is_masked(flags: Sequence[MaskFlags]) -> bool:
    # nodata alone is handled per band by `decode`; with `per_dataset` it is a rule over all
    # bands (NODATA_VALUES), which GDAL's mask band knows.
    return list(flags) not in ([MaskFlags.all_valid], [MaskFlags.nodata])


def _alpha_numbers(bands: Bands) -> list[int]:
    return [number for number, band in enumerate(bands, start=1) if band.color == ALPHA]


def _with_usable_nodata(bands: Bands, dtype: str) -> Bands:
    return Bands(tuple(replace(b, nodata=usable_nodata(b.nodata, dtype)) for b in bands))


def _check_scales(bands: Bands, path: str) -> None:
    for number, band in enumerate(bands, start=1):
        if band.scale == 0 or not isfinite(band.scale) or not isfinite(band.offset):
            raise RasterError(
                f"{path}: band {number} has scale {band.scale:g} and offset {band.offset:g}, from "
                "which no value follows: correct them, e.g. with gdal_edit.py -scale 1 -offset 0"
            )


def _wkt(crs: Any) -> str | None:
    return str(crs.to_wkt(version="WKT2_2019")) if crs else None


def _range(axis: slice | None, size: int) -> tuple[int, int]:
    start, stop, step = (axis or slice(None)).indices(size)
    if step != 1 or start >= stop or (axis is not None and (axis.stop or 0) > size):
        raise RasterError(f"window {axis} does not lie inside 0..{size}")
    return start, stop


def _covering(positions: Sequence[float], size: int) -> slice:
    low, high = floor(min(positions) + _SNAP), ceil(max(positions) - _SNAP)
    return slice(max(low, 0), min(max(high, low + 1), size))


def _scaled_rpcs(rpcs: Mapping[str, str], upscale: int, top: int, left: int) -> dict[str, str]:
    # Offsets refer to pixel centres, hence the half pixel (as in gdal_translate).
    scaled = dict(rpcs)
    for axis, first in (("LINE", top), ("SAMP", left)):
        offset, scale = float(rpcs[f"{axis}_OFF"]), float(rpcs[f"{axis}_SCALE"])
        scaled[f"{axis}_OFF"] = repr((offset - first + 0.5) * upscale - 0.5)
        scaled[f"{axis}_SCALE"] = repr(scale * upscale)
    return scaled
