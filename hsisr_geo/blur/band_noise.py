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
_TOGETHER = 16  # windows that are taken together


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
    left = _lefts(correlation) if neighbours == bands - 1 else _left(correlation, neighbours)
    return np.clip(lost * left, 0, 1)


def _left(correlation: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """Return what is left of each band's variance after a regression on the bands next to it.

    It is one over the diagonal of the inverse over both. Windows that begin beside each other have
    most bands in common: these are inverted once, and the others added (Schur's complement).
    """
    bands, size = len(correlation), neighbours + 1
    last = bands - size
    middle, within = neighbours // 2, range(1, last)  # those of one band, its place in them
    left = np.empty(bands)
    left[: middle + 1] = _lefts(correlation[:size, :size])[: middle + 1]
    left[last + middle :] = _lefts(correlation[last:, last:])[middle:]
    together = max(1, min(_TOGETHER, middle))
    for start in within[::together]:
        firsts = within[start - 1 : start - 1 + together]
        places = slice(firsts[0] + middle, firsts[-1] + middle + 1)
        left[places] = _left_in(correlation, firsts, size, middle)
    return left


def _lefts(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left of each of some bands after a regression on the others."""
    ridged = correlation + _RIDGE * np.eye(len(correlation))
    return np.asarray(1 / np.diag(np.linalg.inv(ridged)))


def _left_in(
    correlation: NDArray[np.float64], firsts: range, size: int, middle: int
) -> list[float]:
    """Return what is left of the middle band of each window, by their first bands."""
    begin, end = firsts[-1], firsts[0] + size  # of the bands that all windows have
    apart = np.r_[firsts[0] : begin, end : begin + size]
    inverse = np.linalg.inv(correlation[begin:end, begin:end] + _RIDGE * np.eye(end - begin))
    along = correlation[begin:end][:, apart]
    told = inverse @ along
    rest = correlation[np.ix_(apart, apart)] + _RIDGE * np.eye(len(apart)) - along.T @ told
    left = []
    for first in firsts:
        here = np.flatnonzero((apart >= first) & (apart < first + size))
        band = first + middle - begin
        more = told[band, here]
        among = np.linalg.solve(rest[np.ix_(here, here)], more)
        left.append(float(1 / (inverse[band, band] + more @ among)))
    return left
