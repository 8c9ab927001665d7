"""`DiffusionResolver`: a model file, an upscale and a detail as a `Resolver` of the pipeline.

Numpy in, numpy out; the device stays inside.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from hsisr_geo.config import ModelConfig
from hsisr_geo.degradation import Degradation
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection
from hsisr_geo.model.checkpoint import load_network
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.model.network import Network
from hsisr_geo.model.prepared import super_resolve_tile
from hsisr_geo.model.scene import Scene
from hsisr_geo.model.spread import SampledResolver
from hsisr_geo.noise import NOISE_VERSION, noise_field
from hsisr_geo.resolver import FloatCube, Resolver, Sampled, TileFunction, assumption
from hsisr_geo.statistics import SceneStatistics

__all__ = ["DiffusionResolver", "choose_device", "load"]

_BICUBIC_REACH = 2


@dataclass(frozen=True, eq=False)
class DiffusionResolver:
    """Group autoencoder and latent diffusion behind the pipeline's seam.

    Parameters
    ----------
    detail
        0: the best estimate. 1: with the texture of one sample, its shading and colour by the
        model's gains (`texture.add_texture`). Between: that share of the texture.
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


_: type[Resolver] = DiffusionResolver
