"""ENVI images as the sensor saw them, and beside them what tells where their pixels lie: AVIRIS.

JPL, "AVIRIS-3 Distribution Document" and that of AVIRIS-NG: the files of a flight line begin alike
(AV3YYYYMMDDtHHMMSS, angYYYYMMDDtHHMMSS); the GLT, `..._GLT` or `..._glt`, lies on the map and has,
for each of its pixels, sample and line of the image. LOC has longitude, latitude and height of each
pixel of the image; so has IGM, but its places may be eastings and northings, of the zone that the
GLT is in. Parts of a flight line have numbers, so that the file of an image is the one whose name
is most like its own. Other makers (Headwall, Specim) name IGM and GLT by the whole name of the
image.

"AVIRIS Distribution Document" 030217, of the first AVIRIS: radiance is 16-bit integers, which the
factors in `*.gain`, two columns of factor and channel, divide to uW/(cm2 nm sr). Its
orthocorrected radiance has -50 where the line did not go, which no header tells.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.lists import to_number
from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.products.swaths.geolocation import BandPlaces, on_map, placed_by
from hsisr_geo.raster.products.swaths.lookup_table import LookupTable, by_table
from hsisr_geo.raster.raster import Raster

_LINE = re.compile(r"(AV[35]\d{8}t|ang\d{8}t|f\d{6}t\d\dp\d\dr)\d\d(\d{4})?", re.IGNORECASE)
_NAMES = {"av3": "AVIRIS-3", "av5": "AVIRIS-5", "ang": "AVIRIS-NG"}
_DATA = r"(\.(img|dat|bil|bip|bsq|raw))?"
_TABLE, _LOC, _IGM = "glt", "loc", "igm"
_RADIANCE = "uW cm-2 sr-1 nm-1"
_NOT_FLOWN = -50.0


def on_its_map(raster: Raster, place: Path, *, orthorectify: bool) -> Raster:
    """Place an image by what lies beside it: on a map, where asked, else by control points.

    Raises
    ------
    RasterError : the table is no table, or points beyond the image
    OptionError : too few pixels have a place
    """
    line = _LINE.match(place.name)
    if line is None and raster.driver != "ENVI":
        return raster
    raster = raster if line is None else _as_radiance(raster, place, line[0])
    if raster.has_transform:
        return raster
    start = line[0] if line else ""
    named = replace(raster, product=_NAMES.get(start[:3].lower(), "AVIRIS" if line else "ENVI"))
    path = _beside(place, start, _TABLE)
    if orthorectify and path is not None:
        table, files = _table(path)
        return replace(by_table(named, table), files=(*raster.files, *files))
    placed, note = _placed(named, place, start, path, orthorectify=orthorectify)
    if placed is None and path is None:
        return raster.noted(note)
    placed = placed or named
    if orthorectify:
        return placed.noted(note)
    told = path or Path(placed.files[len(raster.files)])
    what = "the map of" if path else "a map by"
    return placed.noted(note, f"as the sensor saw it; --orthorectify puts it on {what} {told.name}")


def _table(path: Path) -> tuple[LookupTable, tuple[str, ...]]:
    """Return a lookup table, and the files that tell it: a header of its own tells the map."""
    table = gdal.describe(str(path))
    if len(table.bands) < 2 or table.dtype[0] not in "iuf" or table.source is None:
        raise RasterError(f"{path} is no lookup table of two bands of integers: damaged?")
    nothing = tuple(band.nodata for band in table.bands.items[:2])
    found = LookupTable(str(path), table.source, table.shape, table.crs, table.transform, nothing)
    return found, (str(path), *table.files)


def _placed(
    raster: Raster, place: Path, line: str, table: Path | None, *, orthorectify: bool
) -> tuple[Raster | None, str]:
    """Place an image by LOC or IGM; return None where neither tells, and a note on why."""
    note = ""
    for kind in (_LOC, _IGM):
        path = _beside(place, line, kind)
        if path is None:
            continue
        try:
            told = gdal.describe(str(path))
        except RasterError as error:
            note = f"{path.name} is not used: {error}"
            continue
        if told.shape != raster.shape or len(told.bands) < 2 or told.source is None:
            note = f"{path.name} is not used: it is no raster of two bands and {raster.shape}"
            continue
        found = replace(raster, files=(*raster.files, str(path), *told.files))
        for places, files in _readings(told, table):
            read = places.read()
            by_points = placed_by(replace(found, files=(*found.files, *files)), places, read)
            if by_points.gcps:
                found = replace(found, files=by_points.files)
                return (on_map(found, places, read=read) if orthorectify else by_points), ""
        note = f"{path.name} is not used: it has no degrees, and eastings of a zone not told"
    return None, note


def _readings(told: Raster, table: Path | None) -> Iterator[tuple[BandPlaces, tuple[str, ...]]]:
    """Yield what a raster of places may be: degrees, else eastings and northings of the table.

    And the files that tell so, besides.
    """
    assert told.source is not None  # of a file that was opened
    yield BandPlaces(told.source, told.shape), ()
    crs, files = told.crs, tuple[str, ...]()
    with suppress(RasterError):
        if not crs and table:
            given, files = _table(table)
            crs = given.crs
    if crs is not None:
        yield BandPlaces(told.source, told.shape, crs), files


def _beside(place: Path, line: str, kind: str) -> Path | None:
    """Return the file of that kind whose name is most like that of the image."""
    stem = re.sub(rf"{_DATA}$", "", place.name, flags=re.IGNORECASE)
    before = f"{re.escape(line)}.*" if line else re.escape(stem)
    named = re.compile(rf"{before}[_.]{kind}{_DATA}", re.IGNORECASE)
    found = [p for p in _folder_of(place) if named.fullmatch(p.name)]
    alike = [len(_words(path) & _words(place)) for path in found]
    return found[alike.index(max(alike))] if found and place not in found else None


def _folder_of(place: Path) -> list[Path]:
    """Return the files beside; none of a folder that cannot be listed."""
    with suppress(OSError):
        return sorted(place.parent.iterdir())
    return []


def _words(path: Path) -> set[str]:
    return set(re.split(r"[_.]", path.name.lower()))


def _as_radiance(raster: Raster, place: Path, line: str) -> Raster:
    """Scale the integers of the first AVIRIS by the factors beside them."""
    plain = all(band.scale == 1.0 and band.offset == 0.0 for band in raster.bands)
    if not (line[0] in "fF" and "rdn" in place.name.lower() and raster.dtype == "int16" and plain):
        return raster
    if raster.has_transform and raster.bands.nodata is None:
        holed = (replace(band, nodata=_NOT_FLOWN) for band in raster.bands)
        raster = replace(raster, bands=Bands(tuple(holed)))
    beside = (p for p in _folder_of(place) if p.name.startswith(line) and p.suffix == ".gain")
    path = next(beside, None)
    if path is None:
        return raster.noted(f"its values are no radiance without {line}….gain beside it")
    factors = _factors(path)
    if len(factors) != len(raster.bands):
        return raster.noted(f"{path.name} has {len(factors)} factors, not one a band: not used")
    bands = (
        replace(band, scale=1 / factor, unit=band.unit or _RADIANCE)
        for band, factor in zip(raster.bands, factors, strict=True)
    )
    return replace(raster, bands=Bands(tuple(bands)), files=(*raster.files, str(path)))


def _factors(path: Path) -> list[float]:
    """Return the factors of a text, which are the first numbers of its lines."""
    lines = (line.split() for line in path.read_text("utf-8", "replace").splitlines())
    numbers = (to_number(words[0]) for words in lines if words)
    return [number for number in numbers if number]
