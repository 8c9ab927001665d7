"""GeoTIFFs of SNAP: the header of BEAM-DIMAP, which it keeps in TIFF tag 65000, tells of the bands.

GDAL's driver of GeoTIFF passes over that tag.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hsisr_geo.raster.products.snap.header import parsed, stored_bands, with_bands_told
from hsisr_geo.raster.raster import Raster

_TAG = 65000
_ASCII = 2
_MOST_ENTRIES = 4096
_MOST_BYTES = 64 << 20
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
    told = stored_bands(parsed(_text_of_tag(place)))
    if not told:
        return raster
    if len(told) != len(raster.bands):
        return raster.noted(
            f"SNAP's header in it tells of {len(told)} bands, not {len(raster.bands)}: left out"
        )
    return with_bands_told(raster, told)


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
