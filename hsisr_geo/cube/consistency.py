"""How well an output, degraded again, gives back its input: D(SR) - LR, on values as written.

Sums per band over pixels; the cores of a grid partition the scene, so the sums of all tiles are
those of the scene, whatever the tiling.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.threads import each

Plane = NDArray[np.float32]
"""float32 array (row, col)."""


@dataclass(frozen=True, eq=False)
class Consistency:
    """Sums over the pixels of each band where D sees valid values only; all float64 (band,).

    Attributes
    ----------
    count, squares, largest
        Number of pixels; sum of (D(SR) - LR)**2; maximum of |D(SR) - LR|.
    level, power
        Sums of LR and LR**2, to tell the residual from the contrast of the scene.
    cut, valid
        Number of output values that were cut to what the input allows, and of how many.
    """

    count: NDArray[np.float64]
    squares: NDArray[np.float64]
    largest: NDArray[np.float64]
    level: NDArray[np.float64]
    power: NDArray[np.float64]
    cut: NDArray[np.float64]
    valid: NDArray[np.float64]

    def __add__(self, other: "Consistency") -> "Consistency":
        return Consistency(
            self.count + other.count,
            self.squares + other.squares,
            np.maximum(self.largest, other.largest),
            self.level + other.level,
            self.power + other.power,
            self.cut + other.cut,
            self.valid + other.valid,
        )

    @property
    def sums(self) -> NDArray[np.float64]:
        """All of them, (7, band), in the order of the attributes."""
        compared = [self.count, self.squares, self.largest, self.level, self.power]
        return np.stack([*compared, self.cut, self.valid])

    @property
    def share_cut(self) -> float | None:
        """Share of the output values that were cut; None without any value."""
        total = self.valid.sum()
        return float(self.cut.sum() / total) if total else None

    @property
    def rms(self) -> float | None:
        """Root mean square over all pixels and bands, in physical units; None without any."""
        total = self.count.sum()
        return float(np.sqrt(self.squares.sum() / total)) if total else None

    @property
    def maximum(self) -> float | None:
        """Largest absolute difference, in physical units; None without any pixel."""
        return float(self.largest.max()) if self.count.any() else None

    @property
    def relative(self) -> float | None:
        """Root mean square over a band's standard deviation, mean over the bands that have one."""
        number = np.maximum(self.count, 1)
        variance = self.power / number - (self.level / number) ** 2
        usable = variance > 1e-9 * self.power / number  # else nothing but rounding
        if not usable.any():
            return None
        return float(np.sqrt((self.squares / number)[usable] / variance[usable]).mean())


def measure(
    bands: int,
    planes: Callable[[int], tuple[Plane, Plane]],
    core: tuple[slice, slice],
    degradation: Degradation,
    held: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Consistency:
    """Compare one tile's output with its input.

    Parameters
    ----------
    bands
        How many there are.
    planes
        Makes of a band's number the output (factor * row, factor * col) as it reads back from the
        file but without NaN, and the input (row, col) with NaN in holes; called from threads.
    core
        Input pixels to compare. The planes extend by D's reach around it, or to the scene's edge.
    degradation
        The D that is assumed.
    held
        Of each band, how many values were cut before, and of how many; None for none.
    """
    sums = each(lambda band: _band_sums(*planes(band), core, degradation), range(bands))
    compared = np.array(sums, np.float64).reshape(-1, 5).T
    cut, valid = held or np.zeros((2, bands))
    count, squares, largest, level, power = compared
    return Consistency(count, squares, largest, level, power, cut, valid)


@np.errstate(over="ignore", invalid="ignore")
# ^ as in `Work.infer`: it holds in its own thread only
def _band_sums(
    sr: Plane, lr: Plane, core: tuple[slice, slice], degradation: Degradation
) -> tuple[float, ...]:
    """Return the five sums of one band."""
    use = _away_from_holes(np.isnan(lr), degradation.reach)[core]
    level = lr[core][use].astype(np.float64)
    residual = degradation.apply(sr)[core][use] - level
    largest = np.abs(residual).max(initial=0.0)
    squares, power = float(residual @ residual), float(level @ level)
    return len(level), squares, float(largest), float(level.sum()), power


def _away_from_holes(holes: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return the pixels (row, col) over which D averages no hole."""
    if not holes.any():
        return ~holes
    rows, cols = holes.shape
    wide = np.pad(holes, reach)
    shifts = range(2 * reach + 1)
    tall = np.logical_or.reduce([wide[s : s + rows] for s in shifts])
    near: NDArray[np.bool_] = np.logical_or.reduce([tall[:, s : s + cols] for s in shifts])
    return ~near
