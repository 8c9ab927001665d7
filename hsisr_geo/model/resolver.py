"""`DiffusionResolver`: a model file, an upscale and a detail as a `Resolver` of the pipeline.

x = u + V V^T (Dec(E(u) + Δz) - Dec(E(u))), then back-projection: the detail is decoded as a
difference, kept within the subspace V that the scene itself spans, and made consistent with the
input. Numpy in, numpy out; the device stays inside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.config import ModelConfig
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection, diffusion
from hsisr_geo.model.checkpoint import load_network
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.model.latents import LatentBasis
from hsisr_geo.model.network import Network
from hsisr_geo.noise import NOISE_VERSION, noise_field
from hsisr_geo.resolver import FloatCube, Resolver, TileFunction
from hsisr_geo.statistics import SceneStatistics

__all__ = ["DiffusionResolver", "Scene", "components_of", "load", "super_resolve_tile"]

_PIXELS_AT_ONCE = 65536
# ^ spectra encoded or decoded together: 19 groups of 32 channels make 160 MB of one layer
_BICUBIC_REACH = 2


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


@dataclass(frozen=True, eq=False)
class DiffusionResolver:
    """Group autoencoder and latent diffusion behind the pipeline's seam.

    Parameters
    ----------
    detail
        0: the best estimate. 1: one sample, with texture. Between: the latents move linearly from
        the one to the other.
    seed
        Chooses the sample; without meaning at detail 0.
    """

    network: Network
    config: ModelConfig
    sha256: str
    upscale: int
    detail: float
    seed: int
    uses_statistics: bool = True
    ramp: int = 2

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.config.name

    @property
    def context(self) -> int:
        """Reach of interpolation, network and back-projection; every sampling step adds one."""
        evaluations = 1 if self.detail == 0 else self.config.diffusion_steps
        return (
            _BICUBIC_REACH
            + evaluations * LocalUNet.reach(self.config.denoiser_blocks)
            + self.config.back_projections * back_projection.REACH
        )

    def provenance(self) -> dict[str, str]:
        """Say which weights, dial and degradation made the output."""
        entries = {
            "model_version": self.config.version,
            "model_sha256": self.sha256,
            "detail": f"{self.detail:g}",
            "degradation": self.config.degradation,
            "back_projections": str(self.config.back_projections),
        }
        if self.detail > 0:
            entries |= {"seed": str(self.seed), "noise": NOISE_VERSION}
        return entries

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Bind the model to a scene; tiles go through the device one at a time."""
        if statistics is None:
            raise ModelError(f"model {self.name} needs the statistics of the scene")
        scene = Scene.fit(self.network, self.config, statistics)
        device_lock = Lock()
        # ^ torch uses all cores, or the whole GPU, for one tile: two at once only double the memory

        def resolve(cube: FloatCube, origin: tuple[int, int]) -> FloatCube:
            noise = self._noise(cube.shape, origin)
            with device_lock, torch.inference_mode():
                x_lr = torch.from_numpy(cube).to(scene.mean.device)
                x = super_resolve_tile(
                    self.network, self.config, scene, x_lr, self.upscale, self.detail, noise
                )
                return x.cpu().numpy()

        return resolve

    def _noise(self, shape: tuple[int, ...], origin: tuple[int, int]) -> Tensor | None:
        """Return the tile's part of the noise field (1, row, col); None for a best estimate."""
        if self.detail == 0:
            return None
        rows, cols = (
            slice(self.upscale * start, self.upscale * (start + size))
            for start, size in zip(origin, shape[1:], strict=True)
        )
        return torch.from_numpy(noise_field(self.seed, rows, cols, upscale=self.upscale))


def load(
    path: Path, *, upscale: int, detail: float = 0.0, seed: int = 0, device: str = "auto"
) -> DiffusionResolver:
    """Load a model file as a resolver.

    Raises
    ------
    ModelError
        Corrupt or foreign file, an upscale that the model was not trained for, a device that is
        not there.
    """
    network, header = load_network(path)
    config = header.config
    if upscale not in config.upscales:
        known = ", ".join(map(str, config.upscales))
        raise ModelError(f"model {config.name} ({path}) knows upscale {known}, not {upscale}")
    if not config.sigma_y:
        raise ModelError(f"{path} holds an autoencoder only; train its diffusion stage first")
    network.to(choose_device(device)).eval().requires_grad_(False)
    return DiffusionResolver(network, config, header.sha256, upscale, detail, seed)


def choose_device(name: str) -> torch.device:
    """Return the torch device: "auto" takes CUDA when it works, else the CPU."""
    if name not in ("auto", "cpu", "cuda"):
        raise ModelError(f"unknown device {name!r}: use auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError("no usable CUDA device: use --device cpu, or install torch with CUDA")
    use_cuda = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if use_cuda else "cpu")


def super_resolve_tile(
    network: Network,
    config: ModelConfig,
    scene: Scene,
    x_lr: Tensor,
    upscale: int,
    detail: float = 0.0,
    noise: Tensor | None = None,
) -> Tensor:
    """Super-resolve one window: (band, row, col) -> (band, upscale·row, upscale·col).

    Physical units in and out. `noise` (1, row, col) at output size is needed when detail > 0.
    """
    x_lr = (x_lr - scene.mean) / scene.std
    u = back_projection.interpolate(x_lr, upscale)
    if scene.basis.components:
        c_u = components_of(network, scene, u)
        change = _component_detail(network, config, c_u, upscale, detail, noise)
        u = _add_detail(network, scene, u, change)
    x = back_projection.back_project(u, x_lr, upscale, config.back_projections)
    return x * scene.std + scene.mean


def usable_deviation(std: np.ndarray) -> np.ndarray:
    """Deviation to divide by: that of a constant band is raised to a thousandth of the mean's."""
    floor = 1e-3 * float(std.mean()) if std.size else 0.0
    usable: np.ndarray = np.maximum(std, floor if floor > 0 else 1.0)
    return usable


def _component_detail(
    network: Network,
    config: ModelConfig,
    c_u: Tensor,
    upscale: int,
    detail: float,
    noise: Tensor | None,
) -> Tensor:
    """Change of the components (component, row, col): all of them in one batch, same noise."""
    condition = c_u[:, None]

    def denoise(y_t: Tensor, level: Tensor) -> Tensor:
        y0: Tensor = network.denoiser(y_t, condition, level, upscale)
        return y0

    index = config.upscales.index(upscale)
    y = diffusion.best_estimate(denoise, condition)
    if config.shrinkage:
        y = config.shrinkage[index] * y
    if detail > 0:
        if noise is None:
            raise ModelError("a sample (detail > 0) needs a noise field")
        shared = noise.to(condition)[None].expand_as(condition)
        y = y + detail * (diffusion.sample(denoise, shared, config.diffusion_steps) - y)
    return config.sigma_y[index] * y[:, 0]


def components_of(network: Network, scene: Scene, u: Tensor) -> Tensor:
    """Whitened components (component, row, col) of a standardised cube."""
    parts = [scene.basis.analyse(network.autoencoder.encode(u[:, rows])) for rows in _strips(u)]
    return torch.cat(parts, dim=1)


def _add_detail(network: Network, scene: Scene, u: Tensor, change: Tensor) -> Tensor:
    """U + V V^T (Dec(E(u) + Δz) - Dec(E(u))), strip by strip: encoder and decoder are per pixel."""
    out = torch.empty_like(u)
    for rows in _strips(u):
        z_u = network.autoencoder.encode(u[:, rows])
        z_sr = z_u + scene.basis.synthesise(change[:, rows], len(z_u))
        detail = network.autoencoder.detail(z_sr, z_u, len(u))
        if scene.subspace is not None:
            flat = detail.flatten(1)
            detail = (scene.subspace @ (scene.subspace.T @ flat)).reshape(detail.shape)
        out[:, rows] = u[:, rows] + detail
    return out


def _strips(cube: Tensor) -> Iterator[slice]:
    height = max(1, _PIXELS_AT_ONCE // cube.shape[2])
    for start in range(0, cube.shape[1], height):
        yield slice(start, min(start + height, cube.shape[1]))


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


_: type[Resolver] = DiffusionResolver
