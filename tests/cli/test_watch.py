"""The engine ends with the program that started it, and leaves nothing behind."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hsisr_geo.cli.terminal.watch import GRACE_S, VARIABLE

from qgis_plugin.engine.worker import WATCH_VARIABLE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")

ROOT = Path(__file__).resolve().parents[2]


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def alive(pid):
    """Whether a process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "scene.tif"
    profile = {"count": 20, "height": 160, "width": 160, "dtype": "int16", "crs": "EPSG:32633"}
    with rasterio.open(path, "w", transform=Affine(30, 0, 0, 0, -30, 0), **profile) as dataset:
        dataset.write(np.random.default_rng(0).integers(0, 9999, (20, 160, 160), np.int16))
    return path


def started(scene, folder, **environment):
    """Start a run that says nothing, and wait until it writes."""
    command = [sys.executable, "-m", "hsisr_geo.cli", "run", str(scene), str(folder / "out.tif")]
    command += ["--upscale", "4", "--model", "bicubic", "--tile", "8", "--progress", "none"]
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: list(folder.iterdir()) or process.poll() is not None, 300)  # libraries load
    if not list(folder.iterdir()):
        process.kill()
        raise AssertionError(process.communicate())
    return process


def test_the_plugin_and_the_engine_mean_the_same_variable():
    assert WATCH_VARIABLE == VARIABLE


def test_a_closed_stdin_cancels_a_watching_run_and_leaves_nothing(scene, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    process = started(scene, folder, **{VARIABLE: "1"})
    _, stderr = process.communicate(timeout=10)  # which closes stdin
    assert process.returncode == 143
    assert stderr.strip() == "hsisr-geo: error: canceled by SIGTERM"
    assert list(folder.iterdir()) == []


def test_any_other_run_does_not_look_at_stdin(scene, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    process = started(scene, folder)
    process.stdin.close()
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    process.stderr.read()
    process.stderr.close()
    process.wait()


def test_a_killed_qgis_leaves_no_process_however_stubborn(tmp_path):
    """The engine ignores SIGTERM here, and has started a program of its own."""
    pids = tmp_path / "pids"
    engine = f"""
        import os, signal, subprocess, time
        from hsisr_geo.cli.terminal.watch import VARIABLE, end_with_parent
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_with_parent()
        assert VARIABLE not in os.environ
        child = subprocess.Popen(["sleep", "300"])
        open({str(pids) + ".new"!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
        os.rename({str(pids) + ".new"!r}, {str(pids)!r})
        time.sleep(300)
    """
    qgis = f"""
        import os, sys
        from qgis_plugin.engine.worker import run_worker
        run_worker([sys.executable, "-c", {textwrap.dedent(engine)!r}], os.environ,
                   progress=print, log=print, canceled=lambda: False)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(qgis)], cwd=ROOT)
    assert wait_for(pids.exists, 20)
    parent.kill()
    parent.wait()
    found = [int(pid) for pid in pids.read_text().split()]
    assert wait_for(lambda: not any(map(alive, found)), GRACE_S + 2)
