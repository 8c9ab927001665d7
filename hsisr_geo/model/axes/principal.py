"""`PrincipalAxes`: the axes of a scene's standardised spectra, with power and noise along each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.model.chain import Array

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """What is told of a scene by the correlation of its bands.

    Attributes
    ----------
    axes
        (band, axis), that of the largest power first.
    power, noise
        (axis,): variance along each, noise included, and of the noise; zeros where bands or pixels
        are too few to tell of noise.
    """

    axes: Doubles
    power: Doubles
    noise: Doubles

    @classmethod
    def of(cls, correlation: Doubles, pixels: int) -> "PrincipalAxes":
        """Take them from the correlation of bands (band, band), of so many pixels."""
        power, axes = np.linalg.eigh(correlation)
        power, axes = power[::-1], axes[:, ::-1]
        return cls(axes, power, (axes**2).T @ band_noise(correlation, pixels))

    def leading(self, count: int) -> "PrincipalAxes":
        """Return the first of them."""
        return PrincipalAxes(self.axes[:, :count], self.power[:count], self.noise[:count])


def across(axes: Array, images: Array) -> Array:
    """Images along axes (axis, row, col) -> what they are in bands (band, row, col)."""
    flat = images.reshape(len(images), images.shape[1] * images.shape[2])
    return (axes @ flat).reshape(len(axes), *images.shape[1:])
