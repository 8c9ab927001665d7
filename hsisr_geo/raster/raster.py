"""`Raster`: where a raster's pixels lie and what its bands are, as a value.

It holds no file handle, so it can be pickled and shared between threads. Windows are (rows, cols)
slices; pixel (0, 0) is the upper left one and its corner, not its centre, is where `transform`
maps (0, 0).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor
from typing import Any, Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.metadata import Tags
from hsisr_geo.bands.pixel_tags import finer_items
from hsisr_geo.errors import RasterError
from hsisr_geo.paths import Stamp
from hsisr_geo.raster.place.gcp import Bounds, Gcp, pixels_by_gcps

Stored = NDArray[Any]  # (band, row, col), numbers as the file has them
Missing = NDArray[np.bool_]  # True where there is no value; broadcasts to (band, row, col)

# A --bounds value printed with a few digits must not pull in a whole further pixel.
_SNAP = 1e-6
_SHORT = {"metre": "m", "meter": "m", "kilometre": "km", "degree": "°", "us survey foot": "ft"}
_UNIT = re.compile(r'UNIT\["([^"]+)"')


class Source(Protocol):
    """Where the numbers of a raster come from; frozen and picklable, its handles are per thread."""

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window of bands (0-based, of the source).

        Returns
        -------
        the stored numbers; where there is no value, beyond what each band's nodata value tells

        Raises
        ------
        RasterError : when the file cannot be read there (truncated, damaged, gone)
        """


@dataclass(frozen=True)
class Clouds:
    """A mask of clouds by the maker of a product.

    Parameters
    ----------
    name : of the layer, as outputs tell it
    source, band : on the grid of the raster, `flag` where there is a cloud
    files : that it is in, besides those of the raster
    masked : such pixels count as holes
    """

    name: str
    source: Source
    flag: int = 1
    files: tuple[str, ...] = ()
    masked: bool = False
    band: int = 0


@dataclass(frozen=True)
class Choice:
    """What of a file is taken, and how it is read; fields as the options of `open_raster`."""

    bands: str | None = None
    exclude: str | None = None
    drop_bad: bool = False
    overlap: str = "keep"
    orthorectify: bool = False
    nodata: float | None = None
    mask_clouds: bool = False


@dataclass(frozen=True)
class Opening:
    """How a raster was opened, and what it said of itself then (`facts.description`)."""

    path: str
    choice: Choice
    said: str


@dataclass(frozen=True)
class Raster:
    """The description of a raster, or of the grid made from one by `upscaled`.

    Parameters
    ----------
    path, driver : the file or folder, and its format
    shape : (rows, cols)
    crs : WKT, or None
    transform : pixel corner (col, row) -> CRS; the identity when the file has none
    gcps, gcp_crs, rpcs : other ways to tell where the pixels lie
    dtype : of the stored numbers, e.g. "int16"
    has_mask : a mask or alpha band tells, beyond nodata values, which pixels are valid
    tags : metadata domain ("" is the default one) -> items
    provenance : how it was made, if it was made here: its HSISR_* tags
    classes : what tells that its numbers are names of classes; "" where nothing does
    interleave : "band", "line" or "pixel"
    product : what was recognised, e.g. "EnMAP L2A"; "" for a plain raster
    notes : what was guessed, left out, or looks undeclared, each in a sentence
    files : the files that the raster consists of, or is told about by, besides `path`
    source : reads the numbers; None for a grid that is not one of a file
    source_bands : place of each band in the source, 0-based; None where all are there, in order
    clouds : the mask of clouds that it comes with, if any
    decoded : bytes that each thread that reads it holds besides what it asked for: a block of all
        that lies together, unpacked, and packed where it is compressed; None where HDF5 reads it,
        and nobody has looked
    stamps : its files as they were when it was described, by name
    opening : how it was opened; None where it was not
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
    product: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)
    provenance: Mapping[str, str] = field(default_factory=dict, hash=False)
    classes: str = ""
    files: tuple[str, ...] = ()
    source: Source | None = None
    source_bands: tuple[int, ...] | None = None
    clouds: Clouds | None = None
    decoded: int | None = field(default=None, compare=False)
    stamps: tuple[tuple[str, Stamp], ...] = field(default=(), compare=False, repr=False)
    opening: Opening | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        """Say in a line what it is; the fields of many bands would fill a screen."""
        told = (
            self.driver,
            *filter(None, [self.product]),
            f"{self.rows} rows x {self.cols} columns",
            f"{len(self.bands)} bands of {self.dtype}",
            self.crs_name or "no CRS",
        )
        return f"<Raster {self.path!r}: {', '.join(told)}>"

    @property
    def all_files(self) -> tuple[str, ...]:
        """Its name and the further files, which follow what it names to the end."""
        return (self.path, *self.files)

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
    def crs_name(self) -> str:
        """The name of the CRS that places it, e.g. "WGS 84 / UTM zone 33N"; "" for none."""
        by_points = self.gcps and not self.has_transform
        parts = ((self.gcp_crs if by_points else self.crs) or "").split('"', 2)
        return parts[1] if len(parts) == 3 else parts[0]

    @property
    def unit(self) -> str:
        """The unit in which the CRS measures, e.g. "m" or "°"; "" where nothing tells."""
        units = _UNIT.findall(self.crs or "") if self.has_transform else []
        return _SHORT.get(units[-1].lower(), units[-1]) if units else ""

    @property
    def bounds(self) -> Bounds:
        """The box (xmin, ymin, xmax, ymax) that encloses the raster, rotated or not."""
        corners = [self.transform @ (c, r) for c in (0, self.cols) for r in (0, self.rows)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def noted(self, *notes: str) -> "Raster":
        """Describe the same raster, with further notes; those that are there, once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *filter(None, notes)))))

    def select(self, bands: Sequence[int]) -> "Raster":
        """Describe a raster of some of the bands (0-based), in that order."""
        places = self.source_bands or range(len(self.bands))
        return replace(
            self, bands=self.bands.select(bands), source_bands=tuple(places[i] for i in bands)
        )

    def upscaled(
        self, upscale: int, rows: slice | None = None, cols: slice | None = None
    ) -> "Raster":
        """Describe the grid `upscale` times finer over a window of this one.

        Bounds and the upper left corner stay where they are, whatever the rotation. A raster
        without a geotransform stays without. GCPs and RPCs follow GDAL's rules.

        >>> raster.upscaled(4).shape  # doctest: +SKIP
        (768, 640)
        """
        top, bottom, left, right = *within_axis(rows, self.rows), *within_axis(cols, self.cols)
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
            tags={name: finer_items(items, upscale) for name, items in self.tags.items()},
            rpcs=None if self.rpcs is None else _scaled_rpcs(self.rpcs, upscale, top, left),
            source=None,
        )

    def window_of(self, bounds: Bounds) -> tuple[slice, slice]:
        """Return the whole pixels (rows, cols) that cover `bounds`, clipped to the raster.

        On a rotated grid that is the smallest window that encloses them. Where control points
        place the raster, bounds are in their CRS, and pixels follow from the points' own
        transformation. Without any place they are pixels.

        Raises
        ------
        RasterError : when `bounds` is empty, not of four numbers, or lies beside the raster
        """
        if len(bounds) != 4:
            raise RasterError(f"bounds {bounds} are not four numbers: give XMIN YMIN XMAX YMAX")
        xmin, ymin, xmax, ymax = bounds
        if not (xmin < xmax and ymin < ymax):
            raise RasterError(f"bounds {bounds} are empty: give XMIN YMIN XMAX YMAX")
        cols, rows = self._pixels_of(bounds)
        window = _covering(rows, self.rows), _covering(cols, self.cols)
        if any(axis.start >= axis.stop for axis in window):
            told = f"{_box(bounds)} do not touch {self.path}, which has {_box(self._extent)}"
            raise RasterError(f"bounds {told}: give them in {self.crs_name or 'pixels'}")
        return window

    def _pixels_of(self, bounds: Bounds) -> tuple[list[float], list[float]]:
        """Return columns and rows of the corners of a box, or of points along its rim."""
        if not self.has_transform and self.gcps:
            return pixels_by_gcps(self.gcps, bounds)
        if not self.has_transform and self.rpcs:
            raise RasterError(
                f"{self.path} is placed by rational polynomial coefficients, in which bounds mean "
                "no pixels: cut it by pixels (gdal_translate -srcwin), or warp it first (gdalwarp)"
            )
        xmin, ymin, xmax, ymax = bounds
        corners = [~self.transform @ (x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
        rows = [row for _, row in corners]
        if not self.georeferenced and -self.rows <= ymin and ymax <= 0:
            rows = [-row for row in rows]  # QGIS counts rows of such rasters downwards from 0
        return [col for col, _ in corners], rows

    @property
    def _extent(self) -> Bounds:
        """The box that encloses the raster, by its control points where these place it."""
        if self.has_transform or not self.gcps:
            return self.bounds
        xs, ys = [p.x for p in self.gcps], [p.y for p in self.gcps]
        return min(xs), min(ys), max(xs), max(ys)


def within_axis(axis: slice | None, size: int) -> tuple[int, int]:
    """Return first and last plus one of a slice that must lie inside 0..size; all for None."""
    start, stop, step = (axis or slice(None)).indices(size)
    if step != 1 or start >= stop or (axis is not None and (axis.stop or 0) > size):
        raise RasterError(f"window {axis} does not lie inside 0..{size}")
    return start, stop


def _box(bounds: Bounds) -> str:
    return " ".join(f"{number:.10g}" for number in bounds)


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
