"""The CRS of an ENVI header, where GDAL does not take it as it is written.

GDAL reads `coordinate system string` only where it follows the brace at once; after a blank, as
Spectral Python writes it, GDAL falls back to what it makes of `map info`, which may be another
datum: WGS 84 for one that it does not know, NAD 27 where UTM comes without one. And by `units=Feet`
in `map info`, as it writes for every foot, it turns the string's US survey foot into the
international one, which is 13 feet aside at an easting of 6 500 000.
"""

import re
from collections.abc import Mapping
from typing import Any

from rasterio.errors import RasterioError

from hsisr_geo.raster.datasets import opened_in_memory

_LAYOUT = "samples = 1\nlines = 1\nbands = 1\nheader offset = 0\ndata type = 1\ninterleave = bsq\n"
_DATUM, _DATUM_OF_UTM = 7, 9  # places in map info
_FOOT = re.compile(r'UNIT\["[^"]*(?:foot|feet)[^"]*",\s*([0-9.eE+-]+)', re.IGNORECASE)
_INTERNATIONAL = 0.3048  # metres
_UNITS = re.compile(r",\s*units\s*=\s*feet\s*(?=[,}])", re.IGNORECASE)
_WGS84 = frozenset(("wgs84", "wgs1984", "worldgeodeticsystem1984"))


def crs_of_header(fields: Mapping[str, str]) -> Any:
    """Return rasterio's CRS; None where the header tells none, or GDAL reads it as it stands."""
    told = fields.get("coordinate_system_string", "")
    text = told.strip().strip("{}").strip()
    map_info = _braced(fields.get("map_info", ""))
    placed = with_the_foot_of(text, map_info)
    if not text or (told == f"{{{text}}}" and placed == map_info):
        return None
    place = f"map info = {placed}\n" if "map_info" in fields else ""
    header = f"ENVI\n{_LAYOUT}byte order = 0\n{place}coordinate system string = {{{text}}}\n"
    try:
        with opened_in_memory({"crs.hdr": header.encode(), "crs.img": bytes(16)}) as dataset:
            return dataset.crs
    except RasterioError:
        return None


def with_the_foot_of(coordinate_system: str, text: str) -> str:
    """Return `map info` within a text without `units=Feet`, where the CRS tells another foot."""
    feet = [float(metres) for metres in _FOOT.findall(coordinate_system)]
    other = any(abs(foot - _INTERNATIONAL) > 1e-12 for foot in feet)
    return _UNITS.sub("", text) if other else text


def guessed_datum(fields: Mapping[str, str], crs: Any) -> str:
    """Say so where the datum of a CRS is GDAL's guess; "" where the header tells it."""
    items = [item.strip() for item in fields.get("map_info", "").strip("{} ").split(",")]
    if fields.get("coordinate_system_string") or crs is None or items[0].lower() == "arbitrary":
        return ""
    at = _DATUM_OF_UTM if items[0].upper().startswith("UTM") else _DATUM
    told = items[at] if len(items) > at and "=" not in items[at] else ""
    taken = re.search(r'DATUM\["([^"]*)', crs.to_wkt() if crs else "")
    if taken is None or (told and (taken[1] != "WGS_1984" or _bare(told) in _WGS84)):
        return ""
    if not told and taken[1] == "WGS_1984":
        return ""
    what = f"names the datum {told}, which GDAL does not know" if told else "names no datum"
    name = taken[1].replace("_", " ")
    return f"its map info {what}: {name} is taken; if that is wrong, gdal_edit.py -a_srs"


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower()).removeprefix("d")


def _braced(text: str) -> str:
    return "{" + text.strip().strip("{}").strip() + "}"
