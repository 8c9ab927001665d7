"""`propagate`: the standard deviation of an index, to first order, from those of its bands.

Errors of neighbouring bands go together, so that much of them leaves a ratio as it is. How much is
taken from the scene: bands whose detail goes together have errors that do, as an error is detail
that was not found. But a little less: each band has noise of its own.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.indices import Values

Correlation = NDArray[np.float64]
"""float64 array (band, band), ones on its diagonal."""


_SHARED = 0.98
# ^ of what detail says: from 0.99 to 0.96, the one by which 68 % of the errors of band depths lie
#   nearest to within one deviation, on training sites and products
#   (docs/experiments-uncertainty.md)


def propagate(slopes: Values, deviation: Values, correlation: Correlation) -> Values:
    """Return sqrt(sum over bands i, j of slope_i slope_j rho_ij sigma_i sigma_j), (row, col).

    Parameters
    ----------
    slopes
        Of the index by each band (band, row, col).
    deviation
        Of each band (band, row, col); NaN where it is not known.
    """
    each = slopes * deviation
    variance = np.einsum("irc,ij,jrc->rc", each, correlation, each)
    deviation_of_index: Values = np.sqrt(np.maximum(variance, 0))
    return deviation_of_index


def error_correlation(strips: Iterable[Cube], bands: int) -> Correlation:
    """Return how the errors of bands go together, by the detail of a result (strips as there)."""
    shared: Correlation = _SHARED * detail_correlation(strips, bands)
    np.fill_diagonal(shared, 1)
    return shared


def detail_correlation(strips: Iterable[Cube], bands: int) -> Correlation:
    """Return how the detail of bands goes together: of differences between neighbouring pixels.

    `strips` are parts of a scene (band, row, col), NaN where there is no value; bands without
    any difference go with no other.
    """
    products = np.zeros((bands, bands))
    for cube in strips:
        x = cube.astype(np.float64)
        for axis in (1, 2):
            steps = np.diff(x, axis=axis).reshape(bands, -1)
            steps = steps[:, np.isfinite(steps).all(axis=0)]
            products += steps @ steps.T
    size = np.sqrt(np.diag(products))
    scale = np.outer(size, size)
    correlation: Correlation = np.eye(bands)
    np.divide(products, scale, out=correlation, where=scale > 0)
    return correlation
