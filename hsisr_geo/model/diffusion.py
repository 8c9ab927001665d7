"""Residual diffusion in latent components: levels, samplers in x0-form, texture on request."""

from collections.abc import Callable

import torch
from torch import Tensor

from hsisr_geo.model import chain

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(y_t (image, 1, row, col), a_t (image,)) -> estimate of y_0, same shape as y_t."""


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

    def at(y_t: Tensor, level: float) -> Tensor:
        return denoise(y_t, noise.new_full((len(noise),), level))

    begun = best_estimate(denoise, noise) if first is None else first
    made: Tensor = chain.sample(at, noise, steps, begun, narrow)
    return made
