"""Back-projection: what the degradation D of the result says is missing, put back.

x <- x + up(x_lr - D x), a fixed number of times (Irani & Peleg 1991). D and up are the matrices of
`hsisr_geo.resampling`, so the result is consistent with what `evaluate` and the pipeline measure.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hsisr_geo.resampling import cubic_decimation, cubic_upsampling

__all__ = ["back_project", "degrade", "interpolate"]

REACH = 4
"""Input pixels that one iteration widens the reach by: two for D's kernel, two for up's."""


def interpolate(cube: Tensor, upscale: int) -> Tensor:
    """Bicubic interpolation: (band, row, col) -> (band, upscale·row, upscale·col)."""
    return _apply(cube, lambda n: cubic_upsampling(n, upscale))


def degrade(cube: Tensor, upscale: int) -> Tensor:
    """Apply the declared degradation D, anti-aliased bicubic; the shape of before `interpolate`."""
    return _apply(cube, lambda n: cubic_decimation(n, upscale))


def back_project(x: Tensor, x_lr: Tensor, upscale: int, iterations: int) -> Tensor:
    """Bring D x towards x_lr; each iteration about halves what is left."""
    for _ in range(iterations):
        x = x + interpolate(x_lr - degrade(x, upscale), upscale)
    return x


def _apply(cube: Tensor, weights: Callable[[int], NDArray[np.float32]]) -> Tensor:
    rows, cols = (torch.from_numpy(weights(n).copy()).to(cube) for n in cube.shape[-2:])
    return rows @ cube @ cols.T
