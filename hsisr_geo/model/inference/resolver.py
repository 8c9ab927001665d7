"""`DiffusionResolver`: a model file, an upscale and a detail as a `Resolver` of the pipeline.

Numpy in, numpy out; the device stays inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, scaled
from hsisr_geo.errors import ModelError
from hsisr_geo.model.chain import Array
from hsisr_geo.model.extents import Extents
from hsisr_geo.model.inference.backends import backend_of, choose_backend, load_network_on
from hsisr_geo.model.inference.bind import bind
from hsisr_geo.model.inference.cost import PartCost, measured_speed
from hsisr_geo.model.inference.devices import CPU, Placed
from hsisr_geo.model.inference.finite import finite
from hsisr_geo.model.inference.kernels import Backend
from hsisr_geo.model.inference.prepared_tile import PreparedTile
from hsisr_geo.model.inference.spread import PredictedResolver, SampledResolver
from hsisr_geo.model.noise import NOISE_VERSION, noise_field
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.catalogue import find_model
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.load import Recipe, sent
from hsisr_geo.resolver.protocol import (
    Cost,
    CubesFunction,
    PartResolver,
    Predictor,
    Resolver,
    SceneResolver,
    Spread,
    TileFunction,
    assumption,
    whole_windows,
)


@dataclass(frozen=True, eq=False)
class DiffusionResolver(Placed):
    """Group autoencoder and latent diffusion behind the pipeline's seam.

    Parameters
    ----------
    detail
        0: the best estimate. 1: with the texture of one sample, its shading and colour by the
        model's gains (`chain.add_texture`). Between: that share of the texture.
    seed
        Chooses the sample; without meaning at detail 0.
    degradation
        The D that is assumed to have made the input; the network was trained for `config`'s own.
    device
        "cuda" without a number: a tile each on all that are visible.
    precision
        Of the denoiser (`Execution`).
    recipe
        What it was loaded by: what other processes are told in place of the weights.
    psf
        What only a scene gives a meaning to, as `auto`; "" where `degradation` is settled.
    told
        What an output says of where `degradation` is from, beside itself.
    """

    network: Any = field(repr=False)
    config: ModelConfig = field(repr=False)
    sha256: str
    upscale: int
    detail: float
    seed: int
    degradation: Degradation
    device: Any = CPU
    precision: str = "float32"
    uses_statistics: bool = True
    ramp: int = 2
    recipe: Recipe | None = None
    psf: str = ""
    told: Mapping[str, str] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """Send where the weights are, and not the weights."""
        return sent(
            self.name,
            self.recipe,
            detail=self.detail,
            seed=self.seed,
            psf=self.psf or self.degradation,
            consistency=self.config.back_projections > 0,
            sha256=self.sha256,
        )

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.config.name

    @property
    def context(self) -> int:
        """Reach of all stages, the normalising of the input included; a step adds one more."""
        return self.extents((0, 0)).context

    @property
    def evaluations(self) -> int:
        """How often the network is run for an answer."""
        return 1 if self.detail == 0 else self.config.diffusion_steps

    @property
    def backend(self) -> Backend:
        """What computes the network."""
        return backend_of(self.network)

    @property
    def execution(self) -> Any:
        """How the network is run."""
        return self.backend.execution(self.device, self.precision)

    def extents(self, shape: tuple[int, int], part: Window | None = None) -> Extents:
        """Lay out the stages of an answer over a part of a window of (rows, cols)."""
        return Extents.of(shape, part, self.config, self.degradation, evaluations=self.evaluations)

    def cost(self, bands: int, shape: tuple[int, int], part: Window, samples: int = 0) -> Cost:
        """Return what a part of a window of so many (rows, cols) takes; with so many samples."""
        maker = replace(self, detail=1.0) if samples else self
        return PartCost(
            self.config,
            self.upscale,
            bands,
            self.degradation,
            maker.extents(shape, part),
            self.execution,
            samples,
        ).total

    def pinned(self, number: int) -> "DiffusionResolver":
        """Return the same on a single device; workers take turns at those that are visible."""
        return replace(self, device=self.devices[number % len(self.devices)])

    def speed(self, bands: int) -> float:
        """Measure the work that one place does in a second, by best estimates of a small tile."""
        side = 32 if self.on_cpu else 160  # a GPU is not busy with less
        return measured_speed(replace(self.pinned(0), detail=0.0), bands, side)

    def provenance(self) -> dict[str, str]:
        """Say which weights, dial and degradation made the output, and what D was trained for."""
        entries = {
            "model_version": self.config.version,
            "model_sha256": self.sha256,
            "detail": f"{self.detail:g}",
            "trained_degradation": self.config.degradation,
            "precision": self.precision,
            "backend": self.backend.name,
            **assumption(self.degradation, back_projections=self.config.back_projections),
            "normalised": "yes" if self.extents((0, 0)).normalising_reach else "no",
            **self.told,
        }
        if self.detail > 0:
            entries |= {"seed": str(self.seed), "noise": NOISE_VERSION}
        return entries

    def assuming(self, degradation: Degradation, told: Mapping[str, str]) -> "DiffusionResolver":
        """Return the same for a D, which says where that is from."""
        return replace(self, degradation=degradation, psf="", told=told)

    def sampled(self, samples: int) -> Spread:
        """Return the model with the spread of so many samples, at least 2."""
        return SampledResolver(self, replace(self, detail=1.0), samples)

    def predicted(self) -> Spread:
        """Return the model with the deviation that is predicted of its answer."""
        return PredictedResolver(self)

    def scene(self, statistics: SceneStatistics | None) -> Scene:
        """Fit the model to a scene.

        Raises
        ------
        ModelError
            No statistics; weights that make numbers of it that are not finite.
        """
        if statistics is None:
            raise ModelError(f"model {self.name} needs the statistics of the scene")
        with finite(self, float(np.abs(statistics.sample).max(initial=0))):
            return self.backend.scene(self.network, self.config, statistics, self.degradation)

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Bind the model to a scene; a tile is all of its window."""
        return whole_windows(self.fit_parts(statistics, Event()))

    def fit_parts(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the model to a scene; each device takes one tile at a time."""

        def answer(tile: PreparedTile, where: Window) -> tuple[Array]:
            return (tile.physical(tile.answer(self.detail, self.noise(where))),)

        return bind(self, statistics, given_up, answer)

    def noise(self, where: Window, sample: int = 0) -> Cube | None:
        """Return a noise field (1, row, col) over input pixels; None for a best estimate."""
        if self.detail == 0:
            return None
        rows, cols = scaled(where, self.upscale)
        return noise_field(self.seed, rows, cols, upscale=self.upscale, sample=sample)


def load(recipe: Recipe) -> DiffusionResolver:
    """Load a model file as a resolver.

    Raises
    ------
    ModelError
        Corrupt or foreign file, an upscale that the model was not trained for, a device that is
        not there.
    """
    path = find_model(recipe.model)
    backend = choose_backend(recipe)
    network, header, place = load_network_on(backend, recipe, path)
    config = header.config
    if recipe.upscale not in config.upscales:
        known = ", ".join(map(str, config.upscales))
        raise ModelError(
            f"model {config.name} ({path}) knows upscale {known}, not {recipe.upscale}"
        )
    if not config.sigma_y:
        raise ModelError(f"{path} holds an autoencoder only; train its diffusion stage first")
    degradation = recipe.assumed(config)
    if not recipe.consistency:
        config = replace(config, back_projections=0)
    return DiffusionResolver(
        network,
        config,
        header.sha256,
        recipe.upscale,
        recipe.detail,
        recipe.seed,
        degradation,
        place,
        recipe.precision,
        recipe=replace(recipe, backend=backend),
        psf=recipe.scene_psf,
    )


_: type[Resolver] = DiffusionResolver
_parts: type[PartResolver] = DiffusionResolver
_of_scenes: type[SceneResolver] = DiffusionResolver
_predictor: type[Predictor] = DiffusionResolver
