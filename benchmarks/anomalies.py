"""Anomalies planted into a scene, and how well Reed and Xiaoli's detector finds them afterwards.

No mask comes with the scenes, so things of a known place are planted: two by two output pixels,
half of which is the spectrum that the scene itself has its rarest of, half what was there. They lie
anywhere on the grid of input pixels, none near another.
"""

import numpy as np
import spectral

Cube = np.ndarray
SIDE = 2  # output pixels
COVER = 0.5
APART = 20  # output pixels from one to the next, at most
AXES = 20
SEED = 7


def places(shape: tuple[int, ...]) -> np.ndarray:
    """Return where anomalies are in a scene of that size (row, col)."""
    rng = np.random.default_rng(SEED)
    mask = np.zeros(shape, bool)
    free = APART - SIDE - 4  # four pixels at least lie between two
    for row in range(4, mask.shape[0] - APART, APART):
        for col in range(4, mask.shape[1] - APART, APART):
            down, right = rng.integers(0, free, 2)
            mask[row + down : row + down + SIDE, col + right : col + right + SIDE] = True
    return mask


def planted(truth: Cube) -> Cube:
    """Return a truth (band, row, col) with anomalies in it."""
    mask = places(truth.shape[1:])
    rarest = np.unravel_index(rareness(truth).argmax(), mask.shape)
    foreign = truth[:, rarest[0], rarest[1]][:, None]
    out = truth.copy()
    out[:, mask] = COVER * foreign + (1 - COVER) * truth[:, mask]
    return out


def rareness(cube: Cube) -> np.ndarray:
    """Mahalanobis' distance from the mean, squared, over the leading axes: (row, col)."""
    pixels = cube.reshape(len(cube), -1).astype(np.float64)
    pixels = (pixels - pixels.mean(axis=1)[:, None]) / (pixels.std(axis=1)[:, None] + 1e-12)
    axes = np.linalg.eigh(np.cov(pixels))[1][:, ::-1][:, :AXES]
    leading = (axes.T @ pixels).T.reshape(*cube.shape[1:], -1)
    return np.asarray(spectral.rx(leading))


def area_under_curve(score: np.ndarray, mask: np.ndarray) -> float:
    """Chance that a pixel of an anomaly scores higher than another (Mann & Whitney 1947)."""
    order = score[~mask].ravel()
    order.sort()
    low, high = (np.searchsorted(order, score[mask], side) for side in ("left", "right"))
    return float(np.mean((low + high) / 2) / len(order))
