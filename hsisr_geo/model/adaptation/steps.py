"""The steps of an adaptation: an optimiser on a lesson, stopped every so often to be judged."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hsisr_geo.model.adaptation.check import BlockCheck, Judge
from hsisr_geo.model.adaptation.data import SceneLesson
from hsisr_geo.model.network import Network
from hsisr_geo.model.training.denoiser_stage import denoiser_loss, has_bfloat16
from hsisr_geo.model.training.optimise import adam
from hsisr_geo.model.training.progress_file import Averages
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.config import ModelConfig

_INPUT_PIXELS = 4608  # per step: 8 patches of 24²
DECAY = 0.99  # of the averaged weights: of the last hundred steps
_WARM_UP = 50  # steps


@dataclass(frozen=True)
class AdaptationOptions:
    """One adaptation.

    Parameters
    ----------
    source, model
        Scene, by a name that `open_raster` takes, or opened; model file to start from.
    minutes
        Wall time to learn in; not counted is reading the scene.
    steps
        Optimiser steps at most, instead of a time: with the steps that a card tells, and its seed,
        the same weights come out again.
    again
        Take a result of ours as a scene all the same.
    """

    source: str | os.PathLike[str] | Raster
    model: Path
    upscale: int
    minutes: float = 5.0
    steps: int | None = None
    check_every: int = 50
    learning_rate: float = 1e-4
    seed: int = 0
    device: str = "auto"
    again: bool = False

    @property
    def name(self) -> str:
        """The scene as it was named."""
        if not isinstance(self.source, Raster):
            return os.fspath(self.source)
        return self.source.path if self.source.opening is None else self.source.opening.path

    def share_done(self, step: int, seconds: float) -> float:
        """Share of the steps or of the time that is used up."""
        return seconds / (60 * self.minutes) if self.steps is None else step / self.steps


def checked_steps(
    options: AdaptationOptions,
    network: Network,
    config: ModelConfig,
    lesson: SceneLesson,
    averages: Averages,
    progress: Callable[[float], None],
) -> Iterator[BlockCheck]:
    """Learn, and every so many steps judge the averaged weights, which `averages` then holds."""
    judge = Judge(network, config, lesson)
    parameters = _adapted_parameters(network, options.upscale)
    optimiser = adam(parameters, options.learning_rate)
    started, step, done = time.monotonic(), 0, 0.0
    while done < 1:
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * min(1.0, (step + 1) / _WARM_UP)
        loss = _loss(network, config, lesson, np.random.default_rng([options.seed, step]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        averages.update(network.denoiser)
        step += 1
        done = options.share_done(step, time.monotonic() - started)
        progress(min(done, 1.0))
        if step % options.check_every == 0 or done >= 1:
            with averages.applied_to(network.denoiser):
                check = judge.check(step)
            yield check


def _adapted_parameters(network: Network, upscale: int) -> list[nn.Parameter]:
    """Return what learns: the way up from the body, and the two layers at output resolution."""
    denoiser = network.denoiser
    layers = (denoiser.up[str(upscale)], denoiser.join, denoiser.tail)
    parameters = [p for layer in layers for p in layer.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(True)
    return parameters


def _loss(
    network: Network, config: ModelConfig, lesson: SceneLesson, rng: np.random.Generator
) -> Tensor:
    device = next(network.parameters()).device
    patches = lesson.draw(max(1, _INPUT_PIXELS // lesson.side**2), rng)
    x, u, weight = (patch.to(device) for patch in patches)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bfloat16(device)):
        return denoiser_loss(network, x, u, config.sigma_y[0], lesson.upscale, rng, weight)
