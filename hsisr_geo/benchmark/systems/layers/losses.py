"""Losses that published systems are trained with: answer and truth -> one number to minimise.

Cubes are (image, band, row, col), scaled to about 0 ... 1. A difference along an axis of length one
does not exist and counts as zero.
"""

import math

import torch
from torch import Tensor, nn

_ANGLE_MARGIN = 1e-6
# ^ the derivative of arccos is infinite where two spectra are parallel

_MAGNITUDE_FLOOR = 1e-6
# ^ so is that of the root at zero; in squared units of the cube


def l1(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean absolute difference."""
    return nn.functional.l1_loss(sr, hr)


def spatial_variation(sr: Tensor) -> Tensor:
    """Mean squared step to the next row, plus that to the next column (SSPSR's spatial TV)."""
    return _mean_square(sr.diff(dim=-2)) + _mean_square(sr.diff(dim=-1))


def spectral_variation(sr: Tensor) -> Tensor:
    """Twice the mean squared step to the next band (SSPSR's spectral TV)."""
    return 2 * _mean_square(sr.diff(dim=-3))


def spectral_angle(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean angle between the spectra of a pixel, in radians: 0.0014 where they are parallel."""
    cosine = nn.functional.cosine_similarity(sr, hr, dim=-3)
    return cosine.clamp(-1 + _ANGLE_MARGIN, 1 - _ANGLE_MARGIN).arccos().mean()


def gradient_difference(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean absolute difference of the gradients' magnitudes.

    The gradient is of a pixel's steps from its neighbours before it along column, row and band
    (the first of each has none and is left out), as DMGASR's autoencoder and GELIN take it.
    """
    if min(sr.shape[-3:]) < 2:
        return sr.new_zeros(())
    return l1(_gradient(sr), _gradient(hr))


def l1_with_variation(sr: Tensor, hr: Tensor, weight: float = 1e-3) -> Tensor:
    """Loss of SSPSR (Jiang et al. 2020, section III-D), also of CEGATSR: L1 and both variations."""
    return l1(sr, hr) + weight * (spatial_variation(sr) + spectral_variation(sr))


def l1_with_spectra(sr: Tensor, hr: Tensor, angle: float = 0.3, gradient: float = 0.1) -> Tensor:
    """Loss of GELIN and of DMGASR's autoencoder: L1, the angle in units of pi, the gradient."""
    return (
        l1(sr, hr)
        + angle / math.pi * spectral_angle(sr, hr)
        + gradient * gradient_difference(sr, hr)
    )


def _gradient(cube: Tensor) -> Tensor:
    inner = cube[..., 1:, 1:, 1:]
    steps = (
        inner - cube[..., 1:, 1:, :-1],
        inner - cube[..., 1:, :-1, 1:],
        inner - cube[..., :-1, 1:, 1:],
    )
    return torch.stack([step.square() for step in steps]).sum(dim=0).add(_MAGNITUDE_FLOOR).sqrt()


def _mean_square(steps: Tensor) -> Tensor:
    return steps.square().mean() if steps.numel() else steps.new_zeros(())
