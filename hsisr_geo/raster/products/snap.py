"""GeoTIFFs of SNAP: the header of BEAM-DIMAP, which it keeps in TIFF tag 65000, tells of the bands.

GDAL's driver of GeoTIFF passes over that tag. As SNAP's own reader has it: bands that are virtual
are not in the file, BAND_WAVELEN and BANDWIDTH are nanometres, 0 for none, and a value is the
stored number times SCALING_FACTOR, plus SCALING_OFFSET.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET  # nosec B405 # see `_parsed`

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.lists import to_number
from hsisr_geo.bands.wavelengths import as_they_can_be
from hsisr_geo.raster.raster import Raster

_TAG = 65000
_ASCII = 2
_MOST_ENTRIES = 4096
_MOST_BYTES = 64 << 20
_NO_UNITS = ("", "dl", "1")
_CLASSIC, _BIG = 42, 43


class _Layout(NamedTuple):
    """Of a directory: how its number of entries and an entry (tag, type, count, where) are kept."""

    number: str
    entry: str


_LAYOUTS = {_CLASSIC: _Layout("H", "HHII"), _BIG: _Layout("Q", "HHQQ")}


def as_snap_means(raster: Raster, place: Path) -> Raster:
    """Complete a GeoTIFF of SNAP by the header in it; others stay as they are."""
    if raster.driver != "GTiff" or raster.bands.wavelengths_nm is not None:
        return raster
    told = _bands_told(place)
    if not told:
        return raster
    if len(told) != len(raster.bands):
        return raster.noted(
            f"SNAP's header in it tells of {len(told)} bands, not {len(raster.bands)}: left out"
        )
    pairs = zip(raster.bands, told, strict=True)
    bands, odd = as_they_can_be(Bands(tuple(_as_told(band, by) for band, by in pairs)))
    logs = any(by.findtext("LOG10_SCALED") == "true" for by in told)
    note = "its values are logarithms, which SNAP would take the tenth powers of" if logs else ""
    return replace(raster, bands=bands).noted(odd, note)


def _as_told(band: Band, by: ET.Element) -> Band:
    scale, offset = _number(by, "SCALING_FACTOR", 1.0), _number(by, "SCALING_OFFSET", 0.0)
    plain = band.scale == 1.0 and band.offset == 0.0
    used = by.findtext("NO_DATA_VALUE_USED") == "true" and band.nodata is None
    unit = (by.findtext("PHYSICAL_UNIT") or "").strip()
    return replace(
        band,
        name=band.name or (by.findtext("BAND_NAME") or "").strip(),
        wavelength_nm=_number(by, "BAND_WAVELEN", 0.0) or None,
        fwhm_nm=_number(by, "BANDWIDTH", 0.0) or None,
        unit=band.unit or (unit if unit not in _NO_UNITS else None),
        scale=scale if plain else band.scale,
        offset=offset if plain else band.offset,
        nodata=_number(by, "NO_DATA_VALUE", math.nan) if used else band.nodata,
    )


def _number(element: ET.Element, name: str, otherwise: float) -> float:
    found = to_number(element.findtext(name))
    return otherwise if found is None else found


def _bands_told(place: Path) -> list[ET.Element]:
    """Return the elements of the bands that are in the file, in its order."""
    root = _parsed(_text_of_tag(place))
    found = [] if root is None else root.findall("Image_Interpretation/Spectral_Band_Info")
    stored = [each for each in found if each.findtext("VIRTUAL_BAND") != "true"
              and each.find("Filter_Band_Info") is None]  # fmt: skip
    return sorted(stored, key=lambda each: _number(each, "BAND_INDEX", 0.0))


def _parsed(text: bytes) -> ET.Element | None:
    """Parse a header; None of what is none, or defines entities, which could grow without end."""
    if b"<Dimap_Document" not in text or b"<!ENTITY" in text:
        return None
    try:
        return ET.fromstring(text.strip(b"\0 \r\n"))  # nosec B314 # without entities
    except ET.ParseError:
        return None


def _text_of_tag(place: Path) -> bytes:
    """Return the text of the tag in the first directory of a TIFF; b"" where it has none."""
    try:
        with place.open("rb") as file:
            where, length = next(_texts(file), (0, 0))
            file.seek(where)
            return file.read(length) if 0 < length <= _MOST_BYTES else b""
    except (OSError, struct.error, OverflowError):
        return b""


def _texts(file: Any) -> Iterator[tuple[int, int]]:
    """Yield where the text of the tag lies, and how long it is."""
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    version = struct.unpack(f"{order}H", head[2:4])[0] if order else 0
    if version not in _LAYOUTS:
        return
    layout, big = _LAYOUTS[version], version == _BIG
    (first,) = struct.unpack(f"{order}{'Q' if big else 'I'}", head[8:16] if big else head[4:8])
    file.seek(first)
    number = struct.Struct(order + layout.number)
    entry = struct.Struct(order + layout.entry)
    (count,) = number.unpack(file.read(number.size))
    for _ in range(min(count, _MOST_ENTRIES)):
        tag, kind, length, where = entry.unpack(file.read(entry.size))
        if tag == _TAG and kind == _ASCII:
            yield where, length
