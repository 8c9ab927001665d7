"""Steps between neighbouring pixels: how much texture an image has, and whether tiles show in it.

Sums per line, so that a cube can be measured band by band as it is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]
"""Array (row, col), NaN where there is no value."""

_BESIDE = (-2, -1, 1, 2)
"""Lines that a line is compared with, in input pixels: whole ones, as interpolation by N makes
every N-th step alike."""

_EXPLAINED = 1.1
"""Sharpening makes the ground's own borders stand out more than interpolation does, by less."""

_FEWEST = 10  # lines: fewer tell nothing of what is usual


@dataclass(frozen=True, eq=False)
class Steps:
    """Sums over the steps of one or more planes of one shape; NaN is left out.

    Attributes
    ----------
    squares, count
        Sum of the squares of all steps, down and to the right, and their number.
    down, right
        (2, row - 1) and (2, col - 1): sum of the absolute steps from each row or column to the
        next, and their number.
    """

    squares: float
    count: int
    down: NDArray[np.float64]
    right: NDArray[np.float64]

    def __add__(self, other: "Steps") -> "Steps":
        return Steps(
            self.squares + other.squares,
            self.count + other.count,
            self.down + other.down,
            self.right + other.right,
        )

    @property
    def energy(self) -> float | None:
        """Gradient energy: the mean square of the steps; None without any."""
        return self.squares / self.count if self.count else None


@dataclass(frozen=True)
class Seams:
    """How much the borders of tiles stand out.

    Attributes
    ----------
    index
        Mean step across the borders over that beside them; 1 where tiles leave no trace and the
        ground has no borders of its own.
    usual
        5 and 95 % quantiles of the same index over lines where no tiles meet: what the ground
        itself makes. None where there are too few.
    """

    index: float
    usual: tuple[float, float] | None

    def visible_beside(self, seamless: "Seams") -> bool:
        """Whether tiles show, given the same lines in an interpolated image, which has no tiles.

        They do where the index is unusual for the ground, and the ground's own borders along those
        lines, which stand out in both images, do not explain it.
        """
        unusual = self.usual is not None and self.index > max(self.usual[1], 1.0)
        return unusual and self.index > _EXPLAINED * seamless.index


def measure_steps(planes: Iterable[Plane]) -> Steps:
    """Measure the steps of at least one plane."""
    first, *others = map(_of_plane, planes)
    return sum(others, start=first)


def find_seams(
    steps: Steps, *, upscale: int, rows: Sequence[int] = (), cols: Sequence[int] = ()
) -> Seams | None:
    """Tell how much tile borders stand out; None where there are none, or only flat ground.

    Parameters
    ----------
    steps
        Of the output.
    rows, cols
        Where cores of tiles meet inside, in input pixels: first row or column of the later one.
    """
    axes = ((steps.down, rows), (steps.right, cols))
    across = [_index(lines, upscale, border) for lines, borders in axes for border in borders]
    found = [index for index in across if index is not None]
    if not found:
        return None
    others = [
        _index(lines, upscale, line)
        for lines, borders in axes
        for line in range(3, (lines.shape[1] + 1) // upscale - 2)
        if all(abs(line - border) > max(_BESIDE) for border in borders)
    ]
    usual = [index for index in others if index is not None]
    low, high = np.quantile(usual, (0.05, 0.95)) if len(usual) >= _FEWEST else (np.nan, np.nan)
    return Seams(float(np.mean(found)), None if np.isnan(low) else (float(low), float(high)))


def _of_plane(plane: Plane) -> Steps:
    down, right = (np.abs(np.diff(plane.astype(np.float64), axis=axis)) for axis in (0, 1))
    return Steps(
        squares=float(np.nansum(down**2) + np.nansum(right**2)),
        count=int(np.isfinite(down).sum() + np.isfinite(right).sum()),
        down=np.stack([np.nansum(down, axis=1), np.isfinite(down).sum(axis=1)]),
        right=np.stack([np.nansum(right, axis=0), np.isfinite(right).sum(axis=0)]),
    )


def _index(lines: NDArray[np.float64], upscale: int, border: int) -> float | None:
    """Mean step across a border over that beside it; None where either has no step."""
    places = [upscale * (border + away) - 1 for away in (0, *_BESIDE)]
    (across, *beside) = _means(lines, places)
    level = float(np.nanmean(beside)) if np.isfinite(beside).any() else 0.0
    return across / level if np.isfinite(across) and level > 0 else None


def _means(lines: NDArray[np.float64], places: Iterable[int]) -> Iterator[float]:
    """Yield the mean step of each line, NaN where there is none."""
    for place in places:
        inside = 0 <= place < lines.shape[1] and lines[1, place] > 0
        yield float(lines[0, place] / lines[1, place]) if inside else np.nan
