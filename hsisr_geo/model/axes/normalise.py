"""`Normaliser`: an input as the degradation that the network was trained for would have made it.

A network that has learned from one blur takes another for ground that is soft. So the blur is taken
off the input first, as far as noise allows, and the trained one put on:

    x_lr' = x_lr + V (D_trained up g(A) a - a),    a = Vᵀ x_lr,    A = D·up        (5)

V are the scene's own leading axes, g the polynomial of `cube.inversion`, for each axis by its
noise. All are images of few axes on the coarse grid, so it costs little; an axis that is mostly
noise is left as it is, and so is what lies outside of the axes.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.inversion import DEGREE, inversion
from hsisr_geo.model import images
from hsisr_geo.model.axes.principal import PrincipalAxes, across
from hsisr_geo.model.axes.signal import trusted
from hsisr_geo.model.chain import Array
from hsisr_geo.model.reach import reach
from hsisr_geo.resolver.config import ModelConfig

AXES = 8
"""Leading axes of a scene inside which its blur is changed."""


@lru_cache(maxsize=64)
def normalised(degradation: Degradation, trained: str) -> bool:
    """Tell whether inputs of a degradation are normalised, for a network trained on another.

    Not where back-projection would not converge: such a kernel is measured against only.
    """
    return degradation.name != trained and degradation.growth <= 1.001


def normalising_reach(degradation: Degradation, config: ModelConfig) -> int:
    """Input pixels around a pixel that its normalised value depends on; 0 where it is left."""
    if not normalised(degradation, config.degradation):
        return 0
    trained = config.declared(degradation.factor)
    return DEGREE * reach(degradation) + reach(trained)


@dataclass(frozen=True, eq=False)
class Normaliser:
    """A scene's axes, and what takes its blur off along each.

    Attributes
    ----------
    degradation, trained
        What made the input, and what the network knows.
    axes
        (band, axis), of the standardised spectra.
    coefficients
        (axis, DEGREE + 1) of the polynomial g.
    trust
        (axis, 1, 1): share of an axis's change that is made.
    """

    degradation: Degradation
    trained: Degradation
    axes: Array
    coefficients: Array
    trust: Array

    @classmethod
    def fit(
        cls, degradation: Degradation, config: ModelConfig, principal: PrincipalAxes
    ) -> "Normaliser | None":
        """Fit to a scene; None where nothing is to be done."""
        if not normalised(degradation, config.degradation):
            return None
        leading = principal.leading(AXES)
        leading = leading.leading(int((leading.power > 1e-6 * max(leading.power[0], 1e-12)).sum()))
        return cls.along_axes(degradation, config.declared(degradation.factor), leading)

    @classmethod
    def along_axes(
        cls, degradation: Degradation, trained: Degradation, axes: PrincipalAxes
    ) -> "Normaliser":
        """Take as much of a blur off each axis as its power and noise allow."""
        return cls(
            degradation,
            trained,
            images.single(axes.axes),
            images.single(inversion(degradation, axes.power, axes.noise)),
            images.single(trusted(axes.noise, axes.power))[:, None, None],
        )

    def to(self, device: Any) -> "Normaliser":
        """Return the same as tensors on `device`."""
        axes, coefficients, trust = (
            images.tensor(array, device) for array in (self.axes, self.coefficients, self.trust)
        )
        return Normaliser(self.degradation, self.trained, axes, coefficients, trust)

    def along(self, x: Array) -> Array:
        """Bands (band, row, col) -> axes (axis, row, col)."""
        return across(self.axes.T, x)

    def across(self, a: Array) -> Array:
        """Axes (axis, row, col) -> what they are in bands (band, row, col)."""
        return across(self.axes, a)

    def change(self, a: Array) -> Array:
        """Return what normalising adds to the axes (axis, row, col) of an input."""
        factor = self.degradation.factor
        fine = images.interpolate(self._sharpened(a), factor)
        return self.trust * (images.degrade(fine, self.trained) - a)

    def _sharpened(self, a: Array) -> Array:
        """g(A) a, by the recurrence of Chebyshev's polynomials T_k(2 A - 1)."""
        before, now = a, self._shifted(a)
        out = self._weighted(0, before) + self._weighted(1, now)
        for k in range(2, DEGREE + 1):
            before, now = now, 2 * self._shifted(now) - before
            out += self._weighted(k, now)
        return out

    def _shifted(self, a: Array) -> Array:
        fine = images.interpolate(a, self.degradation.factor)
        return 2 * images.degrade(fine, self.degradation) - a

    def _weighted(self, k: int, a: Array) -> Array:
        return self.coefficients[:, k, None, None] * a
