"""A training's curve: loss and validation at each check, as a table beside the model file."""

import csv
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from hsisr_geo.files import drafted

COLUMNS = ("step", "loss", "validation", "seconds")
"""Of the table: steps done, the running mean of the loss, what `Lesson.unit` tells, and time."""


def curve_path(out: Path) -> Path:
    """Return where the curve of a model file stands."""
    return out.with_suffix(".training.csv")


def unfinished_path(out: Path) -> Path:
    """Return where it stands until the model file does: an older model has its own till then."""
    return out.with_suffix(".progress.csv")


@dataclass
class Curve:
    """The rows so far; the progress of the training keeps them, too (`note`)."""

    path: Path
    rows: list[tuple[str, ...]] = field(default_factory=list)

    @classmethod
    def taken_up(cls, path: Path, kept: str) -> "Curve":
        """Return the curve that goes on with the rows of a note."""
        return cls(path, [tuple(row) for row in json.loads(kept)])

    def note(self) -> str:
        """Return what `taken_up` reads."""
        return json.dumps(self.rows)

    @property
    def seconds(self) -> float:
        """How long the training took until the last row."""
        return float(self.rows[-1][3]) if self.rows else 0.0

    def add(self, step: int, loss: float, validation: float | None, seconds: float) -> None:
        """Note a check; `write` puts it in the table."""
        told = "" if validation is None else f"{validation:.6g}"
        self.rows.append((str(step), f"{loss:.6g}", told, f"{seconds:.1f}"))

    def write(self) -> None:
        """Write the table, whole at any time."""
        with drafted(self.path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *self.rows])


def withdraw(out: Path) -> None:
    """Remove table and picture of the model that is about to be replaced."""
    for path in (curve_path(out), curve_path(out).with_suffix(".png")):
        path.unlink(missing_ok=True)


def publish(out: Path) -> None:
    """Give the table its name, once the model file is there."""
    os.replace(unfinished_path(out), curve_path(out))
