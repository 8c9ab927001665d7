"""The reach of each stage, the denoiser layer by layer, and what tells it the noise level."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, widened

LEVEL_FREQUENCIES = 16
"""Sines and cosines of the noise level; a dozen distinct levels need no more."""

UP_REACH = 2
"""Input pixels that interpolation reads around a pixel."""

# Input pixels that each stage of the denoiser reads around those it makes:
_BLOCK_REACH = 2
_SHUFFLE_REACH = 1
_FINE_REACH = 1  # of the two last convolutions, at output resolution; the first has another one


class Layers(NamedTuple):
    """Windows, in input pixels, from the first layer to the last.

    blocks
        What is there before the first residual block, and what is kept after each.
    up, fine, part
        What the convolution before the shuffle is given, what the last two are, and what is wanted.
    """

    blocks: tuple[Window, ...]
    up: Window
    fine: Window
    part: Window


def reach(degradation: Degradation) -> int:
    """Input pixels that one back-projection widens the reach by: D's own, two for up's kernel."""
    return degradation.reach + UP_REACH


def network_reach(blocks: int) -> int:
    """Input pixels around a pixel on which its output depends.

    Two per block, one before the shuffle, and three convolutions at output resolution, which
    at upscale 2 are less than two input pixels.
    """
    return _BLOCK_REACH * blocks + _SHUFFLE_REACH + 2 * _FINE_REACH


def layers_of(whole: Window, part: Window, blocks: int) -> Layers:
    """Return what each layer has to make of `part`, where `whole` is there."""
    fine = widened(part, _FINE_REACH, whole)
    up = widened(fine, _SHUFFLE_REACH, whole)
    leave = [widened(up, _BLOCK_REACH * n, whole) for n in reversed(range(blocks))]
    return Layers((whole, *leave), up, fine, part)


def level_waves(level: float) -> NDArray[np.float32]:
    """Sines and cosines of the level, slow to fast: (32,)."""
    rates = np.pi * 2.0 ** np.linspace(-1, 5, LEVEL_FREQUENCIES)
    return np.concatenate([np.sin(level * rates), np.cos(level * rates)]).astype(np.float32)
