"""A training's curve: loss and validation at each check, as a table beside the model file."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from hsisr_geo.files import drafted

COLUMNS = ("step", "loss", "validation", "seconds")
"""Of the table: steps done, the running mean of the loss, what `Lesson.unit` tells, and time."""


def curve_path(out: Path) -> Path:
    """Return where the curve of a model file stands."""
    return out.with_suffix(".training.csv")


@dataclass
class Curve:
    """The rows so far, kept in a file that is whole at any time."""

    path: Path
    rows: list[tuple[str, ...]] = field(default_factory=list)

    @classmethod
    def taken_up(cls, path: Path, step: int) -> "Curve":
        """Return the curve of a training that goes on after so many steps."""
        if step == 0 or not path.exists():
            return cls(path)
        with path.open(newline="", encoding="utf-8") as file:
            rows = [tuple(row) for row in csv.reader(file)][1:]
        return cls(path, [row for row in rows if row and int(row[0]) <= step])

    @property
    def seconds(self) -> float:
        """How long the training took until the last row."""
        return float(self.rows[-1][3]) if self.rows else 0.0

    def add(self, step: int, loss: float, validation: float | None, seconds: float) -> None:
        """Note a check."""
        told = "" if validation is None else f"{validation:.6g}"
        self.rows.append((str(step), f"{loss:.6g}", told, f"{seconds:.1f}"))
        with drafted(self.path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *self.rows])
