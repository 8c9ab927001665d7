"""Workers that are there and compute little or nothing: waited for with a word, and in the end not.

The processes are real ones on the loopback; only the patience is shorter than a user's.
"""

import errno
import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from attacks.test_clusters import PATIENT, run_on
from commands import posix
from dask_processes import scheduler_and_worker
from distributed import Client
from distributed.core import Status
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.engine.cluster.connect import connected
from hsisr_geo.engine.workers import Workers
from hsisr_geo.errors import WorkerError
from hsisr_geo.resolver.interpolation import BicubicResolver

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # test_clusters


@pytest.fixture
def client(tmp_path):
    """Of somebody else on a cluster of one worker."""
    with (
        scheduler_and_worker(tmp_path) as address,
        Client(address, set_as_default=False) as client,
    ):
        client.wait_for_workers(1, timeout=60)
        yield client


@pytest.fixture
def run(client, tmp_path, monkeypatch):
    return run_on(client.scheduler.address, tmp_path, monkeypatch)


def pause(client):
    """Do what dask does where four fifths of a worker's memory are taken."""

    def full(dask_worker):
        dask_worker.memory_manager.memory_limit = 10**9
        dask_worker.memory_manager.memory_pause_fraction = 1e-4
        dask_worker.status = Status.paused

    client.run(full)


def is_straight(tmp_path):
    dst = tmp_path / "straight.tif"
    super_resolve(tmp_path / "in.tif", dst, resolver=BicubicResolver(2), tile=8)
    return np.array_equal(read_pixels(tmp_path / "out.tif"), read_pixels(dst))


@contextmanager
def throttled(pid):
    """A process that runs a tenth of the time, for longer than a silence that is noticed."""
    over = threading.Event()

    def throttle():
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            over.wait(1)
            os.kill(pid, signal.SIGCONT)
            over.wait(0.1)

    thread = threading.Thread(target=throttle)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("Nanny failed to start."), r"\(Nanny failed to start\): is there no room"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), r"\(.*temporarily"),
    ],
)
def test_workers_that_the_system_does_not_start_are_told(monkeypatch, error, told):
    def fail(**_):
        raise error

    monkeypatch.setattr("hsisr_geo.engine.cluster.connect.LocalCluster", fail)
    with (
        pytest.raises(WorkerError, match=f"2 worker processes could not be started {told}"),
        connected(Workers(2)),
    ):
        pass


@posix
def test_a_worker_that_is_throttled_is_not_given_up(run, client, tmp_path):
    (pid,) = client.run(os.getpid).values()
    with throttled(pid):
        run(patience=replace(PATIENT, notice=0.5, workers=5))
    assert is_straight(tmp_path)


@contextmanager
def held_until_said(run, go, words):
    """Make a file once a run says this; who waits for it is let go in the end, too."""
    over = threading.Event()

    def watch():
        while not over.is_set() and not any(words in line for line in run.lines):
            over.wait(0.05)
        go.touch()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait_for(go):
    """Return a task of somebody else that ends when there is a file."""

    def wait():
        until = time.monotonic() + 60
        while not go.exists() and time.monotonic() < until:
            time.sleep(0.05)

    return wait


def test_workers_that_others_use_are_waited_for_and_this_is_said(run, client, tmp_path):
    go, said = tmp_path / "go", "has tasks of others for its workers: tiles wait for their turn"
    others = client.submit(wait_for(go), pure=False)
    with held_until_said(run, go, said):
        run()
    assert any(said in line for line in run.lines)
    assert others.done()
    assert is_straight(tmp_path)


def test_a_tile_that_takes_long_is_waited_for_and_this_is_said(run, client, tmp_path):
    """The worker answers all the time: its storage may be away."""
    go, wait = tmp_path / "go", wait_for(tmp_path / "go")

    def hold(dask_worker):
        (plugin,) = (p for n, p in dask_worker.plugins.items() if n.startswith("hsisr-geo-"))
        compute = plugin.infer
        plugin.infer = lambda tile: (wait(), compute(tile))[1]

    with held_until_said(run, go, "answer: they are slow, or wait for their storage"):
        run(5, lambda: client.run(hold))
    assert any("no tile came for 2 s, though workers of the" in line for line in run.lines)
    assert is_straight(tmp_path)


def test_a_worker_that_is_paused_is_named_and_its_run_goes_on_without_it(run, client, tmp_path):
    with pytest.raises(WorkerError, match=r"no workers that are not paused.*tiles are kept"):
        run(5, lambda: pause(client))
    assert any("is paused, as dask does when its memory is nearly" in line for line in run.lines)
    src, dst = tmp_path / "in.tif", tmp_path / "out.tif"
    resolver = BicubicResolver(2)
    assert super_resolve(src, dst, resolver=resolver, tile=8, resume=True).kept >= 5
    assert is_straight(tmp_path)


def test_a_worker_that_was_paused_before_is_not_taken_for_none(client):
    pause(client)
    workers = Workers(scheduler=client.scheduler.address, patience=replace(PATIENT, answer=1))
    with (
        pytest.raises(WorkerError, match=r"no workers that compute: tcp://\S+ is paused, as dask"),
        connected(workers),
    ):
        pass
