"""AVIRIS-3 and AVIRIS-NG in ENVI: an image as the sensor saw it, and a lookup table beside it.

JPL, "AVIRIS-3 Distribution Document" and that of AVIRIS-NG: the files of a flight line begin alike
(AV3YYYYMMDDtHHMMSS, angYYYYMMDDtHHMMSS); the GLT, `..._GLT` or `..._glt`, lies on the map and has,
for each of its pixels, sample and line of the image, from 1; 0 where there is none, negative where
the nearest one is taken to fill a gap.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.products.place import ORTHORECTIFIED
from hsisr_geo.raster.products.swaths.geolocation import gather
from hsisr_geo.raster.raster import Missing, Raster, Source, Stored

_LINE = re.compile(r"(AV3\d{8}t\d{6}|ang\d{8}t\d{6})", re.IGNORECASE)
_TABLE = re.compile(r".*[_.]glt(\.(img|dat|bil|bip|bsq))?", re.IGNORECASE)


@dataclass(frozen=True)
class TableSource:
    """Windows of the map grid, gathered pixel by pixel through a lookup table in a raster.

    Attributes
    ----------
    nothing : what the table says where there is no pixel, besides 0
    """

    image: Source
    table: Source
    nothing: tuple[float | None, ...] = ()

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        sample, line = _told(self.table, self.nothing, rows, cols) - 1
        return gather(self.image, bands, line, sample)


def on_its_map(raster: Raster, place: Path, *, orthorectify: bool) -> Raster:
    """Put an image on the map of the table beside it, where asked; else say that it can be put.

    Raises
    ------
    RasterError : the table is no table, or points beyond the image
    """
    line = _LINE.match(place.name)
    path = _table_beside(place, line[0]) if line and not raster.has_transform else None
    if line is None or path is None:
        return raster
    product = f"AVIRIS-{'3' if line[0].upper().startswith('AV3') else 'NG'}"
    if not orthorectify:
        told = f"as the sensor saw it; --orthorectify puts it on the map of {path.name}"
        return replace(raster, product=product).noted(told)
    table = gdal.describe(str(path))
    if len(table.bands) < 2 or table.dtype[0] not in "iuf" or table.source is None:
        raise RasterError(f"{path} is no lookup table of two bands of integers: damaged?")
    _check_table(table, raster)
    assert raster.source is not None  # of a file that was opened
    return replace(
        raster,
        product=product + ORTHORECTIFIED,
        shape=table.shape,
        crs=table.crs,
        transform=table.transform,
        has_mask=True,
        files=(*raster.files, str(path)),
        source=TableSource(raster.source, table.source, _nothing(table)),
    )


def _nothing(table: Raster) -> tuple[float | None, ...]:
    return tuple(band.nodata for band in table.bands.items[:2])


def _told(
    table: Source, nothing: Sequence[float | None], rows: slice, cols: slice
) -> NDArray[np.int64]:
    """Return samples and lines (2, row, col) of a table, from 1; 0 where there is none."""
    stored, _ = table.read([0, 1], rows, cols)
    for plane, value in zip(stored, nothing, strict=False):
        plane[(plane == value) | (plane != plane)] = 0  # NaN, too
    return np.abs(stored.astype(np.int64))


def _table_beside(place: Path, line: str) -> Path | None:
    found = (p for p in sorted(place.parent.glob(f"{line}*")) if _TABLE.fullmatch(p.name))
    return next((path for path in found if path != place), None)


def _check_table(table: Raster, raster: Raster) -> None:
    """Refuse a table of another image; a strip at a time."""
    assert table.source is not None
    for top in range(0, table.rows, 512):
        strip = slice(top, min(top + 512, table.rows))
        numbers = _told(table.source, _nothing(table), strip, slice(0, table.cols))
        sample, line = numbers.max(axis=(1, 2))
        if line > raster.rows or sample > raster.cols:
            raise RasterError(
                f"{table.path} points to line {line}, sample {sample}, but {raster.path} has "
                f"{raster.rows} lines of {raster.cols}: it is the table of another image"
            )
