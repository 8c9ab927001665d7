"""dask's schedulers and workers as processes of their own, as a user would start them."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

from commands import ENVIRONMENT


def start(what, host, file, *more, before=(), env=None):
    """Start a `scheduler` that writes its place to a file, or a `worker` that looks there."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", host]
    return subprocess.Popen(
        [*before, *command, "--no-dashboard", "--scheduler-file", file, *more],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT | (env or {}),
    )  # fmt: skip


def address_of(scheduler, file):
    """Wait for what a scheduler writes, and return its address."""
    while not file.exists() or not file.read_text():
        assert scheduler.poll() is None
        time.sleep(0.05)
    return json.loads(file.read_text())["address"]


def worker_options(folder):
    return "--local-directory", folder, "--no-nanny", "--nthreads", "1"


@contextmanager
def scheduler_and_worker(folder, host="127.0.0.1", there="127.0.0.1", before=()):
    """Yield the address of a scheduler that has one worker, there and so started."""
    file, processes = folder / "scheduler.json", []
    try:
        processes.append(start("scheduler", host, file, "--port", "0"))
        address = address_of(processes[0], file)
        local = worker_options(folder / "dask")
        processes.append(start("worker", there, file, *local, before=before))
        yield address
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait(20)
