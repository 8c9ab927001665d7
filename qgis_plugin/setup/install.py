"""Makes, repairs and removes a managed environment: step by step, each of them recorded."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..engine.worker import WorkerCanceled, WorkerFailed, run_worker
from . import record as records
from .lock import hold
from .packages import GB, explained, pip_environment
from .places import Environment
from .plan import Plan, Step, space_needed, steps, watched
from .record import Record

LOG_BYTES = 2_000_000  # a log that is longer is begun anew
REMEMBERED = 200  # lines of a step that may say why it failed


class SetUpFailed(Exception):
    """The environment is not ready; the message says why and what to do."""


class SetUpCanceled(Exception):
    """The user stopped the set-up; what is done is kept for the next."""


@dataclass(frozen=True)
class Watcher:
    """Who is told: `progress(percent, what)`, `log(line)`; and who may stop it: `canceled()`."""

    progress: Callable[[float, str], None]
    log: Callable[[str], None]
    canceled: Callable[[], bool]


def set_up(plan: Plan, watcher: Watcher) -> str:
    """Make the environment, or go on where an earlier set-up ended; return the engine's answer.

    Steps that are done for the same choices are not repeated. An environment that was made for
    another choice is removed first.

    Raises
    ------
    SetUpFailed
        What to do about it is in the message; the steps before are kept.
    SetUpCanceled
        `canceled()` became true: within two seconds no process of the set-up is left.
    lock.Held
        Another QGIS is at it.
    """
    problem = plan.problem()
    if problem:
        raise SetUpFailed(problem)
    with hold(plan.environment.lock), _logged(plan.environment.log, watcher) as watcher:
        record = _begin(plan)
        _check_space(plan, record)
        done, answer = 0, ""
        for step in steps(plan):
            watcher.progress(done, step.title)
            if step.name in record.finished:
                watcher.log(f"{step.title}: already done")
            else:
                answer = _run(plan, step, done, watcher)
                record = _finished(plan, record, step)
            done += step.share
        records.write(plan.environment.record, replace(record, complete=True))
        watcher.progress(100, "Ready")
        return answer


def remove(environment: Environment) -> None:
    """Remove an environment, at once for everybody who looks, and then its files.

    Raises
    ------
    SetUpFailed
        It is in use, or not one of ours.
    lock.Held
        Another QGIS is at it.
    """
    with hold(environment.lock):
        _remove(environment.folder)


def repair(plan: Plan, watcher: Watcher) -> str:
    """Make the environment anew, whatever it looks like; parameters and errors as for `set_up`.

    What was downloaded before is in pip's cache.
    """
    problem = plan.problem()
    if problem:
        raise SetUpFailed(problem)
    remove(plan.environment)
    return set_up(plan, watcher)


def _begin(plan: Plan) -> Record:
    """Return the record to go on from; an environment that does not fit the plan is removed."""
    environment = plan.environment
    record = records.read(environment.record)
    wanted = {step.name: step.choice for step in steps(plan)}
    kept = {} if record is None else dict(record.finished)
    fits = all(wanted.get(name, choice) == choice for name, choice in kept.items())
    # A venv is not made over one whose Python has gone: the dead link would stay.
    if record is None or not fits or not environment.python.exists():
        _remove(environment.folder)
        kept = {}
    kept.pop("test", None)  # it costs seconds, and is what "ready" rests on
    if "engine" not in kept:
        kept.pop("lookup", None)  # of another day, or of another index
    record = Record(kept, plan.choices())
    records.write(environment.record, record)
    return record


def _finished(plan: Plan, record: Record, step: Step) -> Record:
    record = replace(record, finished={**record.finished, step.name: step.choice})
    records.write(plan.environment.record, record)
    return record


def _check_space(plan: Plan, record: Record) -> None:
    if "torch" in record.finished:  # most of it is there
        return
    for folder, needed in space_needed(plan):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise SetUpFailed(
                f"Set-up needs {needed / GB:.1f} GB in {folder}, and {free / GB:.1f} GB are free "
                "there. Free some space, or choose another location."
            )


@dataclass
class _Heard:
    """What a step said, and how many bytes it has downloaded."""

    lines: list[str] = field(default_factory=list)
    earlier: float = 0  # bytes of the files before this one
    now: float = 0

    def line(self, message: str) -> None:
        self.lines = [*self.lines[-REMEMBERED:], message]

    def downloaded(self, done: float, total: int) -> float:
        if done < self.now:  # the next file
            self.earlier += self.now
        self.now = done
        return self.earlier + done


def _run(plan: Plan, step: Step, done: int, watcher: Watcher) -> str:
    """Run one step and return its last line."""
    heard = _Heard()

    def progress(bytes_done: float, bytes_total: int) -> None:
        share = min(heard.downloaded(bytes_done, bytes_total) / plan.build.download, 0.9)
        amount = f"{bytes_done / 1e6:.0f} of {bytes_total / 1e6:.0f} MB"
        watcher.progress(done + share * step.share, f"{step.title}: {amount}")

    def log(message: str) -> None:
        heard.line(message)
        watcher.log(message)

    watcher.log(f"{step.title}: {' '.join(step.command)}")
    try:
        run_worker(
            watched(step, plan.python),
            pip_environment(),
            progress=progress,
            log=log,
            canceled=watcher.canceled,
        )
    except WorkerCanceled:
        watcher.log("Canceled.")
        raise SetUpCanceled from None
    except WorkerFailed as error:
        raise SetUpFailed(_why(step, heard.lines, str(error), plan.environment)) from error
    return heard.lines[-1] if heard.lines else ""


def _why(step: Step, lines: list[str], error: str, environment: Environment) -> str:
    said = [line for line in lines if "error" in line.lower()] or lines[-1:] or [error]
    cause = explained("\n".join(lines))
    log = f"All that it said is in {environment.log}."
    return " ".join(part for part in (f"{step.title} failed.", cause, said[-1], log) if part)


def _remove(folder: Path) -> None:
    if not os.path.lexists(folder):
        return
    ours = (folder / "pyvenv.cfg").exists() or (folder / "setup.json").exists()
    if folder.is_symlink() or not (ours or not any(folder.iterdir())):
        raise SetUpFailed(f"{folder} exists and was not made by a set-up. Choose another location.")
    going = folder.with_name(f".removed-{folder.name}-{os.getpid()}-{time.time_ns()}")
    try:
        os.replace(folder, going)
    except OSError as error:
        raise SetUpFailed(
            f"{folder} cannot be removed ({error.strerror}): end the runs that use it first."
        ) from error
    shutil.rmtree(going, ignore_errors=True)


@contextlib.contextmanager
def _logged(path: Path, watcher: Watcher) -> Iterator[Watcher]:
    """Return a watcher that also writes the log, with what it ended with."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.unlink()
    with path.open("a", encoding="utf-8") as file:

        def log(line: str) -> None:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
            file.flush()
            watcher.log(line)

        log("Set-up begins")
        try:
            yield replace(watcher, log=log)
        except SetUpFailed as error:
            log(str(error))
            raise
        log("Ready")
