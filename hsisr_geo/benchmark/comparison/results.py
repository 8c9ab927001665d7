"""Results of a comparison so far: scores, times and cards of its jobs, read from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hsisr_geo.benchmark.comparison.plan import jobs_of
from hsisr_geo.benchmark.facts import Deciding, SystemJob
from hsisr_geo.benchmark.folder import Folder
from hsisr_geo.benchmark.records import difference, read_record
from hsisr_geo.benchmark.settings import ALL, BenchmarkSettings, Entry
from hsisr_geo.errors import ModelError, OptionError
from hsisr_geo.resolver.catalogue import BASELINES, find_model
from hsisr_geo.resolver.config import ModelCard
from hsisr_geo.resolver.header import read_header


@dataclass(frozen=True)
class Result:
    """What is there of a job; nothing of it need be.

    Attributes
    ----------
    rows
        Scores by scene and bands, each as the fields of a `ScoreRow`.
    seconds
        An image, by its side in output pixels.
    card
        Of the model.
    trouble
        Why there are no scores, or why they may not be those of the present settings.
    """

    job: SystemJob
    rows: tuple[Mapping[str, Any], ...] = ()
    seconds: Mapping[int, float] = field(default_factory=dict)
    card: ModelCard = field(default_factory=dict)
    trouble: str = ""

    def mean(self, metric: str, bands: str) -> float | None:
        """Return the mean of a metric over scenes; None where there is no score."""
        values = [row[metric] for row in self.rows if row["bands"] == bands]
        defined = [value for value in values if value is not None]
        return float(np.mean(defined)) if defined else None


@dataclass(frozen=True)
class Results:
    """Everything that is there of a comparison."""

    settings: BenchmarkSettings
    all: tuple[Result, ...]

    @property
    def bands(self) -> str:
        """Which scores the tables are of: so many picked bands, or all."""
        return ALL if self.settings.bands is None else str(self.settings.bands)

    def of(self, entry: Entry, upscale: int) -> Sequence[Result]:
        """Return the results of a system over its seeds."""
        name = (entry.label, upscale)
        return [result for result in self.all if name == _label(result.job)]

    def entries(self, labels: Sequence[str] | None = None) -> Sequence[Entry]:
        """Return systems in the order of the settings, or of some labels."""
        if labels is None:
            return self.settings.entries
        return [self.settings.entry(label) for label in labels]

    def upscales(self, entries: Sequence[Entry]) -> Sequence[int]:
        """Return the upscales of some systems."""
        return sorted({upscale for entry in entries for upscale in entry.upscales})


def read_results(settings: BenchmarkSettings, folder: Folder) -> Results:
    """Read what is there of all jobs, whoever did them."""
    deciding = Deciding(settings)
    found = (_read(job, deciding, folder) for job in jobs_of(settings))
    return Results(settings, tuple(found))


def check_there(settings: BenchmarkSettings, folder: Folder) -> None:
    """Refuse to make tables of nothing: the folder may be mistyped.

    Raises
    ------
    OptionError
        No system of the comparison has a model, scores, times or a failure there.
    """
    kinds = (folder.model, folder.scores, folder.times, folder.failure)
    if not any(place(job.name).is_file() for job in jobs_of(settings) for place in kinds):
        raise OptionError(
            f"{folder.root}: {'nothing' if folder.root.is_dir() else 'no folder'} there that "
            f"{settings.path} could have tables of: give --out the folder of a comparison, or "
            "leave out --tables-only to make one"
        )


def _label(job: SystemJob) -> tuple[str, int]:
    return job.entry.label, job.upscale


def _read(job: SystemJob, deciding: Deciding, folder: Folder) -> Result:
    scores, times = read_record(folder.scores(job.name)), read_record(folder.times(job.name))
    timings = times.content["timings"] if times else []
    return Result(
        job,
        rows=tuple(scores.content["rows"]) if scores else (),
        seconds={timing["size"]: timing["seconds"] for timing in timings},
        card=_card(job, folder),
        trouble=_trouble(job, deciding, folder),
    )


def _trouble(job: SystemJob, deciding: Deciding, folder: Folder) -> str:
    if failure := read_record(folder.failure(job.name)):
        return f"failed: {failure.content['error']}"
    model = job.entry.model
    if model is None:
        trained = read_record(folder.training(job.name))
        if trained and (changed := difference(trained.facts, deciding.of_training(job))):
            return f"trained otherwise: {changed}"
        model = str(folder.model(job.name))
    kept = read_record(folder.scores(job.name))
    if kept is None:
        return "not scored yet"
    try:
        changed = difference(kept.facts, deciding.of_scores(job, model))
    except ModelError:
        return "scored, but the model is gone"
    return f"scored otherwise: {changed}" if changed else ""


def _card(job: SystemJob, folder: Folder) -> ModelCard:
    if job.entry.model in BASELINES:
        return {}
    try:
        path = folder.model(job.name) if job.entry.model is None else find_model(job.entry.model)
        return read_header(path).card
    except ModelError:  # not there yet, or gone
        return {}
