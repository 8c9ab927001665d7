"""Residual diffusion in latent components: levels, samplers in x0-form, texture on request."""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(y_t (image, 1, row, col), a_t (image,)) -> estimate of y_0, same shape as y_t."""

_DARKEST = 0.25
# ^ of its brightness that a pixel keeps, whatever the sample says: a spectrum never turns over


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


def add_texture(
    best: Tensor, sample: Tensor, detail: float, *, shading: float, colour: float
) -> Tensor:
    """Move the best estimate towards a sample; cubes (band, row, col) in physical units.

    With both gains at one, `detail` 1 gives the sample. docs/method.md, equation (3).
    """
    added = sample - best
    power = (best * best).sum(dim=0)
    along = (added * best).sum(dim=0) / power.clamp_min(torch.finfo(best.dtype).tiny)
    rest = added - along * best
    factor = (1 + detail * shading * along).clamp_min(_DARKEST)
    return factor * best + detail * colour * rest
