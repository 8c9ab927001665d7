"""`run_batch`: the work of each job done, one after another or several at a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal

from hsisr_geo.batch.jobs import Job
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.errors import Canceled

Status = Literal["done", "skipped", "failed", "canceled", "not started"]


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
