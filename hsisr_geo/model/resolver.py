"""`DiffusionResolver`: a model file, an upscale and a detail as a `Resolver` of the pipeline.

x = u + V V^T (Dec(E(u) + Δz) - Dec(E(u))), then back-projection: the detail is decoded as a
difference, kept within the subspace V that the scene itself spans, and made consistent with the
input. Numpy in, numpy out; the device stays inside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.config import ModelConfig
from hsisr_geo.degradation import Degradation
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection, diffusion
from hsisr_geo.model.checkpoint import load_network
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.model.latents import LatentBasis
from hsisr_geo.model.network import Network
from hsisr_geo.model.texture import add_texture
from hsisr_geo.noise import NOISE_VERSION, noise_field
from hsisr_geo.resolver import FloatCube, Resolver, Sampled, TileFunction, assumption
from hsisr_geo.statistics import SceneStatistics
from hsisr_geo.tiling import Window, inside, scaled

__all__ = [
    "DiffusionResolver",
    "PreparedTile",
    "Scene",
    "components_of",
    "load",
    "super_resolve_tile",
]

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
    degradation
        The D that is assumed to have made the input; the network was trained for `config`'s own.
    """

    network: Network
    config: ModelConfig
    sha256: str
    upscale: int
    detail: float
    seed: int
    degradation: Degradation
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
            + self.config.back_projections * back_projection.reach(self.degradation)
        )

    def provenance(self) -> dict[str, str]:
        """Say which weights, dial and degradation made the output, and what D was trained for."""
        entries = {
            "model_version": self.config.version,
            "model_sha256": self.sha256,
            "detail": f"{self.detail:g}",
            "trained_degradation": self.config.degradation,
            **assumption(self.degradation, back_projections=self.config.back_projections),
        }
        if self.detail > 0:
            entries |= {"seed": str(self.seed), "noise": NOISE_VERSION}
        return entries

    def sampled(self, samples: int) -> Sampled:
        """Return the model with the spread of so many samples, at least 2."""
        from hsisr_geo.model.spread import SampledResolver  # it imports this module

        return SampledResolver(self, samples)

    def scene(self, statistics: SceneStatistics | None) -> Scene:
        """Fit the model to a scene.

        Raises
        ------
        ModelError
            No statistics.
        """
        if statistics is None:
            raise ModelError(f"model {self.name} needs the statistics of the scene")
        return Scene.fit(self.network, self.config, statistics)

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Bind the model to a scene; tiles go through the device one at a time."""
        scene = self.scene(statistics)
        device_lock = Lock()
        # ^ torch uses all cores, or the whole GPU, for one tile: two at once only double the memory

        def resolve(cube: FloatCube, origin: tuple[int, int]) -> FloatCube:
            noise = self.noise(cube.shape, origin)
            with device_lock, torch.inference_mode():
                x_lr = torch.from_numpy(cube).to(scene.mean.device)
                x = super_resolve_tile(
                    self.network,
                    self.config,
                    scene,
                    x_lr,
                    self.upscale,
                    self.detail,
                    noise,
                    degradation=self.degradation,
                )
                return x.cpu().numpy()

        return resolve

    def noise(
        self, shape: tuple[int, ...], origin: tuple[int, int], sample: int = 0
    ) -> Tensor | None:
        """Return the tile's part of a noise field (1, row, col); None for a best estimate."""
        if self.detail == 0:
            return None
        rows, cols = (
            slice(self.upscale * start, self.upscale * (start + size))
            for start, size in zip(origin, shape[1:], strict=True)
        )
        field = noise_field(self.seed, rows, cols, upscale=self.upscale, sample=sample)
        return torch.from_numpy(field)


def load(
    path: Path,
    *,
    upscale: int,
    detail: float = 0.0,
    seed: int = 0,
    device: str = "auto",
    psf: Degradation | None = None,
    consistency: bool = True,
) -> DiffusionResolver:
    """Load a model file as a resolver.

    Parameters
    ----------
    psf
        The degradation that is assumed, by a factor of `upscale`; None for the model's own.
    consistency
        False: no back-projection.

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
    degradation = psf or config.declared(upscale)
    if not consistency:
        config = replace(config, back_projections=0)
    return DiffusionResolver(network, config, header.sha256, upscale, detail, seed, degradation)


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
    *,
    degradation: Degradation | None = None,
) -> Tensor:
    """Super-resolve one window: (band, row, col) -> (band, upscale·row, upscale·col).

    Physical units in and out. `noise` (1, row, col) at output size is needed when detail > 0.
    The result is made consistent with `degradation`; None for the model's own.
    """
    tile = PreparedTile.of(network, config, scene, x_lr, upscale, degradation=degradation)
    x = tile.answer(detail, noise)
    return x * scene.std + scene.mean


@dataclass(frozen=True, eq=False)
class PreparedTile:
    """A window, and what all its answers have in common, whatever their detail and noise.

    Attributes
    ----------
    part
        What the answers cover, in pixels of `x_lr`.
    piece
        What `x_lr` and `u` cover, in input pixels of the window: the part, and what back-projection
        reaches around it. The components cover the window.
    x_lr, u
        Input (band, row, col) and its interpolation, standardised.
    c_u, first
        Components of the interpolation, and the network's best estimate of their change, both
        (component, upscale·row, upscale·col).
    best
        The best estimate before back-projection, standardised; covers the piece.
    degradation
        What the answers are made consistent with.
    """

    network: Network
    config: ModelConfig
    scene: Scene
    upscale: int
    part: Window
    piece: Window
    x_lr: Tensor
    u: Tensor
    c_u: Tensor
    first: Tensor
    best: Tensor
    degradation: Degradation

    @classmethod
    def of(
        cls,
        network: Network,
        config: ModelConfig,
        scene: Scene,
        x_lr: Tensor,
        upscale: int,
        part: Window | None = None,
        *,
        degradation: Degradation | None = None,
    ) -> "PreparedTile":
        """Prepare a window (band, row, col) in physical units.

        `part` None is all of it; `degradation` None the model's own.
        """
        whole = slice(0, x_lr.shape[1]), slice(0, x_lr.shape[2])
        part = whole if part is None else part
        assumed = degradation or config.declared(upscale)
        piece = _widened(part, config.back_projections * back_projection.reach(assumed), whole)
        x_lr = (x_lr - scene.mean) / scene.std
        u = back_projection.interpolate(x_lr, upscale)
        c_u = components_of(network, scene, u) if scene.basis.components else u[:0]
        first = _first_estimate(network, c_u, upscale)
        x_lr, u = _cut(x_lr, piece), _cut(u, scaled(piece, upscale))
        change = _factor(config.shrinkage, config, upscale) * first
        best = _decoded(network, config, scene, u, _cut(change, scaled(piece, upscale)), upscale)
        part = inside(part, piece)
        return cls(network, config, scene, upscale, part, piece, x_lr, u, c_u, first, best, assumed)

    def answer(self, detail: float, noise: Tensor | None) -> Tensor:
        """Return the super-resolution of the part, standardised.

        Raises
        ------
        ModelError
            A sample (detail > 0) without a noise field (1, upscale·row, upscale·col).
        """
        x = self.best
        if detail > 0 and len(self.c_u):
            if noise is None:
                raise ModelError("a sample (detail > 0) needs a noise field")
            x = self._textured(detail, noise)
        iterations = self.config.back_projections
        x = back_projection.back_project(x, self.x_lr, self.degradation, iterations)
        return _cut(x, scaled(self.part, self.upscale))

    def _textured(self, detail: float, noise: Tensor) -> Tensor:
        """Move the best estimate towards the sample of a noise field; standardised."""
        condition = self.c_u[:, None]
        shared = noise.to(condition)[None].expand_as(condition)
        # ^ the same for all components: independent noise makes spectra that no material has
        denoise = _denoiser(self.network, condition, self.upscale)
        steps = self.config.diffusion_steps
        y = diffusion.sample(denoise, shared, steps, self.first[:, None])[:, 0]
        here = _cut(y, scaled(self.piece, self.upscale))
        sample = _decoded(self.network, self.config, self.scene, self.u, here, self.upscale)
        mean, std = self.scene.mean, self.scene.std
        textured = add_texture(
            self.best * std + mean,
            sample * std + mean,
            detail,
            shading=_factor(self.config.shading, self.config, self.upscale),
            colour=_factor(self.config.colour, self.config, self.upscale),
        )
        return (textured - mean) / std


def usable_deviation(std: np.ndarray) -> np.ndarray:
    """Deviation to divide by: that of a constant band is raised to a thousandth of the mean's."""
    floor = 1e-3 * float(std.mean()) if std.size else 0.0
    usable: np.ndarray = np.maximum(std, floor if floor > 0 else 1.0)
    return usable


def _factor(factors: tuple[float, ...], config: ModelConfig, upscale: int) -> float:
    """Return a model's factor for an upscale; one where it has none."""
    return factors[config.upscales.index(upscale)] if factors else 1.0


def _decoded(
    network: Network, config: ModelConfig, scene: Scene, u: Tensor, y: Tensor, upscale: int
) -> Tensor:
    """Add to the interpolation what a change of the components, in units of sigma_y, stands for."""
    if not scene.basis.components:
        return u
    return _add_detail(network, scene, u, _factor(config.sigma_y, config, upscale) * y)


def _first_estimate(network: Network, c_u: Tensor, upscale: int) -> Tensor:
    """Best estimate of the components' change (component, row, col), in units of `sigma_y`."""
    if not len(c_u):
        return c_u
    condition = c_u[:, None]
    return diffusion.best_estimate(_denoiser(network, condition, upscale), condition)[:, 0]


def _denoiser(network: Network, condition: Tensor, upscale: int) -> diffusion.Denoise:
    def denoise(y_t: Tensor, level: Tensor) -> Tensor:
        y0: Tensor = network.denoiser(y_t, condition, level, upscale)
        return y0

    return denoise


def _widened(part: Window, by: int, whole: Window) -> Window:
    """Grow a window on all sides, as far as the whole goes."""
    rows, cols = (
        slice(max(p.start - by, w.start), min(p.stop + by, w.stop))
        for p, w in zip(part, whole, strict=True)
    )
    return rows, cols


def _cut(cube: Tensor, window: Window) -> Tensor:
    """Cut a window out of a cube; a copy, unless it is all of it."""
    rows, cols = window
    return cube[:, rows, cols].contiguous()


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
