"""Errors of what users compute from a result: vegetation indices, depths of absorptions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.indices import INDICES, Index, Values

_FEWEST = 100  # pixels with an index: of fewer an error says little


@dataclass(frozen=True, eq=False)
class IndexTruth:
    """An index of the original.

    Attributes
    ----------
    bands
        Those it is computed from, in the cube.
    plane
        Its values (row, col), NaN where it has none.
    """

    index: Index
    bands: tuple[int, ...]
    plane: Values

    @property
    def share(self) -> float:
        """Share of the pixels that have one."""
        return float(np.isfinite(self.plane).mean())

    @property
    def spread(self) -> float:
        """Standard deviation: what an error is to be held against."""
        return float(np.nanstd(self.plane))


def find_indices(cube: Cube, wavelengths_nm: tuple[float | None, ...]) -> tuple[IndexTruth, ...]:
    """Return the indices that bands and pixels of the original allow."""
    found = []
    for index in INDICES:
        bands = index.bands(wavelengths_nm)
        if bands is None:
            continue
        plane = index.value(cube[list(bands)])
        if np.isfinite(plane).sum() >= _FEWEST:
            found.append(IndexTruth(index, bands, plane))
    return tuple(found)


def index_errors(sr: Cube, truths: tuple[IndexTruth, ...]) -> Mapping[str, float]:
    """Return the mean absolute error of each index, over pixels where both have one.

    NaN where no pixel has.
    """
    errors = {}
    for truth in truths:
        ours = truth.index.value(sr[list(truth.bands)])
        away = np.abs(ours - truth.plane)
        away = away[np.isfinite(away)]
        errors[truth.index.name] = float(away.mean()) if away.size else float("nan")
    return errors
