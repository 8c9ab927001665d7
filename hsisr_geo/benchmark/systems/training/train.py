"""Train a system to compare with, or ours, by the same rules: `train_system`.

What is kept of a stage is the same for all systems: the averaged weights of the best check. A
regressor is checked by the PSNR of the whole held-out cubes (mean of bands and cubes, peak 1). All
other stages are checked by their own loss on held-out batches with fixed draws: sampling is slow,
one sample says little, and an autoencoder alone has no answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems.build import build
from hsisr_geo.benchmark.systems.checkpoint import save_system
from hsisr_geo.benchmark.systems.system import Regressor, Stage, System
from hsisr_geo.benchmark.systems.training.batches import (
    DegradedCube,
    Patches,
    degraded,
    keyed,
    torch_generator,
)
from hsisr_geo.benchmark.systems.training.course import TrainingStage, follow
from hsisr_geo.benchmark.systems.training.judge import card_of, held_out_psnr, purpose_of
from hsisr_geo.benchmark.systems.training.start import start_from
from hsisr_geo.benchmark.systems.training_run import NamedCube, TrainingRun
from hsisr_geo.errors import ModelError
from hsisr_geo.model.inference.devices import choose_device
from hsisr_geo.model.training.optimise import Lesson, Log
from hsisr_geo.model.training.progress_file import forget
from hsisr_geo.resolver.system_config import OWN, SystemConfig

_CHECKED_BATCHES = 4  # of a stage that is checked by its loss
_CHECK = 2**32  # in place of a step, in the key of draws for checks


def train_system(
    run: TrainingRun,
    train: Sequence[NamedCube],
    held: Sequence[NamedCube],
    out: Path,
    log: Log = print,
) -> None:
    """Train a system on some cubes, choose its weights on others, and write the model file `out`.

    Progress is kept beside it: a training that was killed goes on from its last check, with the
    same draws as if it had not been. `learning_rate` among the settings is this system's own and
    goes before that of the run: one rate that is right for all is hard to find.

    Raises
    ------
    ModelError
        No cubes, cubes that do not fit together, no such system, or a training that diverged.
    """
    run = _at_its_own_rate(run)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        if run.architecture == OWN:
            if run.start is not None:
                raise ModelError(f"{run.name}: {OWN} starts from no other model")
            from hsisr_geo.benchmark.systems.training.train_own import train_own

            train_own(run, train, held, out, log)
        else:
            _train_published(run, train, held, out, log)
    forget(out)


def _at_its_own_rate(run: TrainingRun) -> TrainingRun:
    settings = dict(run.settings)
    rate = settings.pop("learning_rate", run.learning_rate)
    if rate is not None and (isinstance(rate, (str, bool, tuple)) or not rate > 0):
        raise ModelError(f"{run.name}: a learning rate of {rate!r} is no positive number")
    return replace(run, settings=settings, learning_rate=rate)


def _train_published(
    run: TrainingRun,
    train: Sequence[NamedCube],
    held: Sequence[NamedCube],
    out: Path,
    log: Log,
) -> None:
    device = choose_device(run.device)
    config = SystemConfig(
        name=run.name,
        version="1",
        upscales=(run.upscale,),
        architecture=run.architecture,
        bands=run.bands,  # the file says 0 where the system, as it is set, takes any number
        settings=dict(run.settings),
    )
    system = build(config).to(device)
    if run.start is not None:
        start_from(system, config, run.start)
    patches = Patches.of(degraded(train, run.upscale), run.patch, run.upscale, log)
    checked = degraded(held, run.upscale)
    stages = system.stages()
    courses = [
        TrainingStage(
            stage.name,
            stage.share,
            stage.trained,
            run.learning_rate or stage.learning_rate,
            _starting(run, system, stage, number, patches, checked),
        )
        for number, stage in enumerate(stages)
    ]
    record = follow(courses, system, run, out, purpose_of(run, train, held), log)
    card = card_of(run, train, held, system, courses, record)
    save_system(out, system, config, card)


def _starting(
    run: TrainingRun,
    system: System,
    stage: Stage,
    number: int,
    patches: Patches,
    held: Sequence[DegradedCube],
) -> Callable[[], Lesson]:
    """Return what makes the lesson of one stage."""
    device = next(system.parameters()).device

    def loss_on(source: Patches, index: int) -> Tensor:
        rng = keyed(run.seed, number, index)
        hr, lr = source.draw(run.batch, rng)
        return stage.loss(hr.to(device), lr.to(device), torch_generator(rng, device))

    def validate() -> float:
        if isinstance(system, Regressor):
            return held_out_psnr(lambda lr: system.resolve(lr.to(device), _no_noise), held)
        checked = Patches.of(held, run.patch, run.upscale, lambda _: None)
        losses = [loss_on(checked, _CHECK + index) for index in range(_CHECKED_BATCHES)]
        return -float(torch.stack(losses).mean())

    return lambda: Lesson(lambda step: loss_on(patches, step), validate if held else None)


def _no_noise(channels: int, step: int) -> Tensor:
    raise AssertionError("a deterministic system asked for noise")
