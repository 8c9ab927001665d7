"""What of a set-up is done, on disk, so that the next one goes on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """Finished steps by name, with the choice each was made for; `choices` for a repair."""

    finished: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False


def read(path: Path) -> Record | None:
    """Return the record of an environment, None where there is none or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Record(dict(found["finished"]), dict(found["choices"]), found["complete"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, record: Record) -> None:
    """Replace the record of an environment at once, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "finished": dict(record.finished),
        "choices": dict(record.choices),
        "complete": record.complete,
    }
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(unfinished, path)
