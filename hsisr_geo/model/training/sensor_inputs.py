"""Inputs of sensors that blur otherwise than D, as the normaliser hands them to the network.

At inference a blur that is known is taken off the input and the trained one put on
(`axes.normalise`). What noise and a blur that is not quite the assumed one leave of that, the
network sees in training as well.
"""

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.cube.degradation import Degradation, gaussian
from hsisr_geo.model import back_projection
from hsisr_geo.model.axes.normalise import Normaliser
from hsisr_geo.model.axes.principal import PrincipalAxes

MARGIN = 10
"""Input pixels that an image should have around what is learned from: the normaliser reads far."""

_SENSORS = 4  # that share the images of a batch: each has matrices of its own
_SOFTEST, _CRISPEST = 0.05, 0.7  # MTF at the Nyquist frequency of the sensors there are
_UNLIKE = 1.6  # the MTF across is up to so many times that along, or the other way round
_GUESSED = 0.25  # of sensors, whose MTF is known to a fifth only
_LEAST_NOISE, _MOST_NOISE = 0.003, 0.15  # deviation, of an image of variance one
_DECIMALS = 2  # of an MTF, as a name tells it; matrices are kept by it


def sensor_inputs(x: Tensor, trained: Degradation, rng: np.random.Generator) -> Tensor:
    """Degrade images (image, row, col) of variance one by random sensors, and normalise them.

    Returns
    -------
    (image, row // factor, col // factor), as D would have made them, but for what is left
    """
    parts = torch.tensor_split(x, min(_SENSORS, len(x)))
    return torch.cat([_seen(part, trained, rng) for part in parts])


def _seen(x: Tensor, trained: Degradation, rng: np.random.Generator) -> Tensor:
    along = _between(_SOFTEST, _CRISPEST, rng)
    across = along * _UNLIKE ** rng.uniform(-1, 1)
    wrong = 1.2 ** rng.uniform(-1, 1) if rng.random() < _GUESSED else 1.0
    true, assumed = (
        gaussian(_rounded(f * along), trained.factor, _rounded(f * across)) for f in (1.0, wrong)
    )
    noise = np.array([_between(_LEAST_NOISE, _MOST_NOISE, rng) for _ in x])
    y = back_projection.degrade(x, true)
    y = y + torch.from_numpy((noise[:, None, None] * rng.standard_normal(y.shape)).astype("f4"))
    change: Tensor = _normaliser(assumed, trained, noise**2).change(y)
    return y + change


def _between(least: float, most: float, rng: np.random.Generator) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(least * (most / least) ** rng.random())


def _rounded(mtf: float) -> float:
    return round(float(np.clip(mtf, _SOFTEST, _CRISPEST)), _DECIMALS)


def _normaliser(assumed: Degradation, trained: Degradation, noise: np.ndarray) -> Normaliser:
    """Normalise images that are axes of their own, of variance one without their noise."""
    axes = PrincipalAxes(np.eye(len(noise)), 1 + noise, noise)
    return Normaliser.along_axes(assumed, trained, axes).to("cpu")
