"""`Scene`: what a model keeps of a scene, so that every tile is seen alike."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.model.autoencoder import GroupAutoencoder
from hsisr_geo.model.network import Network
from hsisr_geo.model.normalise import Normaliser
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig

_FLOOR = 1e-6
# ^ relative eigenvalue below which a direction of the latents is taken as empty


@dataclass(frozen=True)
class LatentBasis:
    """Affine map between a scene's latents and its whitened leading components.

    mean (group·latent,), analysis (component, group·latent), synthesis (group·latent, component),
    weight (component,): standardised spectral deviation that one unit of a component stands for.
    """

    mean: Tensor
    analysis: Tensor
    synthesis: Tensor
    weight: Tensor

    @property
    def components(self) -> int:
        """Number of components kept."""
        return int(self.analysis.shape[0])

    def to(self, device: torch.device) -> "LatentBasis":
        """Return the same basis on `device`."""
        return LatentBasis(
            self.mean.to(device),
            self.analysis.to(device),
            self.synthesis.to(device),
            self.weight.to(device),
        )

    def analyse(self, z: Tensor) -> Tensor:
        """Latents (group, latent, row, col) -> components (component, row, col)."""
        flat = z.flatten(0, 1)
        return torch.einsum("kz,zrc->krc", self.analysis, flat - self.mean[:, None, None])

    def synthesise(self, c: Tensor, groups: int) -> Tensor:
        """Change of components (component, row, col) -> change of latents (group, latent, ...)."""
        flat = torch.einsum("zk,krc->zrc", self.synthesis, c)
        return flat.reshape(groups, -1, *flat.shape[1:])

    @classmethod
    def fit(
        cls, autoencoder: GroupAutoencoder, spectra: np.ndarray, components: int
    ) -> "LatentBasis":
        """Fit to a scene's sampled, standardised spectra (pixel, band)."""
        x = spectra.astype(np.float64)
        z = _latents_of(autoencoder, spectra)
        mean = z.mean(axis=0)
        basis, deviation = _principal_axes(z - mean)
        white = (z - mean) @ basis / deviation
        response = white.T @ (x - x.mean(axis=0)) / len(x)
        # ^ white is uncorrelated with unit variance, so this is the regression of bands on it
        u, s, _ = np.linalg.svd(response, full_matrices=False)
        u, s = u[:, :components], s[:components]
        u = u * _signs(basis * deviation @ u)
        return cls(
            mean=_tensor(mean),
            analysis=_tensor((basis / deviation @ u).T),
            synthesis=_tensor(basis * deviation @ u),
            weight=_tensor(s),
        )


def _latents_of(autoencoder: GroupAutoencoder, spectra: np.ndarray) -> np.ndarray:
    """Encode spectra (pixel, band) -> float64 (pixel, group·latent)."""
    device = next(autoencoder.parameters()).device
    with torch.no_grad():
        cube = torch.from_numpy(np.ascontiguousarray(spectra.T, dtype=np.float32))
        z = autoencoder.encode(cube[:, :, None].to(device)).cpu()
    return z.flatten(0, 1)[:, :, 0].T.double().numpy()


def _principal_axes(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axes (latent, axis) of the non-empty directions, and the deviation along each."""
    variance, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    keep = variance > max(_FLOOR * variance[-1], 1e-12)
    return axes[:, keep], np.sqrt(variance[keep])


def _signs(columns: np.ndarray) -> np.ndarray:
    """Signs that make each column's largest entry positive, so that a fit is repeatable."""
    if columns.shape[1] == 0:
        return np.ones(0)
    largest = np.abs(columns).argmax(axis=0)
    return np.where(columns[largest, np.arange(columns.shape[1])] < 0, -1.0, 1.0)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class Scene:
    """What a model keeps of a scene's statistics, on its device.

    mean, std (band, 1, 1) in physical units; basis of the latents; subspace (band, rank) of the
    standardised spectra; what brings its blur to what the network knows, None where it has that.
    """

    mean: Tensor
    std: Tensor
    basis: LatentBasis
    subspace: Tensor | None
    normaliser: Normaliser | None = None

    def to(self, device: torch.device) -> "Scene":
        """Return the same on `device`."""
        return Scene(
            self.mean.to(device),
            self.std.to(device),
            self.basis.to(device),
            None if self.subspace is None else self.subspace.to(device),
            None if self.normaliser is None else self.normaliser.to(device),
        )

    @classmethod
    def fit(
        cls,
        network: Network,
        config: ModelConfig,
        statistics: SceneStatistics,
        degradation: Degradation | None = None,
    ) -> "Scene":
        """Fit latent basis, subspace and normaliser to a scene's statistics.

        `degradation` made the scene; None for that of the network's training.
        """
        device = next(network.parameters()).device
        std = usable_deviation(statistics.std)
        spectra = ((statistics.sample - statistics.mean) / std).astype(np.float32)
        basis = LatentBasis.fit(network.autoencoder, spectra, config.components)
        correlation = statistics.covariance / np.outer(std, std)
        normaliser = None
        if degradation is not None:
            normaliser = Normaliser.fit(degradation, config, correlation, statistics.count)
        return cls(
            mean=_column(statistics.mean, device),
            std=_column(std, device),
            basis=basis.to(device),
            subspace=_subspace(correlation, config.subspace_rank, device),
            normaliser=normaliser and normaliser.to(device),
        )


def usable_deviation(std: np.ndarray) -> np.ndarray:
    """Deviation to divide by: that of a constant band is raised to a thousandth of the mean's."""
    floor = 1e-3 * float(std.mean()) if std.size else 0.0
    usable: np.ndarray = np.maximum(std, floor if floor > 0 else 1.0)
    return usable


def _subspace(correlation: np.ndarray, rank: int, device: torch.device) -> Tensor | None:
    """Leading principal axes (band, rank) of the standardised spectra; None keeps all of them."""
    if rank == 0 or rank >= len(correlation):
        return None
    _, axes = np.linalg.eigh(correlation)
    return torch.from_numpy(axes[:, -rank:].astype(np.float32)).to(device)


def _column(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)[:, None, None]
