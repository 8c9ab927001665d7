"""AVIRIS in ENVI: an image as the sensor saw it, and beside it what tells where its pixels lie.

JPL, "AVIRIS-3 Distribution Document" and that of AVIRIS-NG: the files of a flight line begin alike
(AV3YYYYMMDDtHHMMSS, angYYYYMMDDtHHMMSS); the GLT, `..._GLT` or `..._glt`, lies on the map and has,
for each of its pixels, sample and line of the image, from 1; 0 where there is none, negative where
the nearest one is taken to fill a gap. LOC has longitude, latitude and height of each pixel of the
image; so has IGM, but its places may be eastings and northings. Parts of a flight line have
numbers, so that the file of an image is the one whose name is most like its own.
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
from hsisr_geo.raster.products.swaths.geolocation import BandPlaces, gather, on_map, placed_by
from hsisr_geo.raster.raster import Missing, Raster, Source, Stored

_LINE = re.compile(r"(AV3\d{8}t|ang\d{8}t|f\d{6}t\d\dp\d\dr)\d\d(\d{4})?", re.IGNORECASE)
_NAMES = {"av3": "AVIRIS-3", "ang": "AVIRIS-NG"}
_ENDING = r"(\.(img|dat|bil|bip|bsq))?"
_TABLE = re.compile(rf".*[_.]glt{_ENDING}", re.IGNORECASE)
_LOC = re.compile(rf".*[_.]loc{_ENDING}", re.IGNORECASE)
_IGM = re.compile(rf".*[_.]igm{_ENDING}", re.IGNORECASE)


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
    """Place an image by what lies beside it: on a map, where asked, else by control points.

    Raises
    ------
    RasterError : the table is no table, or points beyond the image
    OptionError : too few pixels have a place
    """
    line = _LINE.match(place.name)
    if line is None or raster.has_transform:
        return raster
    named = replace(raster, product=_NAMES.get(line[0][:3].lower(), "AVIRIS"))
    path = _beside(place, line[0], _TABLE)
    if orthorectify and path is not None:
        return _by_table(named, path)
    places, files, note = _places(named, place, line[0])
    if places is not None:
        found = replace(named, files=(*raster.files, *files))
        named = on_map(found, places) if orthorectify else placed_by(found, places)
    elif path is None:
        return raster.noted(note)
    if orthorectify:
        return named.noted(note)
    told = path or Path(files[0])
    what = "the map of" if path else "a map by"
    return named.noted(note, f"as the sensor saw it; --orthorectify puts it on {what} {told.name}")


def _by_table(raster: Raster, path: Path) -> Raster:
    """Put an image on the map of its table."""
    table = gdal.describe(str(path))
    if len(table.bands) < 2 or table.dtype[0] not in "iuf" or table.source is None:
        raise RasterError(f"{path} is no lookup table of two bands of integers: damaged?")
    _check_table(table, raster)
    assert raster.source is not None  # of a file that was opened
    return replace(
        raster,
        product=raster.product + ORTHORECTIFIED,
        shape=table.shape,
        crs=table.crs,
        transform=table.transform,
        has_mask=True,
        files=(*raster.files, str(path)),
        source=TableSource(raster.source, table.source, _nothing(table)),
    )


def _places(
    raster: Raster, place: Path, line: str
) -> tuple[BandPlaces | None, tuple[str, ...], str]:
    """Return where the pixels lie, the files that tell it, and a note on those that do not."""
    note = ""
    for kind in (_LOC, _IGM):
        path = _beside(place, line, kind)
        if path is None:
            continue
        told = gdal.describe(str(path))
        if told.shape != raster.shape or len(told.bands) < 2 or told.source is None:
            note = f"{path.name} is not used: it is no raster of two bands and {raster.shape}"
            continue
        places = BandPlaces(told.source, told.shape)
        if np.isfinite(places.read()[0]).any():
            return places, (str(path), *told.files), ""
        note = f"{path.name} is not used: it has no degrees, and eastings of a zone not told"
    return None, (), note


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


def _beside(place: Path, line: str, kind: re.Pattern[str]) -> Path | None:
    """Return the file of that kind whose name is most like that of the image."""
    found = [p for p in sorted(place.parent.glob(f"{line}*")) if kind.fullmatch(p.name)]
    alike = [len(_words(path) & _words(place)) for path in found]
    return found[alike.index(max(alike))] if found and place not in found else None


def _words(path: Path) -> set[str]:
    return set(re.split(r"[_.]", path.name.lower()))


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
