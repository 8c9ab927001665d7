"""The published sampler: twenty ancestral steps, each of them once for every group of bands.

DMGASR draws the latents of a group from noise by DDPM (Ho et al. 2020) with a cosine schedule
(Nichol & Dhariwal 2021), estimates clamped to [-1, 1]; groups run one after another, each with
noise of its own. Here to compare cost; there are no weights of ours for it.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

__all__ = ["STEPS", "PredictNoise", "alpha_bars", "draw", "sample_group"]

STEPS = 20
_OFFSET = 0.008
_LARGEST_BETA = 0.999

PredictNoise = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(condition, noisy, sqrt(alpha_bar)) -> the noise in `noisy`, all (image, latent, row, col)."""


def alpha_bars(steps: int = STEPS) -> list[float]:
    """Signal that is left after each step, alpha_bar_1 ... alpha_bar_T of the cosine schedule."""

    def f(t: int) -> float:
        return math.cos((t / steps + _OFFSET) / (1 + _OFFSET) * math.pi / 2) ** 2

    bars = [1.0]
    for before, after in pairwise(f(t) for t in range(steps + 1)):
        bars.append(bars[-1] * (1 - min(1 - after / before, _LARGEST_BETA)))
    return bars[1:]


@torch.no_grad()
def sample_group(
    predict_noise: PredictNoise,
    condition: Tensor,
    generator: torch.Generator | None = None,
    steps: int = STEPS,
) -> Tensor:
    """Draw a group's latents, given those of the interpolated scene: (1, latent, row, col)."""
    bars = alpha_bars(steps)
    z = draw(condition, generator)
    for t in reversed(range(steps)):
        bar, before = bars[t], bars[t - 1] if t else 1.0
        alpha = bar / before
        noise = predict_noise(condition, z, condition.new_full((len(condition),), math.sqrt(bar)))
        z_0 = (z / math.sqrt(bar) - math.sqrt(1 / bar - 1) * noise).clamp(-1, 1)
        towards, from_here = math.sqrt(before) * (1 - alpha), (1 - before) * math.sqrt(alpha)
        z = (towards * z_0 + from_here * z) / (1 - bar)
        if t:
            deviation = math.sqrt((1 - alpha) * (1 - before) / (1 - bar))
            z = z + deviation * draw(condition, generator)
    return z


def draw(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw standard normal noise of a tensor's shape."""
    return torch.randn(like.shape, generator=generator, device=like.device)
