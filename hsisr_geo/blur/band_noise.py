"""`band_noise`: the noise of each band, as what the bands around it cannot tell of it.

The ground's spectra are smooth and few; noise is each band's own. What is left of a band after a
regression on its neighbours is taken for noise (Roger & Arnold 1996; Bioucas-Dias & Nascimento
2008). It follows from the covariance of a scene and needs no look at pixels. A band that really
differs from all others counts as noisy, which makes its users careful, not wrong.
"""

import numpy as np
from numpy.typing import NDArray

_FEWEST = 10  # bands: what fewer do not tell of each other is ground, not noise
_PIXELS_PER_NEIGHBOUR = 6
_RIDGE = 1e-9


def band_noise(correlation: NDArray[np.float64], pixels: int) -> NDArray[np.float64]:
    """Return the variance of each band's noise as a share of the band's own variance.

    Parameters
    ----------
    correlation
        (band, band), of as many `pixels`; a band follows its neighbours in the spectrum.

    Returns
    -------
    float64 array (band,), between 0 and 1; zeros where there are too few bands or pixels
    """
    bands = len(correlation)
    neighbours = min(bands - 1, pixels // _PIXELS_PER_NEIGHBOUR)
    if bands < _FEWEST or neighbours < 2:
        return np.zeros(bands)
    lost = pixels / (pixels - neighbours)  # degrees of freedom that a regression takes
    if neighbours == bands - 1:
        left = 1 / np.diag(np.linalg.inv(correlation + _RIDGE * np.eye(bands)))
    else:
        left = np.array([_left(correlation, band, neighbours) for band in range(bands)])
    return np.clip(lost * left, 0, 1)


def _left(correlation: NDArray[np.float64], band: int, neighbours: int) -> float:
    """Return what is left of a band's variance after a regression on the bands next to it."""
    first = min(max(0, band - neighbours // 2), len(correlation) - neighbours - 1)
    others = [b for b in range(first, first + neighbours + 1) if b != band]
    among = correlation[np.ix_(others, others)] + _RIDGE * np.eye(neighbours)
    along = correlation[others, band]
    return float(correlation[band, band] - along @ np.linalg.solve(among, along))
