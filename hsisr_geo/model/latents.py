"""Scene components: the latents of all groups brought together, whitened for one scene.

Every group's latents go into one vector per pixel. Its directions are ordered by how much of
the scene's spectral variance they carry (a reduced-rank regression of the standardised bands on
the latents), scaled to unit variance, and the leading ones are kept. The denoiser sees each of
them as a one-channel image, whatever the sensor, the number of bands or their order.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.model.autoencoder import GroupAutoencoder

__all__ = ["LatentBasis"]

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
