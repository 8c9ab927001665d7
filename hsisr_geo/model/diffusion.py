"""Residual diffusion in latent components: levels and samplers as functions, in x0-form.

The chain runs on y = (z_hr - E(u)) / sigma_y: what super-resolution adds to the latents, in units
of its own deviation. At level t, y_t = a_t y_0 + sqrt(1 - a_t^2) eps with a_t = sqrt(alpha_bar_t)
from the cosine schedule (Nichol & Dhariwal 2021), and a_T = 0 exactly: the last level holds no
signal, so evaluated there once, with the noise input zeroed, the network is a regressor.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

__all__ = ["Denoise", "best_estimate", "diffuse", "levels", "sample"]

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(y_t (image, 1, row, col), a_t (image,)) -> estimate of y_0, same shape as y_t."""


def levels(steps: int) -> list[float]:
    """Signal levels a_T ... a_1 of a chain, and 1 for the clean end: [0, ..., 1], steps + 1 long.

    a_t = cos(pi/2 · t/T): the cosine schedule without its offset, which would leave a_T > 0.
    """
    return [math.sin(0.5 * math.pi * i / steps) for i in range(steps + 1)]


def diffuse(y0: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Forward process q(y_t | y_0); `level` is a_t, one per image."""
    a = level[:, None, None, None]
    return a * y0 + (1 - a * a).clamp_min(0).sqrt() * noise


def best_estimate(denoise: Denoise, like: Tensor) -> Tensor:
    """E[y_0 | condition]: one evaluation at the level without signal, its noise input zeroed."""
    return denoise(torch.zeros_like(like), like.new_zeros(len(like)))


def sample(
    denoise: Denoise,
    noise: Tensor,
    steps: int,
    first: Tensor | None = None,
    narrow: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """One deterministic sample of y_0 from a noise field (DDIM with eta = 0, Song et al. 2021).

    The first step is the best estimate: at level 0 the noise carries no information. It is the same
    for every sample, so who has it already gives it as `first`, over the pixels of `noise`.
    A `denoise` that estimates only what later steps read comes with `narrow`, which cuts y_t to the
    pixels of the latest estimate.
    """
    chain = levels(steps)
    y_t, y0 = noise, best_estimate(denoise, noise) if first is None else first
    for a, a_next in pairwise(chain):
        if a > 0:
            y0 = denoise(y_t, noise.new_full((len(noise),), a))
            y_t = y_t if narrow is None else narrow(y_t)
        eps = (y_t - a * y0) / math.sqrt(1 - a * a)
        y_t = a_next * y0 + math.sqrt(max(0.0, 1 - a_next * a_next)) * eps
    return y_t
