"""JSON files that say what they were made from; whole, or not there at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from hsisr_geo.files import drafted
from hsisr_geo.json_text import json_text

Facts: TypeAlias = Mapping[str, str]
"""What decides about the content of a file: short texts by name."""


@dataclass(frozen=True)
class Record:
    """A file that was read: what it was made from, and what is in it."""

    facts: Facts
    content: Mapping[str, Any]


def read_record(path: Path) -> Record | None:
    """Read what `write_record` wrote; None where that is not there, or something else is."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Record(dict(found.pop("made_from")), found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(path: Path, facts: Facts, content: Mapping[str, Any]) -> None:
    """Write a file that is complete when it gets its name; errors as `write_whole`."""
    write_whole(path, json_text({"made_from": dict(facts), **content}, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text file that is complete when it gets its name.

    Raises
    ------
    OutputError
        It cannot be written; the message names it.
    """
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8")


def difference(kept: Facts, now: Facts) -> str:
    """Tell in words what differs; an empty text if nothing does."""
    names = [name for name in {**kept, **now} if kept.get(name) != now.get(name)]
    return "; ".join(_told(name, kept.get(name), now.get(name)) for name in names)


def _told(name: str, kept: str | None, now: str | None) -> str:
    if name.endswith(("files", "weights")):
        return f"{name} are not those they were"
    return f"{name} was {kept or 'none'}, is {now or 'none'}"
