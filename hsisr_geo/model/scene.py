"""`Scene`: what a model keeps of a scene, so that every tile is seen alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.model import images
from hsisr_geo.model.axes.normalise import Normaliser
from hsisr_geo.model.axes.principal import PrincipalAxes
from hsisr_geo.model.axes.signal import SignalAxes
from hsisr_geo.model.chain import Array
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig

if TYPE_CHECKING:
    import torch

    from hsisr_geo.model.autoencoder import GroupAutoencoder
    from hsisr_geo.model.network import Network

Doubles = NDArray[np.float64]

_FLOOR = 1e-6
# ^ relative eigenvalue below which a direction of the latents is taken as empty


@dataclass(frozen=True)
class LatentBasis:
    """Affine map between a scene's latents and its whitened leading components.

    mean (group·latent,), analysis (component, group·latent), synthesis (group·latent, component),
    weight (component,): standardised spectral deviation that one unit of a component stands for.
    """

    mean: Array
    analysis: Array
    synthesis: Array
    weight: Array

    @property
    def components(self) -> int:
        """Number of components kept."""
        return int(self.analysis.shape[0])

    def to(self, device: "torch.device | str") -> "LatentBasis":
        """Return the same basis as tensors on `device`."""
        return LatentBasis(
            images.tensor(self.mean, device),
            images.tensor(self.analysis, device),
            images.tensor(self.synthesis, device),
            images.tensor(self.weight, device),
        )

    def analyse(self, z: Array) -> Array:
        """Latents (group, latent, row, col) -> components (component, row, col); of tensors."""
        flat = z.flatten(0, 1)
        return _einsum("kz,zrc->krc", self.analysis, flat - self.mean[:, None, None])

    def synthesise(self, c: Array, groups: int) -> Array:
        """Change of components (component, row, col) -> change of latents (group, latent, ...)."""
        flat = _einsum("zk,krc->zrc", self.synthesis, c)
        return flat.reshape(groups, -1, *flat.shape[1:])

    @classmethod
    def fit(
        cls, autoencoder: "GroupAutoencoder", spectra: np.ndarray, components: int
    ) -> "LatentBasis":
        """Fit torch's autoencoder to spectra, as `of`; tensors on the CPU."""
        basis = cls.of(_latents_of(autoencoder, spectra), spectra, components)
        return basis.to("cpu")

    @classmethod
    def of(cls, z: Doubles, spectra: np.ndarray, components: int) -> "LatentBasis":
        """Fit to a scene's sampled, standardised spectra (pixel, band) and their latents.

        Raises
        ------
        FloatingPointError
            Latents that are not finite.
        """
        if not np.isfinite(z).all():
            raise FloatingPointError("latents that are not finite")
        x = spectra.astype(np.float64)
        mean = z.mean(axis=0)
        basis, deviation = _principal_axes(z - mean)
        white = (z - mean) @ basis
        white /= deviation
        x -= x.mean(axis=0)
        response = white.T @ x / len(x)
        # ^ white is uncorrelated with unit variance, so this is the regression of bands on it
        u, s, _ = np.linalg.svd(response, full_matrices=False)
        u, s = u[:, :components], s[:components]
        u = u * _signs(basis * deviation @ u)
        return cls(
            mean=images.single(mean),
            analysis=images.single((basis / deviation @ u).T),
            synthesis=images.single(basis * deviation @ u),
            weight=images.single(s),
        )


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


def _latents_of(autoencoder: "GroupAutoencoder", spectra: np.ndarray) -> Doubles:
    """Encode spectra (pixel, band) -> float64 (pixel, group·latent)."""
    import torch

    device = next(autoencoder.parameters()).device
    with torch.no_grad():
        cube = torch.from_numpy(np.ascontiguousarray(spectra.T, dtype=np.float32))
        z = autoencoder.encode(cube[:, :, None].to(device)).cpu()
    made: Doubles = z.flatten(0, 1)[:, :, 0].T.double().numpy()
    return made


def _einsum(how: str, *arrays: Array) -> Array:
    import torch

    return torch.einsum(how, *arrays)


@dataclass(frozen=True, eq=False)
class Scene:
    """What a model keeps of a scene's statistics, as arrays or as tensors on its device.

    mean, std (band, 1, 1) in physical units; basis of the latents; subspace (band, rank) of the
    standardised spectra; what brings its blur to what the network knows, None where it has that;
    how far answers are brought back to its axes, None for all the way in every band.
    """

    mean: Array
    std: Array
    basis: LatentBasis
    subspace: Array | None
    normaliser: Normaliser | None = None
    signal: SignalAxes | None = None

    def to(self, device: "torch.device | str") -> "Scene":
        """Return the same as tensors on `device`."""
        return Scene(
            images.tensor(self.mean, device),
            images.tensor(self.std, device),
            self.basis.to(device),
            None if self.subspace is None else images.tensor(self.subspace, device),
            None if self.normaliser is None else self.normaliser.to(device),
            None if self.signal is None else self.signal.to(device),
        )

    @classmethod
    def fit(
        cls,
        network: "Network",
        config: ModelConfig,
        statistics: SceneStatistics,
        degradation: Degradation | None = None,
    ) -> "Scene":
        """Fit torch's network to a scene's statistics, as `of`; tensors on its device."""
        latents = partial(_latents_of, network.autoencoder)
        device = next(network.parameters()).device
        return cls.of(latents, config, statistics, degradation).to(device)

    @classmethod
    def of(
        cls,
        latents: Callable[[np.ndarray], Doubles],
        config: ModelConfig,
        statistics: SceneStatistics,
        degradation: Degradation | None = None,
    ) -> "Scene":
        """Fit what is kept of a scene to its statistics; arrays of NumPy.

        `degradation` made the scene; None for that of the network's training.
        `latents` encodes standardised spectra (pixel, band) -> (pixel, group·latent).
        """
        std = usable_deviation(statistics.std)
        spectra = ((statistics.sample - statistics.mean) / std).astype(np.float32)
        correlation = statistics.covariance / np.outer(std, std)
        principal = PrincipalAxes.of(correlation, statistics.count)
        normaliser = None
        if degradation is not None:
            normaliser = Normaliser.fit(degradation, config, principal)
        return cls(
            mean=images.single(statistics.mean)[:, None, None],
            std=images.single(std)[:, None, None],
            basis=LatentBasis.of(latents(spectra), spectra, config.components),
            subspace=_subspace(principal, config.subspace_rank),
            normaliser=normaliser,
            signal=SignalAxes.fit(principal, sharpened=normaliser is not None),
        )


def usable_deviation(std: np.ndarray) -> np.ndarray:
    """Deviation to divide by: that of a constant band is raised to a thousandth of the mean's."""
    floor = 1e-3 * float(std.mean()) if std.size else 0.0
    usable: np.ndarray = np.maximum(std, floor if floor > 0 else 1.0)
    return usable


def _subspace(principal: PrincipalAxes, rank: int) -> np.ndarray | None:
    """Leading principal axes (band, rank) of the standardised spectra; None keeps all of them."""
    if rank == 0 or rank >= len(principal.axes):
        return None
    return principal.leading(rank).axes[:, ::-1].astype(np.float32)
