"""The loop over optimiser steps of both training stages, and their options.

Every random draw of a step comes from a generator keyed by (seed, step), so a run that was stopped
and resumed gives the weights of one that was not.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hsisr_geo._version import __version__
from hsisr_geo.errors import ModelError
from hsisr_geo.model.training.curve import Curve, unfinished_path
from hsisr_geo.model.training.identity import (
    Facts,
    as_note,
    check_same,
    told_scenes,
)
from hsisr_geo.model.training.progress_file import (
    Averages,
    SavedTraining,
    progress_path,
    save_progress,
)
from hsisr_geo.model.training.training_data import TrainingScene
from hsisr_geo.resolver.config import ModelCard

Log = Callable[[str], None]
_COMPILED = "TORCHINDUCTOR_CACHE_DIR"  # torch says there where it has put it
_DECIDING = ("photograph_share", "other_sensors", "steps", "check_every", "learning_rate", "seed")


class Lesson(NamedTuple):
    """What a stage learns by: the loss of a step, and how good the weights are; higher is better.

    `validate` is None where nothing is held out: the latest weights are the best then. `unit` says
    what its numbers are.
    """

    loss: Callable[[int], Tensor]
    validate: Callable[[], float] | None
    unit: str = ""

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
    other_sensors
        Share of images whose input another sensor made, normalised as at inference.
    holdout
        Scenes whose name starts with one of these are validated on, never trained on. None: one in
        five, in the order of their names.
    steps, check_every
        Optimiser steps; a validation, and a save of the progress, every so many.
    """

    scenes: Path
    out: Path
    photographs: Path | None = None
    photograph_share: float = 0.7
    other_sensors: float = 0.0
    holdout: tuple[str, ...] | None = None
    steps: int = 1000
    check_every: int = 200
    learning_rate: float = 1e-3
    seed: int = 0
    device: str = "auto"
    resume: bool = False


def facts_of(
    options: TrainingOptions,
    stage: str,
    train: Sequence[TrainingScene],
    held: Sequence[TrainingScene],
    **more: str,
) -> dict[str, str]:
    """Return what a resumed training must have in common with the one it goes on with."""
    return {
        "version": __version__,
        "stage": stage,
        "scenes": told_scenes(train),
        "held out": told_scenes(held) or "none",
        **{name: f"{getattr(options, name)}" for name in _DECIDING},
        **more,
    }


def optimise(
    options: TrainingOptions, trained: nn.Module, lesson: Lesson, facts: Facts, log: Log
) -> ModelCard:
    """Optimise `trained`; leave the averaged weights of the best validation in it.

    Raises
    ------
    ModelError : what is to be resumed is of another training; the loss is not a number
    """
    course = _Course.begun(options, trained, facts)
    path = progress_path(options.out)
    if options.resume and (kept := SavedTraining.read(path)):
        check_same(kept.notes.get("training", ""), facts, path)
        course.take_up(kept)
    elif options.resume:
        log(f"no progress is kept in {path}: starting at the first step")
    started = time.monotonic() - course.curve.seconds
    while course.step < options.steps:
        course.learn(lesson.loss)
        if course.is_due:
            course.check(lesson, time.monotonic() - started, log)
    course.averages.restore_best(trained)
    judged = lesson.validate is not None
    return {
        "steps": options.steps,
        "seed": options.seed,
        "best_validation": course.averages.best_score if judged else None,
        **({"validation": lesson.unit} if judged else {}),
        "training": dict(facts),
    }


@dataclass
class _Course:
    """How far a training is; all of it is in the file of its progress at each check."""

    options: TrainingOptions
    trained: nn.Module
    optimiser: torch.optim.Optimizer
    averages: Averages
    curve: Curve
    note: str
    step: int = 0
    running: float = 0.0  # mean of the loss

    @classmethod
    def begun(cls, options: TrainingOptions, trained: nn.Module, facts: Facts) -> "_Course":
        optimiser = adam(trained.parameters(), options.learning_rate)
        curve = Curve(unfinished_path(options.out))
        return cls(options, trained, optimiser, Averages(trained), curve, as_note(facts))

    def take_up(self, kept: SavedTraining) -> None:
        """Go on with what a file keeps."""
        self.step = kept.restore(self.trained, self.optimiser, self.averages)
        self.running = float(kept.notes["running"])
        self.curve = Curve.taken_up(self.curve.path, kept.notes["curve"])
        self.curve.write()

    def learn(self, loss: Callable[[int], Tensor]) -> None:
        """Take a step."""
        rate = self.options.learning_rate * _schedule(self.step, self.options.steps)
        value = loss(self.step)
        descend(self.optimiser, self.trained, value, rate)
        self.averages.update(self.trained)
        told = float(value.detach())
        self.running = self.running + 0.05 * (told - self.running) if self.step else told
        self.step += 1

    @property
    def is_due(self) -> bool:
        """Whether weights are checked after this step."""
        return self.step % self.options.check_every == 0 or self.step == self.options.steps

    def check(self, lesson: Lesson, seconds: float, log: Log) -> None:
        """Judge the averaged weights, and keep all."""
        if not math.isfinite(self.running):
            told = f"the loss is {self.running} after {self.step} steps"
            raise ModelError(f"{told}: lower --learning-rate")
        log(f"step {self.step}/{self.options.steps}  loss {self.running:.4f}  {seconds:.0f} s")
        with self.averages.applied_to(self.trained), torch.inference_mode():
            score = lesson.score(self.step)
            self.averages.keep_if_best(self.trained, score)
        judged = None if lesson.validate is None else score
        self.curve.add(self.step, self.running, judged, seconds)
        self._keep()
        self.curve.write()  # last: without the progress nobody could go on with it

    def _keep(self) -> None:
        notes = {"training": self.note, "running": repr(self.running), "curve": self.curve.note()}
        path = progress_path(self.options.out)
        save_progress(path, self.step, self.trained, self.optimiser, self.averages, notes)


def adam(
    parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float] = (0.9, 0.99)
) -> torch.optim.Adam:
    """Return an optimiser.

    With its first one torch makes a folder for compiled code among the temporary files, and leaves
    it. Nothing is compiled here: it goes, unless somebody has named it, or something is in it.
    """
    named = _COMPILED in os.environ
    optimiser = torch.optim.Adam(parameters, rate, betas=betas)
    if not named and (made := os.environ.get(_COMPILED)):
        with suppress(OSError):
            os.rmdir(made)
    return optimiser


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
