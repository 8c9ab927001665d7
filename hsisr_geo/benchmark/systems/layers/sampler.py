"""The published sampler: twenty ancestral steps, each of them once for every group of bands.

DMGASR draws the latents of a group from noise by DDPM (Ho et al. 2020) with a cosine schedule
(Nichol & Dhariwal 2021), estimates clamped to [-1, 1]; groups run one after another, each with
noise of its own. The noise is an argument, so that a place in a scene always gets the same.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

STEPS = 20
_OFFSET = 0.008
_LARGEST_BETA = 0.999

PredictNoise = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(condition, noisy, sqrt(alpha_bar)) -> the noise in `noisy`, all (image, latent, row, col)."""

NoiseOfStep = Callable[[int], Tensor]
"""Step, counted down from `steps` -> the noise that it starts from or adds, (image or 1, latent,
row, col)."""


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
    predict_noise: PredictNoise, condition: Tensor, noise: NoiseOfStep, steps: int = STEPS
) -> Tensor:
    """Draw a group's latents, given those of the interpolated scene (DMGASR, Algorithm 1).

    The variance is that of the posterior, as in the published code; the paper prints 1 - alpha_t.

    Parameters
    ----------
    condition
        (image, latent, row, col)
    noise
        Asked for `steps` to start from, then for each step down to 2.

    Returns
    -------
    (image, latent, row, col)
    """
    bars = alpha_bars(steps)
    z = noise(steps).expand_as(condition)
    for t in reversed(range(steps)):
        bar, before = bars[t], bars[t - 1] if t else 1.0
        alpha = bar / before
        inside = predict_noise(condition, z, condition.new_full((len(condition),), math.sqrt(bar)))
        z_0 = (z / math.sqrt(bar) - math.sqrt(1 / bar - 1) * inside).clamp(-1, 1)
        towards, from_here = math.sqrt(before) * (1 - alpha), (1 - before) * math.sqrt(alpha)
        z = (towards * z_0 + from_here * z) / (1 - bar)
        if t:
            z = z + math.sqrt((1 - alpha) * (1 - before) / (1 - bar)) * noise(t)
    return z


def drawn(like: Tensor, generator: torch.Generator | None = None) -> NoiseOfStep:
    """Return noise of a tensor's shape that is new at every step."""

    def noise(step: int) -> Tensor:
        return torch.randn(like.shape, generator=generator, device=like.device)

    return noise
