"""MATLAB's `imresize` with its defaults: bicubic, anti-aliased when it shrinks.

The degradation of nearly all papers on hyperspectral super-resolution. It differs from the
product's own (`resampling`) at the border only: what lies outside is the image mirrored, where ours
leaves it out and makes the other weights larger.
"""

from functools import lru_cache
from math import ceil
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)
_WIDTH = 4.0  # of the cubic kernel


def imresize(cube: NDArray[Float], shape: tuple[int, int]) -> NDArray[Float]:
    """Resize an image or cube, e.g. (bands, 128, 160) to shape (32, 40).

    Parameters
    ----------
    cube
        float32 or float64 (..., row, col).
    shape
        (rows, cols) of the result; the scale of an axis is new by old size.

    Returns
    -------
    (..., rows, cols) in the type of the cube; computed in float64, not clipped, not rounded
    """
    rows, cols = (_weights(old, new) for old, new in zip(cube.shape[-2:], shape, strict=True))
    out: NDArray[Float] = ((rows @ cube.astype(np.float64)) @ cols.T).astype(cube.dtype)
    return out


@lru_cache(maxsize=64)
def _weights(old: int, new: int) -> NDArray[np.float64]:
    """Weights (new, old) that resize an axis; rows sum to one.

    In coordinates from 1, as MATLAB has them, output pixel x lies at x / scale + (1 - 1/scale) / 2.
    """
    scale = new / old
    narrow = min(scale, 1.0)  # the kernel is stretched by 1/scale when it shrinks
    reach = _WIDTH / narrow
    centre = np.arange(1, new + 1) / scale + 0.5 * (1 - 1 / scale)
    place = np.floor(centre - reach / 2)[:, None] + np.arange(ceil(reach) + 2)
    tap = _cubic(narrow * (centre[:, None] - place))
    tap /= tap.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(old), np.arange(old)[::-1]])
    pixel = mirrored[(place.astype(int) - 1) % (2 * old)]
    weights = np.zeros((new, old))
    np.add.at(weights, (np.arange(new)[:, None], pixel), tap)
    weights.flags.writeable = False  # shared by all callers through the cache
    return weights


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5; zero beyond 2."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))
