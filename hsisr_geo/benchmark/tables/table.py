"""A table as values: rows in sections, the best and second best of each column marked."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    decimals
        Of its numbers.
    better
        1 where more is better, -1 where less is, 0 where nothing is marked.
    significant
        Digits that numbers have at least, however small they are; 0 for as many decimals in all.
    wraps
        Words that may be too long for a line.
    """

    title: str
    decimals: int = 3
    better: int = 0
    significant: int = 0
    wraps: bool = False

    def places(self, value: float | None) -> int:
        """Return how many decimals a number has here."""
        if not self.significant or not value or not math.isfinite(value):
            return self.decimals
        return max(0, self.significant - 1 - math.floor(math.log10(abs(value))))

    @property
    def arrow(self) -> str:
        """Which way is better, as the paper's tables show it."""
        return {1: "↑", -1: "↓", 0: ""}[self.better]


@dataclass(frozen=True)
class TableCell:
    """A number, mean over seeds, with its sample deviation; or words.

    `rank` is 1 for the best of its column in its section, 2 for the second best, else 0.
    """

    mean: float | None = None
    deviation: float | None = None
    words: str | None = None
    rank: int = 0

    @classmethod
    def over(cls, values: Sequence[float | None]) -> "TableCell":
        """Summarise values of several seeds; None is one that is missing."""
        there = [value for value in values if value is not None]
        if not there:
            return cls()
        deviation = float(np.std(there, ddof=1)) if len(there) > 1 else None
        return cls(float(np.mean(there)), deviation)

    def text(self, decimals: int) -> str:
        """Write it for people; a dash where there is nothing."""
        if self.words is not None:
            return self.words
        if self.mean is None:
            return "–"
        said = f"{self.mean:.{decimals}f}".replace("-", "−")
        return said if self.deviation is None else f"{said} ± {self.deviation:.{decimals}f}"


@dataclass(frozen=True)
class Row:
    """A system and its cells; `title` is as tables show it, with the marks of its footnotes."""

    label: str
    title: str
    cells: tuple[TableCell, ...]


@dataclass(frozen=True)
class Section:
    """Rows that are compared with each other."""

    title: str
    rows: tuple[Row, ...]

    @property
    def has_content(self) -> bool:
        """Whether any cell says something."""
        cells = [cell for row in self.rows for cell in row.cells]
        return any(cell.mean is not None or cell.words is not None for cell in cells)


@dataclass(frozen=True)
class Table:
    """A table; `name` is that of its files."""

    name: str
    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    @property
    def has_deviations(self) -> bool:
        """Whether anything was done with several seeds."""
        cells = [cell for section in self.sections for row in section.rows for cell in row.cells]
        return any(cell.deviation is not None for cell in cells)


def ranked(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Row, ...]:
    """Mark the best and the second best of each column; what reads the same ranks the same."""
    ranks = [_ranks(column, [row.cells[i] for row in rows]) for i, column in enumerate(columns)]
    return tuple(
        replace(row, cells=tuple(replace(c, rank=ranks[i](c)) for i, c in enumerate(row.cells)))
        for row in rows
    )


def _ranks(column: Column, cells: Sequence[TableCell]) -> Callable[[TableCell], int]:
    def shown(cell: TableCell) -> float:
        assert cell.mean is not None  # asked for numbers only
        return round(cell.mean, column.places(cell.mean)) * column.better

    best = sorted({shown(cell) for cell in cells if cell.mean is not None}, reverse=True)[:2]

    def rank(cell: TableCell) -> int:
        if not column.better or cell.mean is None or shown(cell) not in best:
            return 0
        return best.index(shown(cell)) + 1

    return rank
