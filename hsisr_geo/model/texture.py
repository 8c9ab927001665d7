"""Texture on request: what a sample adds to the best estimate, as shading and as colour.

A sample is one of many likely scenes; the mean of them all is the best estimate. Pixel by pixel,
what it adds is parted into *shading*, along the best estimate's own spectrum, which changes how
bright a pixel is but no spectral angle, and the rest, *colour*. Texture of ground is mostly
shading, and a sampler of few steps draws too little of it, so each part has a gain of its own,
chosen on sites held out of training.
"""

import torch
from torch import Tensor

__all__ = ["add_texture"]

_DARKEST = 0.25
# ^ of its brightness that a pixel keeps, whatever the sample says: a spectrum never turns over


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
