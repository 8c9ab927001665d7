"""Many scenes, one after another or several at a time; one that fails need not stop the rest."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from threading import Event, Lock
from typing import Literal

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.cube.valid_range import check_range
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.engine.provenance import fingerprint
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import Canceled, OptionError, OutputError
from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Bounds, Raster
from hsisr_geo.raster.scenes import stem
from hsisr_geo.resolver.protocol import Resolver, settled, with_deviation

_UNSAFE = str.maketrans(dict.fromkeys('/\\:"<>|?*', "_"))  # in names of subdatasets
Status = Literal["done", "skipped", "failed", "canceled", "not started"]


@dataclass(frozen=True)
class Job:
    """A scene and its outputs: the super-resolution, and its uncertainty if one is wanted."""

    src: str
    dst: Path
    uncertainty: Path | None = None

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The rasters to be written."""
        return (self.dst,) if self.uncertainty is None else (self.dst, self.uncertainty)


def plan_jobs(
    scenes: Iterable[str],
    folder: Path,
    names: Sequence[str],
    values: Mapping[str, object],
    *,
    named: Iterable[str] = (),
) -> list[Job]:
    """Say where each scene's outputs go.

    A scene that was found in a folder, and would be the output of another one, is taken for the
    result of an earlier batch, and left out.

    Parameters
    ----------
    names : template of the output's name and, if there is to be one, of its uncertainty's, with
        {stem} and {parent} of the scene and the names of `values` in braces
    values : e.g. the upscale; the same for all scenes
    named : scenes that were asked for by name

    Raises
    ------
    OptionError : a template that is none
    OutputError : two scenes would have one output, or an output would replace a scene
    """
    jobs = [
        Job(scene, *(folder / _name(name, scene, values) for name in names)) for scene in scenes
    ]
    _check_clashes(jobs)
    outputs = {os.path.realpath(path) for job in jobs for path in job.outputs}
    made_before = outputs - {os.path.realpath(source) for source in named}
    jobs = [job for job in jobs if os.path.realpath(job.src) not in made_before]
    _check_sources(jobs)
    return jobs


def _name(template: str, scene: str, values: Mapping[str, object]) -> str:
    """Fill a template for one scene; only plain fields, as `str.format` could reach further."""
    path = Path(scene)
    known = {"stem": stem(path).translate(_UNSAFE), "parent": path.absolute().parent.name}
    known |= {name: str(value) for name, value in values.items()}
    try:
        parts = list(Formatter().parse(template))
    except ValueError as e:
        raise OptionError(f"{template!r} is no template of a file name: {e}") from e
    for _, field, form, conversion in parts:
        if field is not None and (field not in known or form or conversion):
            fields = ", ".join(f"{{{name}}}" for name in known)
            raise OptionError(f"{template!r}: {{{field}}} is unknown: a name may have {fields}")
    name = "".join(text + (known[field] if field else "") for text, field, _, _ in parts)
    if Path(name).name != name:
        raise OptionError(f"{template!r} makes {name!r}: name a file in the folder, not a path")
    return name


def _check_clashes(jobs: Sequence[Job]) -> None:
    taken: dict[str, str] = {}
    for job in jobs:
        if job.dst == job.uncertainty:
            raise OutputError(f"{job.dst}: the uncertainty needs a name of its own")
        for path in job.outputs:
            other = taken.setdefault(os.path.normcase(os.path.realpath(path)), job.src)
            if other != job.src:
                raise OutputError(
                    f"{other} and {job.src} would both be written to {path}: "
                    "tell them apart by the name, e.g. with {parent}"
                )


def _check_sources(jobs: Sequence[Job]) -> None:
    sources = {os.path.normcase(os.path.realpath(job.src)): job.src for job in jobs}
    for path in (path for job in jobs for path in job.outputs):
        if source := sources.get(os.path.normcase(os.path.realpath(path))):
            raise OutputError(
                f"{path} would replace the scene {source}: choose another folder or name"
            )


def difference(
    path: Path,
    raster: Raster,
    resolver: Resolver,
    *,
    bounds: Bounds | None,
    uncertainty: Uncertainty | None = None,
    valid_range: Sequence[float] | None = None,
    strict: bool = False,
) -> str:
    """Say why the raster at `path` is not what a run would write; "" if it is.

    Its fingerprint decides, as that is over all that shows in a result: the input's content, window
    and bands, the model, its options, and the version. Other tags say what it is that differs.

    Raises
    ------
    RasterError : it cannot be read, or the bounds do not touch the scene
    """
    with open_quietly(open_raster(path).path) as dataset:
        tags = dataset.tags()
    resolver = settled(resolver, raster)
    if f"{PROVENANCE_PREFIX}FINGERPRINT" not in tags:
        return "does not say how it was made"
    mark = fingerprint(
        raster,
        resolver,
        spread=with_deviation(resolver, uncertainty.samples) if uncertainty else None,
        uncertainty=uncertainty,
        region=None if bounds is None else raster.window_of(bounds),
        tile=1,  # no matter: it does not show in the result,
        valid_range=check_range(valid_range),
        stored=(),  # nor does the format, in the digest
        strict=strict,
    )
    if tags[f"{PROVENANCE_PREFIX}FINGERPRINT"] == mark.digest:
        return ""
    for name, value in mark.facts.items():
        found = tags.get(PROVENANCE_PREFIX + name.upper())
        if found not in (None, value):
            return f"was made with {name.replace('_', ' ')} {found}, not {value}"
    return "was made of another input, window, choice of bands or uncertainty"


class Skipped(Exception):
    """There is nothing to do for this scene; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """What became of a scene.

    Attributes
    ----------
    seconds : wall time
    report : of the run, if it was done
    error : why it failed or was skipped
    """

    job: Job
    status: Status
    seconds: float = 0.0
    report: RunReport | None = None
    error: Exception | None = None


def run_batch(
    jobs: Sequence[Job],
    work: Callable[[Job], RunReport],
    *,
    at_once: int = 1,
    keep_going: bool = False,
    told: Callable[[Outcome], None],
) -> list[Outcome]:
    """Do the work of each job, and return what became of them, in their order.

    Parameters
    ----------
    work : super-resolves one scene; raises `Skipped` where there is nothing to do. `Canceled`, from
        it or in this thread, ends the batch
    at_once : scenes at a time; with 1 all work is done in this thread
    keep_going : go on after a scene that failed; else no further one is started, and those that
        are under way are finished
    told : called for each scene that was begun, as soon as it has ended, one at a time
    """
    stop, lock = Event(), Lock()
    outcomes: dict[Job, Outcome] = {}

    def one(job: Job) -> None:
        if stop.is_set():
            return
        outcome = outcomes[job] = _outcome(job, work)
        if outcome.status == "canceled" or (outcome.status == "failed" and not keep_going):
            stop.set()
        with lock:
            told(outcome)

    with _stopping(stop):
        if at_once == 1:
            for job in jobs:
                one(job)
        else:
            with ThreadPoolExecutor(at_once) as pool, _stopping(stop):
                futures = [pool.submit(one, job) for job in jobs]
                wait(futures)
            for future in futures:
                future.result()  # what `told` raised
    return [outcomes.get(job) or Outcome(job, "not started") for job in jobs]


def _outcome(job: Job, work: Callable[[Job], RunReport]) -> Outcome:
    started = time.perf_counter()

    def ended(status: Status, **more: RunReport | Exception) -> Outcome:
        return Outcome(job, status, time.perf_counter() - started, **more)  # type: ignore[arg-type]

    try:
        return ended("done", report=work(job))
    except Skipped as e:
        return ended("skipped", error=e)
    except Canceled as e:
        return ended("canceled", error=e)
    except Exception as e:  # whatever it is, the other scenes need not suffer
        return ended("failed", error=e)


@contextmanager
def _stopping(stop: Event) -> Iterator[None]:
    """End the block at `Canceled`, and let nothing further start after any exception."""
    try:
        yield
    except BaseException as e:
        stop.set()
        if not isinstance(e, Canceled):
            raise


class Total:
    """The progress of all scenes as one, each with a weight of its own.

    Parameters
    ----------
    weights : what share of the work each scene is
    progress : called with (done, total), `total` always being `steps`
    """

    def __init__(
        self, weights: Mapping[Job, float], progress: Callable[[int, int], None], steps: int = 1000
    ) -> None:
        self._weights, self._progress, self._steps = weights, progress, steps
        self._done = dict.fromkeys(weights, 0.0)
        self._lock = Lock()

    def of(self, job: Job) -> Callable[[float, int], None]:
        """Return the function that takes the progress of one scene."""
        return lambda done, total: self.put(job, done / max(total, 1))

    def put(self, job: Job, share: float) -> None:
        """Take how much of a scene is done, 0 to 1."""
        with self._lock:
            self._done[job] = self._weights[job] * share
            whole = sum(self._weights.values())
            share = sum(self._done.values()) / whole if whole else 1.0
            self._progress(round(self._steps * share), self._steps)
