"""How many pixels two scenes have in common, however one is cut out, turned, or scaled.

A pixel is told by the shape of its spectrum: means over eight parts of its bands, in standard
deviations of the spectrum itself, so that units and an offset change nothing; rounded, so that a
copy in another type does not either. Where a pixel lies does not count.
"""

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube

PARTS = 8
"""Of a spectrum; of fewer bands nothing is told, as many pixels look the same in them."""

SHARED = 0.05
"""Of the pixels of a scene, from which on it is no other.

19 real ones share 0.2 % at most, and the halves of one 4 %.
"""

_STEP = 2.5e-3  # standard deviations of a spectrum
# ^ halves of two coastal scenes, whose water looks alike, have 3 and 4 % in common, 11 and 18 % at
#   twice the step; a copy with values rounded to another step of the same size has 57 to 76 %
_FLAT = 1e-4  # of its mean: a spectrum without any shape
_FEWEST = 16  # pixels that tell anything
_AT_ONCE = 1 << 16  # pixels
_MIX = np.random.default_rng(0).integers(1, 2**63, PARTS, dtype=np.uint64) | np.uint64(1)


def pixels_of(cube: Cube) -> NDArray[np.uint64]:
    """Tell the pixels of a cube (band, row, col) by numbers, each once, in order.

    Pixels without data, and those whose bands are all the same, are left out.
    """
    if len(cube) < PARTS:
        return np.empty(0, np.uint64)
    spectra = cube.reshape(len(cube), -1)
    starts = range(0, spectra.shape[1], _AT_ONCE)
    told = [_told(spectra[:, start : start + _AT_ONCE]) for start in starts]
    return np.unique(np.concatenate(told))


def shared(these: NDArray[np.uint64], those: NDArray[np.uint64]) -> float:
    """Return which share of the pixels of the smaller scene is in the other; 0 where none is told.

    Either may be cut out of the other.
    """
    least = min(these.size, those.size)
    common = np.intersect1d(these, those, assume_unique=True).size
    return common / least if least >= _FEWEST else 0.0


def _told(spectra: NDArray[np.floating]) -> NDArray[np.uint64]:
    """Hash the shapes of spectra (band, pixel)."""
    mean: NDArray[np.float64] = spectra.mean(axis=0, dtype=np.float64)
    deviation: NDArray[np.float64] = spectra.std(axis=0, dtype=np.float64)
    known = np.isfinite(deviation) & (deviation > _FLAT * np.abs(mean))
    pieces = np.array_split(spectra[:, known], PARTS)
    parts = np.stack([piece.mean(axis=0, dtype=np.float64) for piece in pieces])
    shape = (parts - mean[known]) / deviation[known]
    steps = np.round(shape / _STEP).astype(np.int64).astype(np.uint64)
    return np.asarray((steps * _MIX[:, None]).sum(axis=0, dtype=np.uint64))
