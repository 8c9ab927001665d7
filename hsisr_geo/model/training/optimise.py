"""What both training stages share: options, held-out scenes, and one loop over optimiser steps.

Every random draw of a step comes from a generator keyed by (seed, step), so a run that was stopped
and resumed gives the weights of one that was not.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hsisr_geo.errors import ModelError
from hsisr_geo.model.training.progress_file import Averages, load_progress, save_progress
from hsisr_geo.model.training.training_data import TrainingScene
from hsisr_geo.resolver.config import ModelCard

__all__ = ["Lesson", "Log", "TrainingOptions", "descend", "optimise", "split"]

Log = Callable[[str], None]


class Lesson(NamedTuple):
    """What a stage learns by: the loss of a step, and how good the weights are; higher is better.

    `validate` is None where nothing is held out: the latest weights are the best then.
    """

    loss: Callable[[int], Tensor]
    validate: Callable[[], float] | None

    def score(self, step: int) -> float:
        """Judge the weights after so many steps."""
        return float(step) if self.validate is None else self.validate()


@dataclass(frozen=True)
class TrainingOptions:
    """One training run.

    Parameters
    ----------
    scenes, out
        Folder of rasters; model file to write. Progress for `resume` is kept beside it.
    photographs
        Folder of images for the denoiser's spatial prior, or None.
    photograph_share
        Their share of each batch, 0 to 1.
    holdout
        Scenes whose name starts with one of these are validated on, never trained on.
    steps, check_every
        Optimiser steps; a validation, and a save of the progress, every so many.
    """

    scenes: Path
    out: Path
    photographs: Path | None = None
    photograph_share: float = 0.7
    holdout: tuple[str, ...] = ()
    steps: int = 1000
    check_every: int = 200
    learning_rate: float = 1e-3
    seed: int = 0
    device: str = "auto"
    resume: bool = False


def split(
    scenes: Sequence[TrainingScene], holdout: Sequence[str]
) -> tuple[list[TrainingScene], list[TrainingScene]]:
    """Part scenes into those trained on and those held out by name."""
    held = [s for s in scenes if s.name.startswith(tuple(holdout))]
    train = [s for s in scenes if not s.name.startswith(tuple(holdout))]
    if not train:
        raise ModelError("every scene is held out: nothing is left to train on")
    return train, held


def optimise(
    options: TrainingOptions,
    trained: nn.Module,
    lesson: Lesson,
    log: Log,
) -> ModelCard:
    """Optimise `trained`; leave the averaged weights of the best validation in it."""
    optimiser = torch.optim.Adam(trained.parameters(), options.learning_rate, betas=(0.9, 0.99))
    averages = Averages(trained)
    progress_path = options.out.with_suffix(".progress.safetensors")
    step = load_progress(progress_path, trained, optimiser, averages) if options.resume else 0
    started, running = time.monotonic(), 0.0
    while step < options.steps:
        rate = options.learning_rate * _schedule(step, options.steps)
        value = lesson.loss(step)
        descend(optimiser, trained, value, rate)
        averages.update(trained)
        step += 1
        running += 0.05 * (float(value.detach()) - running) if step > 1 else float(value.detach())
        if step % options.check_every == 0 or step == options.steps:
            seconds = time.monotonic() - started
            log(f"step {step}/{options.steps}  loss {running:.4f}  {seconds:.0f} s")
            with averages.applied_to(trained), torch.inference_mode():
                averages.keep_if_best(trained, lesson.score(step))
            save_progress(progress_path, step, trained, optimiser, averages)
    averages.restore_best(trained)
    best = None if lesson.validate is None else averages.best_score
    return {"steps": options.steps, "seed": options.seed, "best_validation": best}


def descend(
    optimiser: torch.optim.Optimizer, trained: nn.Module, loss: Tensor, rate: float
) -> None:
    """Take one step down a loss, its gradient cut to a length of one."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
    optimiser.step()


def _schedule(step: int, steps: int) -> float:
    """Warm up linearly over 50 steps, then follow a cosine to one hundredth."""
    warm_up = min(1.0, (step + 1) / 50)
    return warm_up * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))
