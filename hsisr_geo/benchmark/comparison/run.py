"""The jobs of a comparison, done one after another: what is missing is trained, scored, timed.

Several processes may work on one folder: each takes the jobs that no other has. What fails is put
on record and told at the end; the other jobs go on.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from hsisr_geo.benchmark.comparison.make import Bench, Log, make
from hsisr_geo.benchmark.comparison.plan import BenchmarkPlan
from hsisr_geo.benchmark.data.protocols import find_protocol
from hsisr_geo.benchmark.facts import SystemJob
from hsisr_geo.benchmark.folder import Folder
from hsisr_geo.benchmark.records import write_record
from hsisr_geo.benchmark.scores.score import check_scenes
from hsisr_geo.benchmark.settings import BenchmarkSettings
from hsisr_geo.errors import Canceled, HsisrError

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Failure:
    """A job that failed, and why."""

    name: str
    error: str


@dataclass(frozen=True)
class JobOutcome:
    """How the jobs went, by name; `busy` are those that another process has."""

    done: tuple[str, ...]
    failed: tuple[Failure, ...]
    busy: tuple[str, ...]


def run_benchmark(
    settings: BenchmarkSettings,
    plan: BenchmarkPlan,
    folder: Folder,
    *,
    device: str = "auto",
    overwrite: bool = False,
    log: Log = print,
    progress: Progress = lambda done, total: None,
) -> JobOutcome:
    """Do what a plan says.

    Parameters
    ----------
    overwrite
        Train anew what was trained otherwise. Scores and times that are no longer of the model and
        the scenes that are there are always made again.

    Raises
    ------
    OutputError
        There are such models, and `overwrite` is not given; or the folder cannot be written to.
    OptionError, RasterError
        Scenes to train or to score on cannot be read, are too small or have too few bands; or
        none has the name of what is to be held out.
    Canceled
        By a signal; what is complete stays, and a training goes on from its last check.
    """
    plan.check_overwrites(folder.root, overwrite=overwrite)
    folder.make()
    bench = Bench(settings, folder, device, log)
    _check_scenes(bench, plan)
    done, failed, busy = [], [], []
    for number, job in enumerate([wanted.job for wanted in plan.jobs]):
        progress(number, len(plan.jobs))
        with folder.locked(job.name) as mine:
            if not mine:
                log(f"{job.name}: another process is at it")
                busy.append(job.name)
            elif failure := attempt(bench, job):
                failed.append(failure)
            else:
                done.append(job.name)
    progress(len(plan.jobs), len(plan.jobs))
    return JobOutcome(tuple(done), tuple(failed), tuple(busy))


def _check_scenes(bench: Bench, plan: BenchmarkPlan) -> None:
    """Read all scenes: what is wrong with them would be with every job, of some after training."""
    settings, bands = bench.settings, bench.settings.bands
    if plan.to_train:
        used, _ = bench.cubes
        bands = bands or len(used[0].cube)
    upscales = {planned.job.upscale for planned in plan.jobs if not planned.scored}
    if upscales:
        check_scenes(
            find_protocol(settings.protocol), settings.test, upscales=sorted(upscales), bands=bands
        )


def attempt(bench: Bench, job: SystemJob) -> Failure | None:
    """Do a job; a failure is told, put on record and returned."""
    record = bench.folder.failure(job.name)
    try:
        make(bench, job)
    except Canceled:
        raise
    except Exception as e:  # also what a device or a library raises: the other jobs go on
        error = str(e) if isinstance(e, HsisrError) else f"{type(e).__name__}: {e}"
        bench.log(f"{job.name}: failed: {error}")
        write_record(record, {}, {"error": error, "traceback": traceback.format_exc()})
        return Failure(job.name, error)
    record.unlink(missing_ok=True)
    return None
