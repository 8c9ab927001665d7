"""`features`: numbers that tell how soft images are along rows and along columns.

Where pixels are compared over one, two, four and eight steps, and their second and third
differences, blur and the ground's own texture leave different marks; so do the strongest edges,
whose step is shared among fewer pixels the crisper the image is. What is noise of each is taken
off first. The estimator of `softness.json` was trained on these very numbers: a change of any asks
for a new training (`benchmarks/softness.py`).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.floating]
"""(image, row, col), NaN where there is no value."""

_TINY = 1e-12
_LAGS = (1, 2, 4, 8)
_STRONG = 0.1  # share of the edges that counts
_FEWEST = 8  # edges
_NO_EDGES = np.array([0.5, 0.6, 0.7])
_NOISE = 6  # place of the share of noise among a line's numbers


def features(images: Images, noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers (2, number): of the blur from row to row, and of that from column to column.

    `images` are the leading components of a scene, the strongest first; `noise` (image,) variances.
    """
    each = np.array(
        [[_along(image, share, axis) for axis in (0, 1)] for image, share in _scaled(images, noise)]
    )  # (image, axis, number)
    clear = np.clip(np.exp(-each[:, :, _NOISE].mean(axis=1)), 1, 30) - 0.9
    mean = np.tensordot(clear / clear.sum(), each, axes=1)
    size = np.log(images.shape[1] * images.shape[2])
    return np.array(
        [
            np.concatenate([mean[axis], mean[1 - axis], [each[0, axis, 3], each[0, axis, 9], size]])
            for axis in (0, 1)
        ]
    )


def _scaled(images: Images, noise: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], float]]:
    """Divide images by their deviation, and the variance of their noise by its square."""
    deviations = [float(np.nanstd(image)) + _TINY for image in images]
    return [
        (image / deviation, float(variance) / deviation**2)
        for image, variance, deviation in zip(images, noise, deviations, strict=True)
    ]


def _along(image: NDArray[np.float64], noise: float, axis: int) -> NDArray[np.float64]:
    """Return the numbers of one image along one axis."""
    lines = np.moveaxis(image, axis, -1)
    most = lines.shape[-1] - 2
    steps = [_power(_step(lines, min(lag, most)), 2, noise) for lag in _LAGS]
    first = _step(lines, 1)
    second, third = (np.diff(lines, order, axis=-1) for order in (2, 3))
    bent, twisted = _power(second, 6, noise), _power(third, 20, noise)
    raw = [float(np.nanmean(x**2)) / scale for x, scale in ((second, 6), (third, 20))]
    peaked = np.nanmean(first**4) / (np.nanmean(first**2) ** 2 + _TINY)
    return np.array(
        [
            *(np.log(near / far) for near, far in pairwise(steps)),
            np.log(bent / steps[0]),
            np.log(twisted / bent),
            np.log((raw[1] + _TINY) / (raw[0] + _TINY)),
            np.log(np.clip(noise / (raw[0] + _TINY), 1e-4, 1)),
            np.log(peaked + _TINY),
            *_edges(lines, first),
        ]
    )


def _step(lines: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    step: NDArray[np.float64] = lines[..., lag:] - lines[..., :-lag]
    return step


def _power(differences: NDArray[np.float64], of_noise: float, noise: float) -> float:
    """Mean square without that of noise, of which a difference holds `of_noise` variances."""
    raw = float(np.nanmean(differences**2)) / of_noise
    return max(raw - noise, 0.1 * raw) + _TINY


def _edges(lines: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of a step over three pixels that lies in the middle one, at strong edges: quartiles."""
    middle, wide = np.abs(first[..., 1:-1]), np.abs(_step(lines, 3))
    steepest = (middle >= np.abs(first[..., :-2])) & (middle >= np.abs(first[..., 2:]))
    use = np.isfinite(middle + wide) & steepest
    middle, wide = middle[use], wide[use]
    if len(middle) < _FEWEST:
        return _NO_EDGES
    strong = middle >= np.quantile(middle, 1 - max(_STRONG, _FEWEST / len(middle)))
    shares = middle[strong] / np.maximum(np.maximum(wide[strong], middle[strong] / 2), _TINY)
    quartiles: NDArray[np.float64] = np.quantile(shares, (0.25, 0.5, 0.75))
    return quartiles
