"""What may lie beside an output, and whose it is: a QGIS style and a STAC item.

Both have the name of the raster with an ending of their own. They are replaced, and go, with the
raster that they were made for; those of another raster, or of someone else, are left alone.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from hsisr_geo.output.formats.format import Content
from hsisr_geo.output.stac.asset import Made
from hsisr_geo.output.stac.item import ENDING, describe, raster_of_item
from hsisr_geo.output.style import raster_of_style, style_text

_STYLE = ".qml"
_READERS = {_STYLE: raster_of_style, ENDING: raster_of_item}


def companions(path: Path) -> list[Path]:
    """Return the names that a raster's style and item have."""
    return [path.with_suffix(ending) for ending in _READERS]


def belongs_to(companion: Path, file: Path) -> bool:
    """Whether a style or an item was made here for the raster `file`."""
    read = next(r for ending, r in _READERS.items() if companion.name.endswith(ending))
    text = companion.read_text("utf-8", "replace") if companion.is_file() else ""
    return read(text) == file.name


def item_path(path: Path) -> Path:
    """Return the name of a raster's STAC item."""
    return path.with_suffix(ENDING)


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
