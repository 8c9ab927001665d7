"""The loop over optimiser steps of both training stages, their options and held-out scenes.

Every random draw of a step comes from a generator keyed by (seed, step), so a run that was stopped
and resumed gives the weights of one that was not.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hsisr_geo._version import __version__
from hsisr_geo.errors import Canceled, ModelError, OutputError
from hsisr_geo.files import drafted
from hsisr_geo.journal.folder import work_folder
from hsisr_geo.model.training.curve import Curve, curve_path, publish, unfinished_path, withdraw
from hsisr_geo.model.training.identity import (
    Facts,
    as_note,
    check_apart,
    check_same,
    told_scenes,
)
from hsisr_geo.model.training.progress_file import (
    Averages,
    SavedTraining,
    forget,
    progress_path,
    save_progress,
)
from hsisr_geo.model.training.training_data import TrainingScene
from hsisr_geo.paths import check_length, draft_of
from hsisr_geo.resolver.catalogue import check_model_place
from hsisr_geo.resolver.config import ModelCard

Log = Callable[[str], None]
_COMPILED = "TORCHINDUCTOR_CACHE_DIR"  # torch says there where it has put it
_LEAST_SCENES = 5  # of which one is held out by default
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


def split(
    scenes: Sequence[TrainingScene], holdout: Sequence[str] | None
) -> tuple[list[TrainingScene], list[TrainingScene]]:
    """Part scenes into those trained on and those held out: by name, or by default one in five.

    Of fewer than five none is held out by default.

    Raises
    ------
    ModelError : nothing is left to train on; a name that no scene begins with; a scene is on both
        sides, under two names
    """
    names = [scene.name for scene in scenes]
    if holdout is None:
        chosen = set(sorted(names)[2::5]) if len(names) >= _LEAST_SCENES else set()
    else:
        for prefix in holdout:
            if not any(name.startswith(prefix) for name in names):
                raise ModelError(
                    f"no scene begins with {prefix!r}, so none can be held out: there are "
                    f"{', '.join(sorted(names))}"
                )
        chosen = {name for name in names if name.startswith(tuple(holdout))}
    train = [scene for scene in scenes if scene.name not in chosen]
    held = [scene for scene in scenes if scene.name in chosen]
    if not train:
        raise ModelError("every scene is held out: nothing is left to train on")
    check_apart(train, held)
    return train, held


def say_held_out(held: Sequence[TrainingScene], log: Log) -> None:
    """Say which scenes are not trained on."""
    if held:
        log(f"held out: {', '.join(scene.name for scene in held)}")
    else:
        log("no scene is held out: nothing tells when the weights begin to suit these scenes only")


@contextmanager
def place_of(out: Path, log: Log) -> Iterator[None]:
    """Have the place of a model file for oneself while it is trained.

    Raises
    ------
    OutputError : no model file can be written there, or another training is at it
    """
    check_model_place(out)
    check_length(out, [draft_of(progress_path(out)), draft_of(curve_path(out))])
    with work_folder(out.resolve(), resume=True, overwrite=False):
        try:
            yield
        except (Canceled, OutputError):
            if (kept := progress_path(out)).exists():
                log(f"what was learned is kept in {kept}: --resume goes on with it")
            raise


def finish(out: Path, content: bytes) -> None:
    """Write a trained model, and give its curve the name beside it.

    Whenever this is killed, no curve lies beside a model that is not its own; with `resume` the
    progress, which goes last, makes both again. Where there is no room for the model, an older one
    keeps what lies beside it.
    """
    with drafted(out) as draft:
        draft.write_bytes(content)
        withdraw(out)
    publish(out)
    forget(out)


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
    optimiser = adam(trained.parameters(), options.learning_rate)
    averages = Averages(trained)
    path, table = progress_path(options.out), unfinished_path(options.out)
    step, running, curve = 0, 0.0, Curve(table)
    if options.resume and (kept := SavedTraining.read(path)):
        check_same(kept.notes.get("training", ""), facts, path)
        step = kept.restore(trained, optimiser, averages)
        running, curve = float(kept.notes["running"]), Curve.taken_up(table, kept.notes["curve"])
        curve.write()
    elif options.resume:
        log(f"no progress is kept in {path}: starting at the first step")
    started = time.monotonic() - curve.seconds
    while step < options.steps:
        rate = options.learning_rate * _schedule(step, options.steps)
        value = lesson.loss(step)
        descend(optimiser, trained, value, rate)
        averages.update(trained)
        step += 1
        running += 0.05 * (float(value.detach()) - running) if step > 1 else float(value.detach())
        if step % options.check_every == 0 or step == options.steps:
            if not math.isfinite(running):
                raise ModelError(f"the loss is {running} after {step} steps: lower --learning-rate")
            seconds = time.monotonic() - started
            log(f"step {step}/{options.steps}  loss {running:.4f}  {seconds:.0f} s")
            with averages.applied_to(trained), torch.inference_mode():
                score = lesson.score(step)
                averages.keep_if_best(trained, score)
            curve.add(step, running, None if lesson.validate is None else score, seconds)
            notes = {"training": as_note(facts), "running": repr(running), "curve": curve.note()}
            save_progress(path, step, trained, optimiser, averages, notes)
            curve.write()  # last: without the progress nobody could go on with it
    averages.restore_best(trained)
    best = None if lesson.validate is None else averages.best_score
    told = {"validation": lesson.unit} if lesson.validate else {}
    return {
        "steps": options.steps,
        "seed": options.seed,
        "best_validation": best,
        **told,
        "training": dict(facts),
    }


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
