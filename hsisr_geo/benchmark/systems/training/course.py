"""A training from stage to stage within one budget, which goes on where it was stopped.

The same rules hold for all systems: Adam (0.9, 0.999), gradients cut to a length of one, a short
warm-up and a cosine down to one hundredth of the learning rate by the share of the stage's budget
that is spent. Weights are averaged over about the last tenth of the steps (at most 200), and what
is kept of each stage are the averaged weights of the best check on held-out cubes.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.training.purse import Purse, Spent, schedule
from hsisr_geo.benchmark.systems.training_run import TrainingRun
from hsisr_geo.errors import ModelError
from hsisr_geo.model.training.optimise import Lesson, Log, adam, descend
from hsisr_geo.model.training.progress_file import (
    Averages,
    SavedTraining,
    progress_path,
    save_progress,
)

_ROUNDING = 1e-9  # three fifths are three times a fifth


@dataclass(frozen=True, eq=False)
class TrainingStage:
    """One stage: what is trained, at which rate, for which share of the budget.

    `start` is called when all earlier stages are over, as a stage may need what they made. Without
    held-out cubes its lesson has nothing to validate with: the last averages are kept.
    """

    name: str
    share: float
    trained: nn.Module
    learning_rate: float
    start: Callable[[], Lesson]


@dataclass
class Record:
    """How far a training is: the stage, what is spent, and for each stage its steps and best check.

    `steps` and `best` are those of finished stages and of the present one.
    """

    stage: int = 0
    spent: Spent = field(default_factory=Spent)
    steps: list[int] = field(default_factory=list)
    best: list[float | None] = field(default_factory=list)

    def notes(self, purpose: str) -> dict[str, str]:
        """Write it as a progress file's notes."""
        facts = {
            "stage": self.stage,
            "steps": self.spent.steps,
            "seconds": self.spent.seconds,
            "stage_steps": self.steps,
            "stage_best": self.best,
        }
        return {"course": json.dumps(facts), "purpose": purpose}

    @classmethod
    def of(cls, notes: Mapping[str, str]) -> "Record":
        """Read what `notes` wrote."""
        facts = json.loads(notes["course"])
        spent = Spent(facts["steps"], facts["seconds"])
        return cls(facts["stage"], spent, facts["stage_steps"], facts["stage_best"])


def follow(
    stages: Sequence[TrainingStage],
    module: nn.Module,
    run: TrainingRun,
    out: Path,
    purpose: str,
    log: Log,
) -> Record:
    """Train `module` stage by stage; leave the weights that are kept in it.

    Progress stands beside `out`, saved at every check, and removed by `forget`. Another `purpose`
    than the one it was saved for starts again.

    Raises
    ------
    ModelError
        Progress that cannot be read, or a stage that diverged.
    """
    path = progress_path(out)
    kept = SavedTraining.read(path)
    if kept and kept.notes.get("purpose") != purpose:
        log(f"{path.name} is of another training: starting again")
        kept = None
    record = Record.of(kept.notes) if kept else Record()
    if kept:
        _load_weights(kept, module, stages[record.stage])
    purses = Purse.parts(run.budget, [one.share for one in stages])
    for index in range(record.stage, len(stages)):
        if not kept:
            record.stage = index
            record.steps.append(0)
            record.best.append(None)
        stage = _Stage(stages[index], purses[index], module, record, run.check_every)
        stage.learn(path, purpose, kept, log)
        kept = None  # it is of the stage that was under way
    for parameter in module.parameters():
        parameter.requires_grad_(True)
    return record


class _Stage:
    """One stage on its way."""

    def __init__(
        self,
        stage: TrainingStage,
        purse: Purse,
        module: nn.Module,
        record: Record,
        check_every: float,
    ) -> None:
        self.stage = stage
        self.purse = purse
        self.module = module
        self.record = record
        self.check_every = check_every
        self.averages = Averages(module)
        self.optimiser = _optimiser(stage)

    def learn(self, path: Path, purpose: str, kept: SavedTraining | None, log: Log) -> None:
        lesson = self.stage.start()
        _only(self.stage.trained, self.module)
        if kept:
            kept.restore(self.module, self.optimiser, self.averages)
        done = self.purse.done(self.record.spent)
        while done < 1:
            before = done
            with self.record.spent.one_step():
                value = self._step(lesson, done)
            done = self.purse.done(self.record.spent)
            if done >= 1 or self._checks_until(before) < self._checks_until(done):
                self._check(lesson, value, min(done, 1.0), log)
                save_progress(
                    path,
                    self.record.steps[-1],
                    self.module,
                    self.optimiser,
                    self.averages,
                    self.record.notes(purpose),
                )
        if self.record.steps[-1]:
            if self.averages.best_score == -math.inf:
                raise ModelError(
                    f"{self.stage.name}: no check gave a number; train at a lower learning rate"
                )
            self.averages.restore_best(self.module)

    def _checks_until(self, done: float) -> int:
        return int(done / self.check_every + _ROUNDING)

    def _step(self, lesson: Lesson, done: float) -> Tensor:
        self.module.train()
        rate = self.stage.learning_rate * schedule(done)
        value = lesson.loss(self.record.steps[-1])
        descend(self.optimiser, self.stage.trained, value, rate)
        self.averages.update(self.module)
        self.record.steps[-1] += 1
        return value.detach()

    def _check(self, lesson: Lesson, value: Tensor, done: float, log: Log) -> None:
        """Judge the averages; without a check the latest are the best."""
        steps = self.record.steps[-1]
        said = f"{self.stage.name}: {done:.0%}, step {steps}, loss {float(value):.4g}"
        self.module.eval()
        with self.averages.applied_to(self.module), torch.no_grad():
            score = lesson.score(steps)
            self.averages.keep_if_best(self.module, score)
        if lesson.validate is not None:
            said += f", held out {score:.4f}"
            self.record.best[-1] = self.averages.best_score
        log(f"{said}, {self.record.spent.seconds:.0f} s of processor time")


def _optimiser(stage: TrainingStage) -> torch.optim.Optimizer:
    return adam(stage.trained.parameters(), stage.learning_rate, (0.9, 0.999))


def _only(trained: nn.Module, module: nn.Module) -> None:
    """Let no gradient go into what a stage leaves as it is."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    for parameter in trained.parameters():
        parameter.requires_grad_(True)


def _load_weights(kept: SavedTraining, module: nn.Module, stage: TrainingStage) -> None:
    """Put the weights that were saved into the module: a stage starts from the ones before."""
    kept.restore(module, _optimiser(stage), Averages(module))
