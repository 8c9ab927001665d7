"""Facts that decide about models, scores and times: where they are the same, these are kept."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import Path

from hsisr_geo._version import __version__
from hsisr_geo.assessment.report.words import counted
from hsisr_geo.benchmark.data.sources import find_sources, without_variable
from hsisr_geo.benchmark.records import Facts
from hsisr_geo.benchmark.settings import BenchmarkSettings, Entry, Schooling
from hsisr_geo.benchmark.systems.training_run import Budget
from hsisr_geo.engine.identity import input_identity
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.sources import follow
from hsisr_geo.resolver.catalogue import model_info
from hsisr_geo.resolver.header import sha256_of

_NO_RASTER = ""  # before the others: of a first one the identity leaves out what lies beside it


@dataclass(frozen=True)
class SystemJob:
    """One system at one upscale and seed."""

    entry: Entry
    upscale: int
    seed: int

    @property
    def name(self) -> str:
        """As its files are called."""
        return f"{self.entry.label}-x{self.upscale}-seed{self.seed}"


@dataclass(frozen=True)
class Deciding:
    """The facts of all files of a comparison; scenes are looked at once.

    Scenes count by name, size and the hash of their first and last 64 KiB, models by the hash of
    their weights, the code by the version of the package.
    """

    settings: BenchmarkSettings

    @cached_property
    def _common(self) -> dict[str, str]:
        bands = self.settings.bands
        return {
            "version": __version__,
            "protocol": self.settings.protocol,
            "bands": "all" if bands is None else str(bands),
        }

    @cached_property
    def _train(self) -> str:
        return _identity(self.settings.train)

    @cached_property
    def _test(self) -> str:
        return _identity(self.settings.test)

    def of_training(self, job: SystemJob) -> Facts:
        """Return what decides about a trained model."""
        assert job.entry.schooling is not None  # else there is nothing to train
        return {
            **self._common,
            **_of_job(job),
            "architecture": job.entry.architecture,
            **{f"setting {key}": str(value) for key, value in job.entry.settings.items()},
            **_of_schooling(job.entry.schooling),
            **_of_start(job.entry.start),
            "training files": self._train,
            "held out": ", ".join(sorted(self.settings.held_out)) or "nothing",
        }

    def of_scores(self, job: SystemJob, model: str) -> Facts:
        """Return what decides about scores of a model, given by name or file."""
        facts = {**self._common, **_of_job(job), "weights": weights_of(model)}
        if not job.entry.all_bands:
            facts["scored on all bands"] = "no"
        return {**facts, "test files": self._test}

    def of_times(self, job: SystemJob, model: str, where: Mapping[str, str]) -> Facts:
        """Return what decides about times of a model; `where` tells the machine."""
        common = {"version": __version__, "bands": self._common["bands"], **where}
        return {**common, "upscale": str(job.upscale), "weights": weights_of(model)}


def weights_of(model: str) -> str:
    """Tell the weights of a model given by name or file: the hash, or the name of a baseline.

    Raises
    ------
    ModelError
        There is no such model.
    """
    path = Path(model)
    if path.is_file():
        return sha256_of(path)
    info = model_info(model)
    return info.sha256 or info.name


def budget_text(budget: Budget) -> str:
    """Say a budget in words."""
    if budget.steps is not None:
        return counted(budget.steps, "step")
    return counted(float(budget.cpu_minutes or 0), "CPU minute")


def _of_job(job: SystemJob) -> dict[str, str]:
    return {"upscale": str(job.upscale), "seed": str(job.seed)}


def _fact_of_budget(budget: Budget) -> str:
    """Tell a budget as folders have it on record: in the plural always."""
    if budget.steps is not None:
        return f"{budget.steps} steps"
    return f"{budget.cpu_minutes:g} CPU minutes"


def _of_schooling(schooling: Schooling) -> dict[str, str]:
    rate = schooling.learning_rate
    return {
        "budget": _fact_of_budget(schooling.budget),
        "batch": str(schooling.batch),
        "patch": str(schooling.patch),
        "learning rate": "as published" if rate is None else f"{rate:g}",
    }


def _of_start(start: Path | None) -> dict[str, str]:
    """Tell the weights that are started from; nothing where there are none."""
    if start is None:
        return {}
    return {"start weights": sha256_of(start) if start.is_file() else "gone"}


def _identity(path: Path | None) -> str:
    if path is None:
        return hashlib.sha256(b"").hexdigest()[:16]
    place, variable = without_variable(path)
    files = sorted({str(file) for file in _files(place)})
    told = input_identity([_NO_RASTER, *files])
    return hashlib.sha256((told + (variable or "")).encode()).hexdigest()[:16]


def _files(place: Path) -> Iterator[Path]:
    """Give the files that scenes are read from; others in their folder count for nothing."""
    scenes: list[Path] = []
    with suppress(RasterError):  # without scenes: told when they are read
        scenes = [source.path for source in find_sources(place)]
    for scene in scenes:
        if scene.is_dir():
            inside = (path for path in scene.rglob("*") if not path.name.startswith("."))
            yield from (path for path in inside if path.is_file())
        else:
            yield from scene.parent.glob(f"{escape(scene.stem)}.*")  # headers, sidecars, masks
            yield from (path for name in follow([str(scene)]) if (path := Path(name)).is_file())
