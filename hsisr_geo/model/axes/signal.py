"""`SignalAxes`: how far an answer is brought back to its input, along each axis of the scene.

Back-projection, x <- x + up(x_lr - D x), puts back all that is missing, and the input's noise with
it. Here an axis of the scene's spectra gets of it as much as there is signal:

    x <- x + up W (x_lr - D x),    W = V w Vᵀ,    w = √(1 - noise / power)                    (6)

(Wiener's filter has no root. But what is told of a scene's noise counts in what only differs from
the other bands: with the root less of that is lost, and noise stays away as well.)

All iterations after the first are of coarse images: with A = D·up and b = w Vᵀ (x_lr - D x), they
add up V (b + (1 - w A) b + ...). An axis without noise comes back as by plain back-projection.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.model import images
from hsisr_geo.model.chain import Array

__all__ = ["SignalAxes"]

_FEWEST = 20
# ^ bands: of fewer, what only differs is taken for noise, and that costs more than noise does
#   (docs/experiments.md)
_LEAST = 0.01  # of an axis that is signal: with less it is left as it is


@dataclass(frozen=True, eq=False)
class SignalAxes:
    """A scene's axes, and how much of each is signal.

    Attributes
    ----------
    axes
        (band, axis), of the standardised spectra.
    share
        (axis, 1, 1): how much of an axis is signal.
    """

    axes: Array
    share: Array

    @classmethod
    def fit(cls, correlation: NDArray[np.float64], pixels: int) -> "SignalAxes | None":
        """Fit to the correlation of a scene's bands; None where they do not tell of noise."""
        noise = band_noise(correlation, pixels)
        if len(correlation) < _FEWEST or not noise.any():
            return None
        power, axes = np.linalg.eigh(correlation)
        in_axes = (axes**2).T @ noise
        signal = 1 - in_axes / np.maximum(power, 1e-12)
        kept = signal > _LEAST
        return cls(_single(axes[:, kept]), _single(np.sqrt(signal[kept]))[:, None, None])

    def to(self, device: Any) -> "SignalAxes":
        """Return the same as tensors on `device`."""
        return SignalAxes(*(images.tensor(a, device) for a in (self.axes, self.share)))

    def along(self, residual: Array) -> Array:
        """Bands of some pixels (band, pixel) -> what is signal of their axes (axis, pixel)."""
        made: Array = self.share[:, :, 0] * (self.axes.T @ residual)
        return made

    def across(self, axes: Array, bands: slice) -> Array:
        """Axes (axis, row, col) -> what they are in some bands (band, row, col)."""
        flat = axes.reshape(len(axes), axes.shape[1] * axes.shape[2])
        return (self.axes[bands] @ flat).reshape(-1, *axes.shape[1:])


def summed(b: Array, share: Array | float, degradation: Degradation, iterations: int) -> Array:
    """Sum what `iterations` add, of images (image, row, col) that the first one adds.

    share (image, 1, 1), or 1 for images that have no noise.
    """
    total = b
    for _ in range(iterations - 1):
        b = b - share * images.degrade_again(b, degradation)
        total = total + b
    return total


def _single(array: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
