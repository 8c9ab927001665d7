"""`SignalAxes`: how far an answer is brought back to its input, along each axis of the scene.

Back-projection, x <- x + up(x_lr - D x), puts back all that is missing, and the input's noise with
it. Here an axis of the scene's spectra gets of it as much as there is signal:

    x <- x + up W (x_lr - D x),    W = V w Vᵀ,    w = √(1 - noise / power)                    (6)

(Wiener's filter has no root. But what is told of a scene's noise counts in what only differs from
the other bands: with the root less of that is lost, and noise stays away as well. Where a blur is
taken off, noise would grow: there w is 1 of axes with little of it, and falls to 0.)

All iterations after the first are of coarse images: with A = D·up and b = w Vᵀ (x_lr - D x), they
add up V (b + (1 - w A) b + ...). An axis without noise comes back as by plain back-projection.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.model import images
from hsisr_geo.model.axes.principal import PrincipalAxes, across
from hsisr_geo.model.chain import Array

_FEWEST = 20
# ^ bands: of fewer, what only differs is taken for noise, and that costs more than noise does
#   (docs/experiments-answer.md)
_LEAST = 0.01  # of an axis that is signal: with less it is left as it is
_NOISY = 0.1
# ^ share of noise in an axis from which on it is sharpened less; at twice that not at all


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
    def fit(cls, principal: PrincipalAxes, *, sharpened: bool = False) -> "SignalAxes | None":
        """Fit to a scene; None where its bands do not tell of noise.

        `sharpened`: D is softer than what the network was trained for, so that noise would come
        back several times as large. Then an axis has its share of `trusted`.
        """
        noise, power = principal.noise, principal.power
        if not noise.any() or (len(principal.axes) < _FEWEST and not sharpened):
            return None
        signal = 1 - noise / np.maximum(power, 1e-12)
        share = trusted(noise, power) if sharpened else np.sqrt(np.maximum(signal, 0))
        kept = (signal > _LEAST) & (share > 0)
        return cls(
            images.single(principal.axes[:, kept]), images.single(share[kept])[:, None, None]
        )

    def to(self, device: Any) -> "SignalAxes":
        """Return the same as tensors on `device`."""
        return SignalAxes(*(images.tensor(a, device) for a in (self.axes, self.share)))

    def along(self, residual: Array) -> Array:
        """Bands of some pixels (band, pixel) -> what is signal of their axes (axis, pixel)."""
        made: Array = self.share[:, :, 0] * (self.axes.T @ residual)
        return made

    def across(self, axes: Array, bands: slice) -> Array:
        """Axes (axis, row, col) -> what they are in some bands (band, row, col)."""
        return across(self.axes[bands], axes)


def trusted(noise: NDArray[np.float64], power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far axes are sharpened (axis,): 1 of little noise, 0 where it is a fifth."""
    return np.asarray(np.clip(2 - noise / (_NOISY * np.maximum(power, 1e-12)), 0, 1))


def summed(b: Array, share: Array | float, degradation: Degradation, iterations: int) -> Array:
    """Sum what `iterations` add, of images (image, row, col) that the first one adds.

    share (image, 1, 1), or 1 for images that have no noise.
    """
    total = b
    for _ in range(iterations - 1):
        b = b - share * images.degrade_again(b, degradation)
        total = total + b
    return total
