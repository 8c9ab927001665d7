"""The sampler's chain and texture on request, for arrays of NumPy and torch alike."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A float32 array of NumPy or torch."""

_DARKEST = 0.25
# ^ of its brightness that a pixel keeps, whatever the sample says: a spectrum never turns over
_TINY = 1.1754943508222875e-38  # the smallest normal float32


def levels(steps: int) -> list[float]:
    """Signal levels a_T ... a_1 of a chain, and 1 for the clean end: [0, ..., 1], steps + 1 long.

    a_t = cos(pi/2 · t/T): the cosine schedule without its offset, which would leave a_T > 0.
    """
    return [math.sin(0.5 * math.pi * i / steps) for i in range(steps + 1)]


def sample(
    denoise: Callable[[Array, float], Array],
    noise: Array,
    steps: int,
    first: Array,
    narrow: Callable[[Array], Array] | None = None,
) -> Array:
    """One deterministic sample of y_0 from a noise field (DDIM with eta = 0, Song et al. 2021).

    The first step is the best estimate, `first` over the pixels of `noise`: at level 0 the noise
    carries no information, and it is the same for every sample.
    A `denoise` that estimates only what later steps read comes with `narrow`, which cuts y_t to the
    pixels of the latest estimate.
    """
    chain = levels(steps)
    y_t, y0 = noise, first
    for a, a_next in pairwise(chain):
        if a > 0:
            y0 = denoise(y_t, a)
            y_t = y_t if narrow is None else narrow(y_t)
        eps = (y_t - a * y0) / math.sqrt(1 - a * a)
        y_t = a_next * y0 + math.sqrt(max(0.0, 1 - a_next * a_next)) * eps
    return y_t


def add_texture(
    best: Array, sample: Array, detail: float, *, shading: float, colour: float
) -> Array:
    """Move the best estimate towards a sample; cubes (band, row, col) in physical units.

    With both gains at one, `detail` 1 gives the sample. docs/method.md, equation (3).
    """
    added = sample - best
    power = (best * best).sum(axis=0)
    along = (added * best).sum(axis=0) / power.clip(min=_TINY)
    rest = added - along * best
    factor = (1 + detail * shading * along).clip(min=_DARKEST)
    return factor * best + detail * colour * rest
