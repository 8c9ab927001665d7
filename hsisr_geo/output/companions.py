"""Companions of an output, and whose they are: a QGIS style, an ENVI header and a STAC item.

They have the name of the raster with an ending of their own. They are replaced, and go, with the
raster that they were made for; those of another raster, or of someone else, are left alone.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.format import Content
from hsisr_geo.output.header import ENDING as HEADER
from hsisr_geo.output.header import header_text, raster_of_header
from hsisr_geo.output.stac.asset import Made
from hsisr_geo.output.stac.item import ENDING, describe, raster_of_item
from hsisr_geo.output.style import raster_of_style, style_text

_STYLE = ".qml"
_READERS = {_STYLE: raster_of_style, HEADER: raster_of_header, ENDING: raster_of_item}
_TIFF = (".tif", ".tiff")  # beside which a header is no part of the raster


def companions(path: Path) -> list[Path]:
    """Return the names that a raster's style, header and item have."""
    tiff = path.suffix.lower() in _TIFF
    return [path.with_suffix(ending) for ending in _READERS if tiff or ending != HEADER]


def belongs_to(companion: Path, file: Path) -> bool:
    """Whether a style or an item was made here for the raster `file`."""
    read = next(r for ending, r in _READERS.items() if companion.name.endswith(ending))
    text = companion.read_text("utf-8", "replace") if companion.is_file() else ""
    return read(text) == file.name


def item_path(path: Path) -> Path:
    """Return the name of a raster's STAC item."""
    return path.with_suffix(ENDING)


def write_header(part: Path, file: Path, content: Content) -> None:
    """Write an ENVI header beside `part`; `check_header` has seen that there is none to be kept."""
    part.with_suffix(HEADER).write_text(header_text(file.name, content.raster), encoding="utf-8")


def check_header(path: Path) -> None:
    """Refuse a header beside what is no GeoTIFF, and to replace one that is not ours.

    Raises
    ------
    OutputError
    """
    if path.suffix.lower() not in _TIFF:
        raise OutputError(f"{path}: --header is for GeoTIFF and COG, NAME.tif")
    there = path.with_suffix(HEADER)
    if there.exists() and not belongs_to(there, path):
        raise OutputError(f"{there} exists, and was not made for {path.name}: choose another name")


def write_style(part: Path, file: Path, content: Content) -> None:
    """Write the style of a raster beside `part`, unless `file` has one that is not its own."""
    text = style_text(file.name, content.raster.bands, content.summaries)
    there = file.with_suffix(_STYLE)
    if text is not None and (not there.exists() or belongs_to(there, file)):
        part.with_suffix(_STYLE).write_text(text, encoding="utf-8")


def write_item(part: Path, file: Path, made: Sequence[Made]) -> None:
    """Write the STAC item of the raster that will be called `file` beside `part`."""
    item = describe(file.parent, made, datetime.now(timezone.utc))
    item_path(part).write_text(json.dumps(item, indent=2, allow_nan=False) + "\n", encoding="utf-8")
