"""`Scene`: what a model keeps of a scene's statistics, so that every tile is seen alike."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.model.latents import LatentBasis
from hsisr_geo.model.network import Network
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig

__all__ = ["Scene", "usable_deviation"]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a model keeps of a scene's statistics, on its device.

    mean, std (band, 1, 1) in physical units; basis of the latents; subspace (band, rank) of the
    standardised spectra.
    """

    mean: Tensor
    std: Tensor
    basis: LatentBasis
    subspace: Tensor | None

    def to(self, device: torch.device) -> "Scene":
        """Return the same on `device`."""
        return Scene(
            self.mean.to(device),
            self.std.to(device),
            self.basis.to(device),
            None if self.subspace is None else self.subspace.to(device),
        )

    @classmethod
    def fit(cls, network: Network, config: ModelConfig, statistics: SceneStatistics) -> "Scene":
        """Fit latent basis and subspace to a scene's statistics."""
        device = next(network.parameters()).device
        std = usable_deviation(statistics.std)
        spectra = ((statistics.sample - statistics.mean) / std).astype(np.float32)
        basis = LatentBasis.fit(network.autoencoder, spectra, config.components)
        return cls(
            mean=_column(statistics.mean, device),
            std=_column(std, device),
            basis=basis.to(device),
            subspace=_subspace(statistics.covariance, std, config.subspace_rank, device),
        )


def usable_deviation(std: np.ndarray) -> np.ndarray:
    """Deviation to divide by: that of a constant band is raised to a thousandth of the mean's."""
    floor = 1e-3 * float(std.mean()) if std.size else 0.0
    usable: np.ndarray = np.maximum(std, floor if floor > 0 else 1.0)
    return usable


def _subspace(
    covariance: np.ndarray, std: np.ndarray, rank: int, device: torch.device
) -> Tensor | None:
    """Leading principal axes (band, rank) of the standardised spectra; None keeps all of them."""
    if rank == 0 or rank >= len(std):
        return None
    _, axes = np.linalg.eigh(covariance / np.outer(std, std))
    return torch.from_numpy(axes[:, -rank:].astype(np.float32)).to(device)


def _column(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)[:, None, None]
