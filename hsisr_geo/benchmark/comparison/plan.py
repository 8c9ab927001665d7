"""The jobs of a comparison, and which of their files are there already."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hsisr_geo.assessment.report.words import counted
from hsisr_geo.benchmark.comparison.networks import check_networks
from hsisr_geo.benchmark.data.protocols import check_apart, find_protocol
from hsisr_geo.benchmark.facts import Deciding, SystemJob, budget_text
from hsisr_geo.benchmark.folder import Folder
from hsisr_geo.benchmark.records import Facts, difference, read_record
from hsisr_geo.benchmark.settings import BenchmarkSettings, Schooling
from hsisr_geo.errors import ModelError, OptionError, OutputError
from hsisr_geo.resolver.catalogue import model_info


@dataclass(frozen=True)
class Selection:
    """Which jobs of a comparison are wanted; nothing named means all."""

    labels: Collection[str] = ()
    upscales: Collection[int] = ()
    seeds: Collection[int] = ()

    def takes(self, job: SystemJob) -> bool:
        """Whether a job is among them."""
        return all(
            value in wanted or not wanted
            for value, wanted in (
                (job.entry.label, self.labels),
                (job.upscale, self.upscales),
                (job.seed, self.seeds),
            )
        )


@dataclass(frozen=True)
class PlannedJob:
    """A job and what there is of it.

    Attributes
    ----------
    trained, scored
        It is there and made from what would be taken now; a model that is not trained by us is.
    outdated
        In what the model that is there differs from the one that would be trained now.
    """

    job: SystemJob
    trained: bool
    scored: bool
    outdated: str = ""

    def text(self) -> str:
        """Say it in a line."""
        schooling = self.job.entry.schooling
        if schooling is None:
            training = f"model {self.job.entry.model}"
        elif self.trained:
            training = "trained already"
        else:
            training = f"train for {budget_text(schooling.budget)}"
        line = f"{self.job.name}: {training}, {'scored already' if self.scored else 'score'}"
        return f"{line} (there, but {self.outdated})" if self.outdated else line


@dataclass(frozen=True)
class BenchmarkPlan:
    """All jobs that are wanted, in the order in which they are done."""

    jobs: tuple[PlannedJob, ...]

    @property
    def cpu_minutes(self) -> float:
        """What training will take, as far as budgets say it in minutes."""
        return sum(s.budget.cpu_minutes or 0.0 for s in self._to_train)

    @property
    def steps(self) -> int:
        """What training will take, as far as budgets say it in steps."""
        return sum(s.budget.steps or 0 for s in self._to_train)

    @property
    def to_train(self) -> int:
        """How many systems are to be trained."""
        return len(self._to_train)

    def summary(self) -> str:
        """Say in a line what is to be done."""
        parts = [
            counted(len(self.jobs), "job"),
            f"{self.to_train} to train",
            f"{sum(not job.scored for job in self.jobs)} to score",
        ]
        minutes, steps = counted(self.cpu_minutes, "CPU minute"), counted(self.steps, "step")
        parts += [f"{minutes} of training"] if self.cpu_minutes else []
        parts += [f"{steps} of training"] if self.steps else []
        return ", ".join(parts)

    def text(self) -> str:
        """Say what is to be done, a line for each job."""
        return "\n".join([*(job.text() for job in self.jobs), self.summary()])

    def check_overwrites(self, folder: Path, *, overwrite: bool) -> None:
        """Refuse to train anew what is there, unless that is wanted.

        Raises
        ------
        OutputError
            A model was trained with other settings or scenes; naming the first.
        """
        outdated = [job for job in self.jobs if job.outdated]
        if outdated and not overwrite:
            first = outdated[0]
            raise OutputError(
                f"{folder}: {counted(len(outdated), 'model')} there trained or begun otherwise, "
                f"such as {first.job.name}: {first.outdated}. Give --overwrite to train what is so "
                "anew, or another folder"
            )

    @property
    def _to_train(self) -> list[Schooling]:
        return [
            planned.job.entry.schooling
            for planned in self.jobs
            if planned.job.entry.schooling is not None and not planned.trained
        ]


def plan_benchmark(
    settings: BenchmarkSettings, folder: Folder, selection: Selection | None = None
) -> BenchmarkPlan:
    """Look at what there is of a comparison, and at what is to be done.

    Raises
    ------
    OptionError
        The selection names a system that is not there, or leaves no job; or scenes to train on are
        scenes to test on.
    ModelError
        A model that is named is not there, an architecture is unknown or lacks a setting.
    """
    selection = selection or Selection()
    for label in selection.labels:
        settings.entry(label)
    wanted = [job for job in jobs_of(settings) if selection.takes(job)]
    if not wanted:
        raise OptionError(f"{settings.path}: no system at that upscale and seed")
    if settings.train is not None:
        _check_apart(settings, settings.train)
    check_networks(wanted, settings)
    check_models(wanted, settings.path)
    deciding = Deciding(settings)
    return BenchmarkPlan(tuple(planned(job, deciding, folder) for job in wanted))


def _check_apart(settings: BenchmarkSettings, train: Path) -> None:
    """Refuse to score on what was trained on; errors as `check_apart`, naming the file."""
    try:
        check_apart(find_protocol(settings.protocol), train, settings.test)
    except OptionError as e:
        raise OptionError(f"{settings.path}: [data]: {e}") from e


def check_models(jobs: Iterable[SystemJob], path: Path) -> None:
    """Refuse to score a model at an upscale that it was not made for.

    Raises
    ------
    ModelError
        There is no such model, or it was made for others, which the message tells.
    """
    for job in jobs:
        if job.entry.model is None:
            continue
        place = f"{path}: [systems.{job.entry.label}]"
        try:
            made_for = model_info(job.entry.model).upscales
        except ModelError as e:
            raise ModelError(f"{place}: {e}") from e
        if job.upscale not in made_for:
            raise ModelError(
                f"{place}: {job.entry.model} was not made for upscale "
                f"{job.upscale}: give upscales = {list(made_for)}"
            )


def jobs_of(settings: BenchmarkSettings) -> Iterator[SystemJob]:
    """Give all jobs: a whole table before the next upscale, a whole set before the next seed."""
    seeds = dict.fromkeys(seed for entry in settings.entries for seed in entry.seeds)
    upscales = dict.fromkeys(upscale for entry in settings.entries for upscale in entry.upscales)
    for seed in seeds:
        for upscale in upscales:
            for entry in settings.entries:
                if seed in entry.seeds and upscale in entry.upscales:
                    yield SystemJob(entry, upscale, seed)


def planned(job: SystemJob, deciding: Deciding, folder: Folder) -> PlannedJob:
    """Say what there is of a job; errors as `plan_benchmark`."""
    if job.entry.model is not None:
        facts = deciding.of_scores(job, job.entry.model)
        return PlannedJob(job, True, is_kept(folder.scores(job.name), facts))
    model, facts = folder.model(job.name), deciding.of_training(job)
    kept = read_record(folder.training(job.name))
    begun = model.is_file() or folder.progress(job.name).is_file()
    if begun and kept is not None and (outdated := difference(kept.facts, facts)):
        return PlannedJob(job, False, False, outdated)
    if not model.is_file() or kept is None:
        return PlannedJob(job, False, False)
    scored = is_kept(folder.scores(job.name), deciding.of_scores(job, str(model)))
    return PlannedJob(job, True, scored)


def is_kept(path: Path, facts: Facts) -> bool:
    """Whether a record is there that was made from the same."""
    kept = read_record(path)
    return kept is not None and not difference(kept.facts, facts)
