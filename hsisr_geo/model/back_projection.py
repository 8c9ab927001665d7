"""Back-projection: what the degradation D of the result says is missing, put back.

x <- x + up(x_lr - D x), a fixed number of times (Irani & Peleg 1991). D and up are the matrices of
`Degradation` and `resampling`, so the result is consistent with what the pipeline measures.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hsisr_geo.degradation import Degradation
from hsisr_geo.resampling import cubic_upsampling

__all__ = ["back_project", "degrade", "interpolate", "reach"]

_UP_REACH = 2  # input pixels


def reach(degradation: Degradation) -> int:
    """Input pixels that one iteration widens the reach by: D's own, and two for up's kernel."""
    return degradation.reach + _UP_REACH


def interpolate(cube: Tensor, upscale: int) -> Tensor:
    """Bicubic interpolation: (band, row, col) -> (band, upscale·row, upscale·col)."""
    rows, cols = (cubic_upsampling(n, upscale) for n in cube.shape[-2:])
    return _weighted(cube, rows, cols)


def degrade(cube: Tensor, degradation: Degradation) -> Tensor:
    """Apply D; the shape of before `interpolate`."""
    (first, *others), weight = degradation.operator(*cube.shape[-2:])
    out = _weighted(cube, *first)
    for rows, cols in others:
        out = out + _weighted(cube, rows, cols)
    return out if weight is None else out / _as(weight, cube)


def back_project(x: Tensor, x_lr: Tensor, degradation: Degradation, iterations: int) -> Tensor:
    """Bring D x towards x_lr; with bicubic each iteration about halves what is left."""
    for _ in range(iterations):
        x = x + interpolate(x_lr - degrade(x, degradation), degradation.factor)
    return x


def _weighted(cube: Tensor, rows: NDArray[np.float32], cols: NDArray[np.float32]) -> Tensor:
    return _as(rows, cube) @ cube @ _as(cols, cube).T


def _as(weights: NDArray[np.float32], cube: Tensor) -> Tensor:
    return torch.from_numpy(weights.copy()).to(cube)
