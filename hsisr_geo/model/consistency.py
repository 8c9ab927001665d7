"""`Consistency`: how far an answer is brought back to its input, along each axis of the scene.

Back-projection, x <- x + up(x_lr - D x), puts back all that is missing, and the input's noise with
it. Here an axis of the scene's spectra gets of it what is signal there, as in Wiener's filter:

    x <- x + up W (x_lr - D x),    W = V w Vᵀ,    w = 1 - noise / power                       (6)

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

__all__ = ["Consistency"]

_LEAST = 0.01  # of an axis that is signal: with less it is left as it is


@dataclass(frozen=True, eq=False)
class Consistency:
    """A scene's axes, and how much of each is signal.

    Attributes
    ----------
    axes
        (band, axis), of the standardised spectra.
    signal
        (axis, 1, 1): share of an axis's power that is not noise.
    """

    axes: Array
    signal: Array

    @classmethod
    def fit(cls, correlation: NDArray[np.float64], pixels: int) -> "Consistency | None":
        """Fit to the correlation of a scene's bands; None where no noise is seen in them."""
        noise = band_noise(correlation, pixels)
        if not noise.any():
            return None
        power, axes = np.linalg.eigh(correlation)
        in_axes = (axes**2).T @ noise
        signal = 1 - in_axes / np.maximum(power, 1e-12)
        kept = signal > _LEAST
        return cls(_single(axes[:, kept]), _single(signal[kept])[:, None, None])

    def to(self, device: Any) -> "Consistency":
        """Return the same as tensors on `device`."""
        return Consistency(*(images.tensor(a, device) for a in (self.axes, self.signal)))

    def along(self, residual: Array) -> Array:
        """Bands of some pixels (band, pixel) -> what is signal of their axes (axis, pixel)."""
        made: Array = self.signal[:, :, 0] * (self.axes.T @ residual)
        return made

    def across(self, axes: Array, bands: slice) -> Array:
        """Axes (axis, row, col) -> what they are in some bands (band, row, col)."""
        flat = axes.reshape(len(axes), axes.shape[1] * axes.shape[2])
        return (self.axes[bands] @ flat).reshape(-1, *axes.shape[1:])


def summed(b: Array, signal: Array | float, degradation: Degradation, iterations: int) -> Array:
    """Sum what `iterations` add, of images (image, row, col) that the first one adds.

    signal (image, 1, 1), or 1 for images that have no noise.
    """
    total = b
    for _ in range(iterations - 1):
        seen = images.degrade(images.interpolate(b, degradation.factor), degradation)
        b = b - signal * seen
        total = total + b
    return total


def _single(array: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
