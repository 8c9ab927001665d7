"""Interpolation and D of images of NumPy or torch, by what they are given."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.resampling import upsample
from hsisr_geo.model.chain import Array

if TYPE_CHECKING:
    import torch


def interpolate(cube: Array, upscale: int) -> Array:
    """Interpolate (band, row, col) -> (band, upscale·row, upscale·col)."""
    if isinstance(cube, np.ndarray):
        return upsample(cube, upscale)
    from hsisr_geo.model import back_projection

    return back_projection.interpolate(cube, upscale)


def degrade(cube: Array, degradation: Degradation) -> Array:
    """Apply D."""
    if isinstance(cube, np.ndarray):
        return degradation.apply(cube)
    from hsisr_geo.model import back_projection

    return back_projection.degrade(cube, degradation)


def degrade_again(cube: Array, degradation: Degradation) -> Array:
    """Apply D to the interpolation of coarse images, which is not made."""
    operator = degradation.again(*cube.shape[-2:])
    if isinstance(cube, np.ndarray):
        return operator.apply(cube)
    from hsisr_geo.model import back_projection

    return back_projection.applied(operator, cube)


def single(array: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return an array of NumPy in order and in float32."""
    return np.ascontiguousarray(array, dtype=np.float32)


def tensor(array: Array, device: Any) -> "torch.Tensor":
    """Return an array as a tensor on a device."""
    import torch

    return torch.as_tensor(array).to(device)
