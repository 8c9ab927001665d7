"""What may lie beside an output, and whether it is ours: a QGIS style and a STAC item.

Both have the name of the raster with an ending of their own. Someone else's style is never
touched; ours go with the raster that they describe.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from hsisr_geo.formats.format import Content
from hsisr_geo.formats.style import MARK, style_text
from hsisr_geo.stac import ENDING, Made, describe

_STYLE = ".qml"
_MARKS = {_STYLE: MARK, ENDING: '"hsisr-geo"'}


def companions(path: Path) -> list[Path]:
    """Return the names that a raster's style and item have."""
    return [path.with_suffix(ending) for ending in _MARKS]


def is_foreign(path: Path) -> bool:
    """Whether a file has such a name, but is not from here."""
    mark = next((m for ending, m in _MARKS.items() if path.name.endswith(ending)), None)
    if mark is None or not path.exists():
        return False
    return mark not in path.read_text("utf-8", "replace")


def item_path(path: Path) -> Path:
    """Return the name of a raster's STAC item."""
    return path.with_suffix(ENDING)


def write_style(part: Path, file: Path, content: Content) -> None:
    """Write the style of a raster beside `part`, unless `file` has one that is not ours."""
    text = style_text(content.raster.bands, content.summaries)
    if text is not None and not is_foreign(file.with_suffix(_STYLE)):
        part.with_suffix(_STYLE).write_text(text, encoding="utf-8")


def write_item(part: Path, file: Path, made: Sequence[Made]) -> None:
    """Write the STAC item of the raster that will be called `file` beside `part`."""
    item = describe(file.parent, made, datetime.now(timezone.utc))
    item_path(part).write_text(json.dumps(item, indent=2, allow_nan=False) + "\n", encoding="utf-8")
