"""A worker whose line is cut, and mended or not: a network of its own, a pair of virtual cards.

It takes root and `ip` of iproute2, so that elsewhere it is left out and says so.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
from attacks.test_inputs_hold_still import scene
from commands import ENVIRONMENT
from scenes import read_pixels

from hsisr_geo.engine.cluster.connect import connected
from hsisr_geo.engine.pipeline import super_resolve
from hsisr_geo.engine.workers import Patience, Workers
from hsisr_geo.errors import WorkerError
from hsisr_geo.resolver.interpolation import BicubicResolver

NAME = f"hsisr{os.getpid()}"
HERE, THERE = (f"198.18.{os.getpid() % 250}.{end}" for end in (1, 2))  # RFC 2544: for tests


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)


def cut():
    ip("link", "set", NAME, "down")


def mend():
    ip("link", "set", NAME, "up")


@pytest.fixture(scope="module")
def line():
    """Two virtual cards, one of them in a network without any other."""
    if shutil.which("ip") is None or ip("netns", "add", NAME).returncode:
        pytest.skip("networks of their own take root and iproute2")
    ip("link", "add", NAME, "type", "veth", "peer", "name", "there", "netns", NAME)
    ip("address", "add", f"{HERE}/30", "dev", NAME)
    ip("-n", NAME, "address", "add", f"{THERE}/30", "dev", "there")
    ip("-n", NAME, "link", "set", "there", "up")
    ip("-n", NAME, "link", "set", "lo", "up")
    mend()
    if ip("netns", "exec", NAME, "true").returncode:
        ip("netns", "delete", NAME)
        pytest.skip("no command can be started in a network of its own here")
    yield
    ip("netns", "delete", NAME)


@pytest.fixture
def address(line, tmp_path):
    """A scheduler here, and a worker at the other end of the line."""
    file, local = tmp_path / "scheduler.json", ["--local-directory", tmp_path / "dask"]
    there = ["ip", "netns", "exec", NAME]
    scheduler = start("scheduler", HERE, file, "--port", "0")
    while not file.exists() or not file.read_text():
        assert scheduler.poll() is None
        time.sleep(0.05)
    worker = start("worker", THERE, file, *local, "--no-nanny", "--nthreads", "1", before=there)
    yield json.loads(file.read_text())["address"]
    mend()
    for process in (worker, scheduler):
        process.kill()
        process.wait(20)


def start(what, host, file, *more, before=()):
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", host]
    return subprocess.Popen(
        [*before, *command, "--no-dashboard", "--scheduler-file", file, *more],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
    )  # fmt: skip


@pytest.fixture
def run(address, tmp_path, monkeypatch):
    """Run on the worker; something happens at the fifth of 36 tiles."""
    src, lines = scene(tmp_path / "in.tif"), []

    def run(action, waiting):
        patience = Patience(answer=60, notice=0.6, workers=waiting)
        monkeypatch.setattr(
            "hsisr_geo.engine.pipeline.Workers", partial(Workers, patience=patience)
        )
        return super_resolve(
            src, tmp_path / "out.tif", resolver=BicubicResolver(2), tile=8, resume=True,
            scheduler=address, progress=lambda done, _: action() if done == 5 else None,
            log=lines.append,
        )  # fmt: skip

    with connected(Workers(scheduler=address, patience=Patience(answer=60, workers=60))):
        pass
    run.lines = lines
    return run


def straight(tmp_path):
    dst = tmp_path / "straight.tif"
    super_resolve(tmp_path / "in.tif", dst, resolver=BicubicResolver(2), tile=8)
    return read_pixels(dst)


def test_a_worker_that_is_cut_off_and_comes_back_goes_on(run, tmp_path):
    def cut_for_a_while():
        cut()
        threading.Timer(2, mend).start()

    run(cut_for_a_while, waiting=60)
    assert any(line.startswith("warning: worker tcp://") for line in run.lines)
    np.testing.assert_array_equal(read_pixels(tmp_path / "out.tif"), straight(tmp_path))


def test_a_worker_that_stays_cut_off_is_named_and_its_run_goes_on_without_it(run, tmp_path):
    with pytest.raises(WorkerError, match=r"no workers that answer.*tiles are kept"):
        run(cut, waiting=1.5)
    src, dst = tmp_path / "in.tif", tmp_path / "out.tif"
    resumed = super_resolve(src, dst, resolver=BicubicResolver(2), tile=8, resume=True)
    assert resumed.kept >= 5
    np.testing.assert_array_equal(read_pixels(dst), straight(tmp_path))
