"""A client of a scheduler that has workers: one that is given, or one of this machine."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Client, LocalCluster, Security
from distributed.core import rpc

from hsisr_geo.engine.cluster.lookout import PAUSED
from hsisr_geo.engine.workers import Workers
from hsisr_geo.errors import HsisrError, WorkerError
from hsisr_geo.files import temporary_folder, told_by_system

OURS = "HSISR_GEO_WORKER_OF_A_RUN"
"""A variable that is set where workers are named by number."""

_OF_NANNIES = "distributed.nanny.pre-spawn-environ"
_SCRATCH = "temporary-directory"
_LAST_WORDS_S = 1  # for taking leave after a failure, of whoever may not be there any more


@contextmanager
def connected(workers: Workers) -> Iterator[Client]:
    """Start workers on this machine, or connect to a scheduler that has some.

    Raises
    ------
    WorkerError : no scheduler answers there, or it has no workers
    """
    patience = workers.patience
    seconds = patience.ready if workers.scheduler is None else patience.answer
    with _started(workers) as address:
        client = _client(address, seconds)
        try:
            _wait_for_workers(client, address, seconds)
            yield client
        except BaseException:
            with suppress(Exception):
                client.close(timeout=_LAST_WORDS_S)
            raise
        client.close()


def _client(address: str, seconds: float) -> Client:
    _check_certificates(address)
    try:
        with ThreadPoolExecutor(1) as pool:  # in a notebook this thread has a loop already
            kind = pool.submit(asyncio.run, asyncio.wait_for(_kind_at(address), seconds)).result()
        if kind in ("Worker", "Nanny"):
            raise WorkerError(
                f"what listens at {address} is a {kind.lower()} of dask: give its scheduler's "
                "address, which `dask scheduler` says when it starts"
            )
        return Client(address, timeout=seconds, set_as_default=False)
    except HsisrError:
        raise
    except Exception as error:  # of dask, of the system, of both
        raise WorkerError(
            f"what listens at {address} does not answer as a scheduler does "
            f"({str(error) or type(error).__name__}): check the address"
        ) from error


def _check_certificates(address: str) -> None:
    """Refuse to speak TLS without any; dask says so in words of its own, of arguments."""
    if address.startswith(("tls:", "wss:")) and not _security()["ssl_context"]:
        raise WorkerError(
            f"{address} takes certificates, and dask's configuration names none here: let "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and "
            "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY name their files"
        )


def _security() -> dict[str, Any]:
    found: dict[str, Any] = Security().get_connection_args("client")
    return found


async def _kind_at(address: str) -> str:
    """Ask what listens there; a client that fails with it would take ten seconds to go."""
    async with rpc(address, connection_args=_security()) as there:
        told: dict[str, str] = await there.identity()
    return told.get("type", "")


def _wait_for_workers(client: Client, address: str, seconds: float) -> None:
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        for name, worker in client.scheduler_info(n_workers=-1)["workers"].items():
            if worker["status"] == "paused":
                told = f"the scheduler at {address} has no workers that compute: {name} {PAUSED}"
                raise WorkerError(told) from error
        told = f"the scheduler at {address} has no workers: start some with `dask worker`"
        raise WorkerError(f"{told} {address}") from error


@contextmanager
def _started(workers: Workers) -> Iterator[str]:
    """Yield the address of a scheduler; of workers on this machine if no other is given."""
    if workers.scheduler is not None:
        workers.check_answers()
        yield workers.scheduler
        return
    cores = max(1, (os.cpu_count() or 1) // workers.number)
    counts = {f"{name}_NUM_THREADS": cores for name in ("OMP", "MKL", "OPENBLAS")}
    # ^ else each worker's torch would use all cores; what the user has set comes first
    environ = {**counts, OURS: "1"}
    with (
        temporary_folder(dask.config.get(_SCRATCH, None)) as scratch,  # dask's own would stay
        _variables_kept(environ),
        dask.config.set({_OF_NANNIES: environ, _SCRATCH: str(scratch)}),
    ):
        with _signals_held_back(), _told_if_none_starts(workers.number):
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
def _told_if_none_starts(number: int) -> Iterator[None]:
    """Say so where the system starts no processes; dask says that nannies failed."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        told = told_by_system(error) or str(error).rstrip(".")
        raise WorkerError(
            f"{number} worker processes could not be started ({told}): is there no room for so "
            "many, in memory or by ulimit -u? Give fewer --workers, or none"
        ) from error


@contextmanager
def _variables_kept(names: Iterable[str]) -> Iterator[None]:
    """Give this process its variables back: what dask sets for its processes may stay here, too."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Start threads that never see Ctrl-C or a hang-up, nor do the processes that they start.

    A terminal sends either to all of them; this process then ends the others in good order. Here it
    comes when the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()  # what starts it lets interrupts through again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
