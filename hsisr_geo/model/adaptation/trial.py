"""A model's errors on pixels whose truth is known, beside those of another estimate.

Errors are kept per cell of the area, so that a gain comes with a standard error: a few hundred
pixels are few, and a gain that one corner makes is none.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.holes import fill_holes
from hsisr_geo.cube.windows import Window
from hsisr_geo.metrics import spectral_angle_deg
from hsisr_geo.model import back_projection
from hsisr_geo.model.adaptation.coarser_scene import Mask, times
from hsisr_geo.model.inference.on_torch import super_resolve_tile
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.resolver.config import ModelConfig

_CELLS = 4  # along each side of the area
_TINY = 1e-30  # added to both errors of a ratio: 0 dB where both are zero


class HeldOutGain(NamedTuple):
    """What one estimate is worth against another, on the same pixels.

    psnr_db (mean over bands) with its standard error over cells; ratio of the spectral angles.
    """

    psnr_db: float
    error_db: float
    sam_ratio: float

    @property
    def criterion(self) -> float:
        """Both in one number, as in training: a hundredth of the angle counts as 0.05 dB."""
        return self.psnr_db - 5 * (self.sam_ratio - 1)


@dataclass(frozen=True, eq=False)
class TrialErrors:
    """Squared errors of an estimate, summed per cell (cell, band), and its mean spectral angle."""

    squared: NDArray[np.float64]
    sam_deg: float

    def gain_over(self, other: "TrialErrors") -> HeldOutGain:
        """Compare with another estimate; the standard error is a jackknife over cells."""
        ours, theirs = self.squared.sum(axis=0), other.squared.sum(axis=0)
        without = [
            _psnr_gain(theirs - cell_theirs, ours - cell_ours)
            for cell_ours, cell_theirs in zip(self.squared, other.squared, strict=True)
        ]
        error = float(np.sqrt((len(without) - 1) * np.var(without)))
        has_angles = np.isfinite(other.sam_deg) and other.sam_deg > 0  # one band has none
        ratio = self.sam_deg / other.sam_deg if has_angles else 1.0
        return HeldOutGain(_psnr_gain(theirs, ours), error, ratio)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """An area's truth, and the input with all the context that its estimate depends on.

    Attributes
    ----------
    hr
        Truth (band, upscale·row, upscale·col) in physical units, NaN where it is not compared.
    lr
        Input, its holes filled (band, row, col).
    inside
        Where the area lies in `lr`.
    scene
        What a model keeps of the input's statistics.
    """

    hr: Cube
    lr: Cube
    inside: Window
    scene: Scene
    upscale: int

    @classmethod
    def of(
        cls, hr: Cube, lr: Cube, inside: Window, usable: Mask, scene: Scene, upscale: int
    ) -> "HeldOut":
        """Blank the truth where `usable` (row, col) is False, and fill the input's holes."""
        compared = usable.repeat(upscale, axis=0).repeat(upscale, axis=1)
        filled = fill_holes(lr, scene.mean[:, 0, 0].cpu().numpy())
        return cls(np.where(compared, hr, np.float32(np.nan)), filled, inside, scene, upscale)

    def bicubic(self) -> TrialErrors:
        """Errors of interpolation."""
        return self._errors(back_projection.interpolate(torch.from_numpy(self.lr), self.upscale))

    def errors(self, network: Network, config: ModelConfig) -> TrialErrors:
        """Errors of a model's best estimate."""
        with torch.inference_mode():
            lr = torch.from_numpy(self.lr).to(self.scene.mean.device)
            estimate = super_resolve_tile(network, config, self.scene, lr, self.upscale)
        return self._errors(estimate.cpu())

    def _errors(self, estimate: torch.Tensor) -> TrialErrors:
        rows, cols = times(self.inside, self.upscale)
        result = estimate[:, rows, cols].numpy()
        squared = np.square(result.astype(np.float64) - self.hr)
        known = np.isfinite(self.hr[0])
        cells = [
            np.nansum(part, axis=(1, 2))
            for strip, known_strip in zip(*_split(squared, known, 0), strict=True)
            for part, known_part in zip(*_split(strip, known_strip, 1), strict=True)
            if known_part.any()
        ]
        return TrialErrors(np.stack(cells), spectral_angle_deg(result, self.hr))


def _split(
    cube: NDArray[np.float64], plane: Mask, axis: int
) -> tuple[list[NDArray[np.float64]], list[Mask]]:
    """Cut a cube and a plane into the same strips along rows (0) or columns (1)."""
    return np.array_split(cube, _CELLS, axis=axis + 1), np.array_split(plane, _CELLS, axis=axis)


def _psnr_gain(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Mean over bands of 10 log10 of the ratio of two errors (band,)."""
    return float(10 * np.mean(np.log10((before + _TINY) / (after + _TINY))))
