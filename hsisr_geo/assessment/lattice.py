"""Pixels on a regular lattice, whose spectra a report can show without the rasters."""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from hsisr_geo.bands.radiometry import Cube

MOST_VALUES = 300_000
"""Values of a cube that are kept at most: three cubes of them are some 2.4 MB of a page."""


@dataclass(frozen=True)
class Lattice:
    """Rows and columns of the pixels, `step` apart."""

    rows: tuple[int, ...]
    cols: tuple[int, ...]
    step: int

    def of(self, cube: Cube) -> Cube:
        """Return the pixels of a cube (band, row, col), as a smaller one."""
        return np.ascontiguousarray(cube[:, self.rows][:, :, self.cols])


def choose_lattice(bands: int, shape: tuple[int, int]) -> Lattice:
    """Return the densest lattice within `MOST_VALUES`; every pixel where that is enough."""
    rows, cols = shape
    step = max(1, ceil(sqrt(bands * rows * cols / MOST_VALUES)))
    while bands * ceil(rows / step) * ceil(cols / step) > MOST_VALUES and step < max(rows, cols):
        step += 1
    first = [min(step // 2, size - 1) for size in shape]
    places = [tuple(range(at, size, step)) for at, size in zip(first, shape, strict=True)]
    return Lattice(places[0], places[1], step)
