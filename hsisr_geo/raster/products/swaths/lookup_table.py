"""A swath on the map of a table that names sample and line of the swath for each of its pixels.

JPL's tables count from 1; 0 is no pixel, and negative numbers are the nearest one, which fills a
gap. AVIRIS has them in a raster beside the image (GLT), AVIRIS-3 and -5 in the netCDF file of the
radiance as well: `geolocation_lookup_table/sample, line`, on the grid of the `GeoTransform` beside
the CRS (as isofit, HyTools and emit-utils read them).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.bands.lists import to_number
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.hdf5 import BandRange, Hdf5Source, as_text, fill_of
from hsisr_geo.raster.products.place import ORTHORECTIFIED, wkt_of
from hsisr_geo.raster.products.swaths.geolocation import gather
from hsisr_geo.raster.raster import Missing, Raster, Source, Stored

_GROUP = "geolocation_lookup_table"
_STRIP = 512  # lines of a table that are checked at once


@dataclass(frozen=True)
class LookupTable:
    """A table: a source of two bands, samples and lines, on a map grid.

    Attributes
    ----------
    name : as messages call it
    nothing : what it says where there is no pixel, besides 0
    """

    name: str
    source: Source
    shape: tuple[int, int]
    crs: str | None
    transform: Affine
    nothing: tuple[float | None, ...] = ()

    def read(self, rows: slice, cols: slice) -> NDArray[np.int64]:
        """Return samples and lines (2, row, col) from 1; 0 where there is none."""
        stored, _ = self.source.read([0, 1], rows, cols)
        for plane, value in zip(stored, self.nothing, strict=False):
            plane[(plane == value) | (plane != plane)] = 0  # NaN, too
        return np.abs(stored.astype(np.int64))


@dataclass(frozen=True)
class TableSource:
    """Windows of the map grid, gathered pixel by pixel through a table."""

    image: Source
    table: LookupTable

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        sample, line = self.table.read(rows, cols) - 1
        return gather(self.image, bands, line, sample)


def by_table(raster: Raster, table: LookupTable) -> Raster:
    """Put a swath on the map of its table.

    Raises
    ------
    RasterError : the table points beyond the image
    """
    _check(table, raster)
    assert raster.source is not None  # of a file that was opened
    return replace(
        raster,
        product=raster.product + ORTHORECTIFIED,
        shape=table.shape,
        crs=table.crs,
        transform=table.transform,
        gcps=(),
        gcp_crs=None,
        has_mask=True,
        source=TableSource(raster.source, table),
    )


def table_in(file: Any, path: Path) -> LookupTable | None:
    """Return the table that an open HDF5 file brings along; None where there is none with a place.

    Raises
    ------
    RasterError : its two bands differ in size, or its CRS is not understood
    """
    names = [f"{_GROUP}/{name}" for name in ("sample", "line")]
    if any(getattr(file.get(name), "ndim", 0) != 2 for name in names):
        return None
    sample, line = (file[name] for name in names)
    if sample.shape != line.shape:
        raise RasterError(f"{path}: its lookup tables sample and line differ in size: damaged?")
    told: Any = next((n.attrs for n in file.values() if "GeoTransform" in n.attrs), {})
    crs = told.get("crs_wkt", told.get("spatial_ref"))
    numbers = [to_number(text) for text in str(as_text(told.get("GeoTransform", ""))).split()]
    transform = [number for number in numbers if number is not None]
    if crs is None or len(transform) != 6:
        return None
    return LookupTable(
        f"{path}: its {_GROUP}",
        Hdf5Source(anywhere(str(path)), tuple(BandRange(name, "rc", (0,)) for name in names)),
        sample.shape,
        wkt_of(str(as_text(crs)), str(path)),
        Affine.from_gdal(*transform),
        (fill_of(sample), fill_of(line)),
    )


def _check(table: LookupTable, raster: Raster) -> None:
    """Refuse a table of another image; a strip at a time."""
    rows, cols = table.shape
    for top in range(0, rows, _STRIP):
        numbers = table.read(slice(top, min(top + _STRIP, rows)), slice(0, cols))
        sample, line = numbers.max(axis=(1, 2))
        if line > raster.rows or sample > raster.cols:
            raise RasterError(
                f"{table.name} points to line {line}, sample {sample}, but {raster.path} has "
                f"{raster.rows} lines of {raster.cols}: it is the table of another image"
            )
