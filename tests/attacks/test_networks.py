"""A worker whose line is cut, and mended or not: a network of its own, a pair of virtual cards.

It takes root and `ip` of iproute2, so that elsewhere it is left out and says so.
"""

import os
import shutil
import subprocess
import threading
from dataclasses import replace

import numpy as np
import pytest
from attacks.test_clusters import PATIENT, run_on
from dask_processes import scheduler_and_worker
from scenes import read_pixels

from hsisr_geo.api import super_resolve
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
    there = ["ip", "netns", "exec", NAME]
    with scheduler_and_worker(tmp_path, HERE, THERE, before=there) as address:
        yield address
        mend()


@pytest.fixture
def run(address, tmp_path, monkeypatch):
    """Run on the worker at the other end."""
    return run_on(address, tmp_path, monkeypatch)


def straight(tmp_path):
    dst = tmp_path / "straight.tif"
    super_resolve(tmp_path / "in.tif", dst, resolver=BicubicResolver(2), tile=8)
    return read_pixels(dst)


def test_a_worker_that_is_cut_off_and_comes_back_goes_on(run, tmp_path):
    def cut_for_a_while():
        cut()
        threading.Timer(2, mend).start()

    run(5, cut_for_a_while, replace(PATIENT, workers=60))
    assert any(line.startswith("warning: worker tcp://") for line in run.lines)
    np.testing.assert_array_equal(read_pixels(tmp_path / "out.tif"), straight(tmp_path))


def test_a_worker_that_stays_cut_off_is_named_and_its_run_goes_on_without_it(run, tmp_path):
    with pytest.raises(WorkerError, match=r"no workers that answer.*tiles are kept"):
        run(5, cut)
    src, dst = tmp_path / "in.tif", tmp_path / "out.tif"
    resumed = super_resolve(src, dst, resolver=BicubicResolver(2), tile=8, resume=True)
    assert resumed.kept >= 5
    np.testing.assert_array_equal(read_pixels(dst), straight(tmp_path))
