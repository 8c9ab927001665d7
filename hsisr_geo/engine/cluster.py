"""Tiles computed by worker processes of dask.distributed, here or on other machines.

Each worker keeps the method bound to the scene, and a journal of its own in the work folder, which
it shares with the process that started the run. Only the names of tiles go out, and the places of
their records come back; a tile whose worker dies is computed by another.
"""

import logging
import os
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from threading import Lock
from typing import Any

import dask
from distributed import Client, LocalCluster, WorkerPlugin, as_completed, get_worker
from distributed.scheduler import KilledWorker

from hsisr_geo._version import __version__
from hsisr_geo.engine.assignment import Assignment
from hsisr_geo.engine.identity import input_identity
from hsisr_geo.engine.tasks import Work
from hsisr_geo.engine.workers import Workers
from hsisr_geo.errors import HsisrError, WorkerError
from hsisr_geo.journal.index import RecordAt, TileIndex
from hsisr_geo.journal.records import JournalWriter, new_name
from hsisr_geo.raster.datasets import anywhere

_PATIENCE_S = 30
_OURS = "HSISR_GEO_WORKER_OF_A_RUN"  # set where workers are named by number
_AHEAD = 4  # tiles that wait for each thread of a worker: it never waits for the scheduler


@contextmanager
def connected(workers: Workers) -> Iterator[Client]:
    """Start workers on this machine, or connect to a scheduler that has some.

    Raises
    ------
    WorkerError : no scheduler answers there, or it has no workers
    """
    with _started(workers) as address:
        try:
            client = Client(address, timeout=_PATIENCE_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"no scheduler answers at {address}: start one with `dask scheduler`, and workers "
                "with `dask worker`"
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=_PATIENCE_S)
            except TimeoutError as error:
                told = f"the scheduler at {address} has no workers: start some with `dask worker`"
                raise WorkerError(told) from error
            yield client


@contextmanager
def _started(workers: Workers) -> Iterator[str]:
    """Yield the address of a scheduler; of workers on this machine if no other is given."""
    if workers.scheduler is not None:
        yield workers.scheduler
        return
    cores = max(1, (os.cpu_count() or 1) // workers.number)
    counts = {f"{name}_NUM_THREADS": cores for name in ("OMP", "MKL", "OPENBLAS")}
    # ^ else each worker's torch would use all cores; what the user has set comes first
    config = {"distributed.nanny.pre-spawn-environ": {**counts, _OURS: "1"}}
    with dask.config.set(config):
        with _interrupts_held_back():
            cluster = LocalCluster(
                n_workers=workers.number,
                threads_per_worker=workers.threads,
                processes=True,
                memory_limit=0,  # tiles are of one size: no worker need be paused or killed for it
                dashboard_address="127.0.0.1:0",  # any free port: several runs go side by side
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,
            )
        with cluster:
            yield cluster.scheduler_address


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start threads that never see Ctrl-C, nor do the processes that they start.

    A terminal sends it to all of them; this process then ends the others in good order. Here it
    comes when the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # what starts it lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class TileWorker(WorkerPlugin):
    """What a worker keeps of a run: its work, made when the first tile comes, and its journal."""

    def __init__(
        self, assignment: Assignment, folder: Path, key: str, *, synchronize: bool
    ) -> None:
        self.name = f"hsisr-geo-{secrets.token_hex(8)}"
        self._assignment, self._folder, self._key = assignment, folder, key
        self._synchronize = synchronize
        self._lock: Lock | None = None
        self._work: Work | None = None

    def setup(self, worker: Any) -> None:
        """Get ready; called in each worker, also in those that come later."""
        self._lock, self._work = Lock(), None
        self._assignment = replace(
            self._assignment, request=self._assignment.request.pinned(_number(worker))
        )

    def teardown(self, worker: Any) -> None:
        """Stop what is being computed, and close the journal."""
        if self._work is not None:
            self._work.given_up.set()

    def infer(self, tile: tuple[int, int]) -> RecordAt:
        """Compute one tile."""
        assert self._lock is not None
        with self._lock:  # the model is loaded once
            if self._work is None:
                path = self._folder / new_name()
                journal = JournalWriter(path, self._key, synchronize=self._synchronize)
                self._work = self._assignment.work(journal)
        return self._work.infer(tile)


def _number(worker: Any) -> int:
    """Return the number of a worker that this run started; 0 for one of a cluster's.

    There each worker has a GPU of its own, which is the first that it sees (as dask-cuda sees to).
    """
    return int(worker.name) if _OURS in os.environ else 0


def _infer(name: str, tile: tuple[int, int]) -> RecordAt:
    plugin: Any = get_worker().plugins[name]
    place: RecordAt = plugin.infer(tile)
    return place


def run(
    client: Client,
    assignment: Assignment,
    finished: TileIndex,
    progress: Callable[[RecordAt], None],
    *,
    synchronize: bool,
) -> None:
    """Compute the missing tiles on the workers; progress is told of each, in the caller's thread.

    Only a few tiles for each worker are under way at a time, however many there are.

    Parameters
    ----------
    synchronize : as of a `JournalWriter`; needed where workers run on other machines

    Raises
    ------
    WorkerError : a worker does not see the files, has another version, or dies again and again
    HsisrError : as raised by a tile
    """
    raster = assignment.request.raster
    check(client, [anywhere(name) for name in raster.all_files], finished.folder)
    plugin = TileWorker(assignment, finished.folder, finished.key, synchronize=synchronize)
    with _registered(client, plugin):
        rest = finished.missing()

        def submitted(count: int) -> list[Any]:
            return [
                client.submit(_infer, plugin.name, tile, key=f"{plugin.name}-{tile}", pure=False)
                for tile in islice(rest, count)
            ]

        ahead = _AHEAD * sum(client.nthreads().values())
        flow = as_completed(submitted(ahead), loop=client.loop, with_results=True)
        try:
            for _, place in flow:
                progress(place)
                for future in submitted(1):
                    flow.add(future)
        except KilledWorker as error:
            raise WorkerError(
                "workers were killed again and again while they computed a tile: is there too "
                "little memory? Choose a smaller --tile, or fewer --workers"
            ) from error


@contextmanager
def _registered(client: Client, plugin: TileWorker) -> Iterator[None]:
    client.register_plugin(plugin)
    try:
        yield
    finally:
        with suppress(Exception):  # the scheduler may be gone; what matters is the first error
            client.unregister_worker_plugin(plugin.name)


def check(client: Client, names: Sequence[str], folder: Path) -> None:
    """Check that every worker is of this version and sees the same files as this process.

    Parameters
    ----------
    names : of the input's files, its own name first

    Raises
    ------
    WorkerError : naming the worker and what it lacks
    """
    token = folder / f"{secrets.token_hex(8)}.token"
    token.write_text("driver", encoding="utf-8")
    try:
        found: Mapping[str, Any] = client.run(examine, str(token), names)
    except HsisrError:
        raise
    except Exception as error:
        told = f"the workers cannot run hsisr-geo {__version__}: {error}"
        raise WorkerError(f"{told}; install the same version there") from error
    mine = input_identity(names)
    for worker, seen in found.items():
        _check_one(worker, seen, folder, mine, names[0])
    token.unlink()


@dataclass(frozen=True)
class Seen:
    """What a worker sees.

    Attributes
    ----------
    token : whether it can read what the driver wrote
    answer : name of a file that it wrote in the same folder, "" if it could not
    source : `input_identity` of the input, or why they cannot be read
    """

    version: str
    token: bool
    answer: str
    source: str


def examine(token: str, names: Sequence[str]) -> Seen:
    """Look around; runs in a worker."""
    path = Path(token)
    answer = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        answer.write_text("worker", encoding="utf-8")
        written = answer.name
    except OSError:
        written = ""
    try:
        source = input_identity(names)
    except OSError as error:
        source = f"cannot be read: {error.strerror}"
    return Seen(__version__, path.is_file(), written, source)


def _check_one(worker: str, seen: Seen, folder: Path, mine: str, source: str) -> None:
    if seen.version != __version__:
        raise WorkerError(
            f"worker {worker} has hsisr-geo {seen.version}, not {__version__}: install the same"
        )
    answer = folder / seen.answer
    if not (seen.token and seen.answer and answer.is_file()):
        raise WorkerError(
            f"worker {worker} does not share the folder {folder.parent} with this process: give "
            "an output on storage that all workers mount at the same place"
        )
    answer.unlink()
    if seen.source != mine:
        raise WorkerError(
            f"worker {worker} does not see the same {source} as this process "
            f"({seen.source or 'nothing'}): put it on storage that all workers mount at the same "
            "place"
        )
