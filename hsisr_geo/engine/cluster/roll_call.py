"""The roll call of workers: every one answers, has this version and the same files and weights."""

import asyncio
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import Client
from distributed.protocol.pickle import loads

from hsisr_geo._version import __version__
from hsisr_geo.engine.cluster.answer import within
from hsisr_geo.engine.identity import input_identity
from hsisr_geo.engine.provenance import code_identity
from hsisr_geo.engine.workers import Patience
from hsisr_geo.errors import HsisrError, WorkerError
from hsisr_geo.output.targets import as_output_error


def check(
    client: Client, names: Sequence[str], folder: Path, sent: bytes, patience: Patience
) -> "Expected":
    """Check that every worker is of this version and sees the same files as this process.

    Returns what one that comes later is to be held against.

    Parameters
    ----------
    names : of the input's files, its own name first
    folder : that all write to
    sent : the assignment, pickled: each worker loads it, and has its model then

    Raises
    ------
    WorkerError : naming the worker and what it lacks
    """
    _check_answers(client, patience.answer)
    token = folder / f"{secrets.token_hex(8)}.token"
    with as_output_error(token):
        token.write_text("driver", encoding="utf-8")
    found = _asked(client, patience.ready, str(token), names, sent)
    expected = Expected(tuple(names), input_identity(names), frozenset(found))
    for worker, seen in found.items():
        _check_one(worker, seen, folder, expected)
    token.unlink()
    return expected


@dataclass(frozen=True)
class Expected:
    """What a worker must have: this version, and the same files.

    Attributes
    ----------
    names : of the input's files, its own name first
    source : their `input_identity`
    present : addresses of the workers that were asked
    """

    names: tuple[str, ...]
    source: str
    present: frozenset[str]
    version: str = __version__
    code: str = field(default_factory=code_identity)

    def check_late(self, worker: str) -> None:
        """Hold the worker that this runs in against it, unless it was there and asked.

        Raises
        ------
        WorkerError
        """
        if worker not in self.present:
            self.check(worker, __version__, code_identity(), _source(self.names))

    def check(self, worker: str, version: str, code: str, source: str) -> None:
        """Refuse a worker of another version, of other code, or that sees other files.

        Raises
        ------
        WorkerError
        """
        if version != self.version:
            raise WorkerError(
                f"worker {worker} has hsisr-geo {version}, not {self.version}: install the same"
            )
        if code != self.code:
            raise WorkerError(
                f"worker {worker} has other code of hsisr-geo {version} than this process: install "
                "the same"
            )
        if source != self.source:
            raise WorkerError(
                f"worker {worker} does not see the same {self.names[0]} as this process "
                f"({source or 'nothing'}): put it on storage that all workers mount at the same "
                "place"
            )


def _check_answers(client: Client, seconds: float) -> None:
    """Name a worker that is known to the scheduler and does not answer: stopped, or cut off."""

    async def ask(worker: str) -> bool:
        try:
            await asyncio.wait_for(client.run(os.getpid, workers=[worker]), seconds)
        except (asyncio.TimeoutError, OSError):
            return False
        return True

    async def ask_all() -> list[str]:
        scheduler: Any = client.scheduler
        workers = list(await scheduler.ncores(workers=None))
        answers = await asyncio.gather(*map(ask, workers))
        return [worker for worker, there in zip(workers, answers, strict=True) if not there]

    try:
        silent = within(client, 2 * seconds, ask_all)
    except (OSError, TimeoutError) as error:
        raise WorkerError("the scheduler does not answer any more: is it stopped?") from error
    if silent:
        more = f" (and {len(silent) - 1} more)" if len(silent) > 1 else ""
        raise WorkerError(
            f"worker {silent[0]}{more} does not answer: it may be stopped or cut off; end it, or "
            "wait until it is back"
        )


def _asked(client: Client, seconds: float, *said: Any) -> Mapping[str, "Seen"]:
    """Let every worker look around."""
    try:
        return within(client, seconds, lambda: client.run(examine, *said))
    except HsisrError:
        raise
    except TimeoutError as error:
        told = f"the workers were not ready after {seconds:.0f} s"
        raise WorkerError(f"{told}: do they read the input and the model so slowly?") from error
    except Exception as error:
        told = f"the workers cannot run hsisr-geo {__version__}"
        raise WorkerError(
            f"{told} ({_versions(client) or error}): install the same version there"
        ) from error


def _versions(client: Client) -> str:
    """Say which version another worker has; "" where that cannot be told."""
    try:
        every = within(client, 5, lambda: client.run(version, "hsisr-geo", on_error="return"))
    except Exception:
        return ""
    for worker, found in every.items():
        if found != __version__:
            return f"worker {worker} has {found if isinstance(found, str) else 'none'}"
    return ""


@dataclass(frozen=True)
class Seen:
    """What a worker sees.

    Attributes
    ----------
    token : whether it can read what the driver wrote
    answer : name of a file that it wrote in the same folder, "" if it could not
    source : `input_identity` of the input, or why they cannot be read
    method : why it cannot load the assignment, "" if it can
    code : `code_identity` there
    """

    version: str
    token: bool
    answer: str
    source: str
    method: str = ""
    code: str = ""


def examine(token: str, names: Sequence[str], sent: bytes) -> Seen:
    """Look around; runs in a worker."""
    path = Path(token)
    answer = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        answer.write_text("worker", encoding="utf-8")
        written = answer.name
    except OSError:
        written = ""
    trouble = _trouble(sent)
    return Seen(__version__, path.is_file(), written, _source(names), trouble, code_identity())


def _source(names: Sequence[str]) -> str:
    try:
        return input_identity(names)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _trouble(sent: bytes) -> str:
    try:
        loads(sent)
    except HsisrError as error:
        return str(error)
    except Exception as error:  # of a class that is not there, say
        return f"{type(error).__name__}: {error}"
    return ""


def _check_one(worker: str, seen: Seen, folder: Path, expected: Expected) -> None:
    expected.check(worker, seen.version, seen.code, expected.source)
    answer = folder / seen.answer
    if not (seen.token and seen.answer and answer.is_file()):
        raise WorkerError(
            f"worker {worker} does not share the folder {folder.parent} with this process: give "
            "an output on storage that all workers mount at the same place"
        )
    answer.unlink()
    expected.check(worker, seen.version, seen.code, seen.source)
    if seen.method:
        raise WorkerError(f"worker {worker} cannot do its work: {seen.method}")
