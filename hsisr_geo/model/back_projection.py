"""Back-projection: what the degradation D of the result says is missing, put back.

x <- x + up(x_lr - D x), a fixed number of times (Irani & Peleg 1991). D and up are the matrices of
`Degradation` and `resampling`, so the result is consistent with what the pipeline measures.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hsisr_geo.cube.degradation import Degradation, Operator
from hsisr_geo.cube.resampling import blocks, cubic_upsampling


def interpolate(cube: Tensor, upscale: int, only: slice | None = None) -> Tensor:
    """Bicubic interpolation: (band, row, col) -> (band, upscale·row, upscale·col).

    `only` names the rows of the result that are wanted; None for all of them.
    """
    rows, cols = (cubic_upsampling(n, upscale) for n in cube.shape[-2:])
    return _weighted(cube, rows if only is None else rows[only], cols)


def degrade(cube: Tensor, degradation: Degradation) -> Tensor:
    """Apply D; the shape of before `interpolate`."""
    return applied(degradation.operator(*cube.shape[-2:]), cube)


def applied(operator: Operator, cube: Tensor) -> Tensor:
    """Apply D, or D·up, of images of this size."""
    (first, *others), weight = operator
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
    """Return rows @ cube @ cols.T of banded matrices, block by block."""
    tall = cube.new_empty(*cube.shape[:-2], len(rows), cube.shape[-1])
    for at, used, block in blocks(rows):
        tall[..., at, :] = torch.matmul(_as(block, cube), cube[..., used, :])
    wide = cube.new_empty(*tall.shape[:-1], len(cols))
    for at, used, block in blocks(cols):
        wide[..., at] = torch.matmul(tall[..., used], _as(block, cube).T)
    return wide


def _as(weights: NDArray[np.float32], cube: Tensor) -> Tensor:
    return torch.from_numpy(weights.copy()).to(cube)
