"""Train ours by the rules of a comparison: both stages on the same cubes, within the same budget.

No photographs take part. The stages are those of `hsisr-geo train`: first the autoencoder, then
the denoiser on the frozen autoencoder's components; losses and patches are the same functions.
The network is that of the shipped model; a step takes fewer patches, as budgets are small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems.training.batches import degraded
from hsisr_geo.benchmark.systems.training.course import TrainingStage, follow
from hsisr_geo.benchmark.systems.training.judge import card_of, held_out_psnr, purpose_of
from hsisr_geo.benchmark.systems.training_run import NamedCube, TrainingRun
from hsisr_geo.errors import ModelError
from hsisr_geo.model.checkpoint import save_network
from hsisr_geo.model.inference.devices import choose_device
from hsisr_geo.model.inference.on_torch import super_resolve_tile
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.model.training.autoencoder_stage import autoencoder_lesson
from hsisr_geo.model.training.component_patches import (
    ComponentPatches,
    component_images,
    residual_deviation,
)
from hsisr_geo.model.training.denoiser_stage import stepwise_loss
from hsisr_geo.model.training.optimise import Lesson, Log
from hsisr_geo.model.training.training_data import TrainingScene
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.system_config import Setting

_LEARNING_RATE = 1e-3  # of both stages, as `hsisr-geo train` has it


@dataclass(frozen=True)
class OwnSettings:
    """How ours is trained for a comparison; every other setting is one of `ModelConfig`.

    Attributes
    ----------
    autoencoder_share
        Of the budget; the denoiser has the rest.
    exact_share
        Of a batch: components as the pipeline makes them. The others are taken as images.
    images
        One-channel patches a step for each cube of a batch. Two gave 33.41 dB on held-out training
        scenes after a minute at upscale 4, four 33.30.
    """

    autoencoder_share: float = 0.15
    exact_share: float = 1 / 3
    images: int = 2


def train_own(
    run: TrainingRun,
    train: Sequence[NamedCube],
    held: Sequence[NamedCube],
    out: Path,
    log: Log,
) -> None:
    """Train ours and write an ordinary model file; errors as `train_system`."""
    own, config = _settings(run)
    device = choose_device(run.device)
    network = Network(config).to(device)
    run_own = _Own(run, own, _scenes(train), held, log)
    stages = [
        TrainingStage(
            "autoencoder",
            own.autoencoder_share,
            network.autoencoder,
            run.learning_rate or _LEARNING_RATE,
            lambda: run_own.autoencoder(network, config),
        ),
        TrainingStage(
            "denoiser",
            1 - own.autoencoder_share,
            network.denoiser,
            run.learning_rate or _LEARNING_RATE,
            lambda: run_own.denoiser(network, config),
        ),
    ]
    record = follow(stages, network, run, out, purpose_of(run, train, held), log)
    config = run_own.with_deviation(network, config)
    save_network(out, network, config, card_of(run, train, held, network, stages, record))


def _settings(run: TrainingRun) -> tuple[OwnSettings, ModelConfig]:
    """Part the settings into those of the training and those of the network.

    Raises
    ------
    ModelError
        A setting that neither has.
    """
    own = {field.name for field in fields(OwnSettings)}
    network = {field.name for field in fields(ModelConfig)} - {"name", "version", "upscales"}
    if unknown := sorted(run.settings.keys() - own - network):
        raise ModelError(f"{run.name}: ours has no settings {', '.join(unknown)}")
    return (
        OwnSettings(**_only(run.settings, own)),
        ModelConfig(
            name=run.name,
            version="1",
            upscales=(run.upscale,),
            **_only(run.settings, network),
        ),
    )


def _only(settings: Mapping[str, Setting], names: set[str]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in names}


def _scenes(cubes: Sequence[NamedCube]) -> list[TrainingScene]:
    return [TrainingScene(cube.name, cube.cube) for cube in cubes]


@dataclass(frozen=True, eq=False)
class _Own:
    """What both stages learn from."""

    run: TrainingRun
    settings: OwnSettings
    train: Sequence[TrainingScene]
    held: Sequence[NamedCube]
    log: Log

    def autoencoder(self, network: Network, config: ModelConfig) -> Lesson:
        """Return the first stage's lesson."""
        upscale = self.run.upscale
        return autoencoder_lesson(
            network,
            config,
            self.train,
            _scenes(self.held),
            self.run.seed,
            self.log,
            checked_upscale=upscale,
        )

    def denoiser(self, network: Network, config: ModelConfig) -> Lesson:
        """Return the second stage's lesson, on components of the autoencoder as it is now."""
        patches = self._patches(network, config)
        config = self.with_deviation(network, config)
        held = degraded(self.held, self.run.upscale)

        def validate() -> float:
            return held_out_psnr(lambda lr: _answer(network, config, lr[0])[None], held)

        loss = stepwise_loss(network, config, patches, self.run.seed)
        return Lesson(loss, validate if held else None)

    def with_deviation(self, network: Network, config: ModelConfig) -> ModelConfig:
        """Measure sigma_y on the scenes that are trained on."""
        images = self._patches(network, config).images
        return replace(config, sigma_y=residual_deviation(images, config.upscales))

    def _patches(self, network: Network, config: ModelConfig) -> ComponentPatches:
        upscale = self.run.upscale
        largest = max(min(s.cube.shape[1:]) // (4 * upscale) * 4 for s in self.train)
        side = min(self.run.patch, largest)
        sides = {upscale: side}
        return ComponentPatches(
            component_images(network, config, self.train, sides),
            (),
            0.0,
            sides,
            self.settings.exact_share,
            self.run.batch * self.settings.images * side**2,
        )


def _answer(network: Network, config: ModelConfig, lr: Tensor) -> Tensor:
    """Best estimate of a degraded cube (band, row, col)."""
    scene = Scene.fit(network, config, statistics_of(lr.numpy()))
    device = next(network.parameters()).device
    with torch.no_grad():
        return super_resolve_tile(network, config, scene, lr.to(device), config.upscales[0]).cpu()
