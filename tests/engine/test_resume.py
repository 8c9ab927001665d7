"""Runs that end too early, really: killed, full disks, unreadable inputs; and what comes after."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio
from commands import CLI, ENVIRONMENT, posix, tags_of
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.engine import assignment, request
from hsisr_geo.errors import Canceled, OutputError, RasterError
from hsisr_geo.journal.folder import work_folder_of
from hsisr_geo.resolver.interpolation import BackProjectionResolver, BicubicResolver
from hsisr_geo.resolver.load import Recipe


def _same(path, whole):
    np.testing.assert_array_equal(read_pixels(path), whole[0])
    assert tags_of(path) == whole[1]


def _resumed(src, dst, **options):
    """Resume a run; say how many tiles were kept, and what was logged."""
    lines = []
    options = {"resolver": BackProjectionResolver(2), "tile": 16} | options
    report = super_resolve(src, dst, resume=True, log=lines.append, **options)
    return report, lines


def _stop_at(number, error):
    def progress(done, total):
        if done == number:
            raise error

    return progress


def _interrupt(src, dst, number=10, error=None, **options):
    error = error or Canceled("stopped")
    with pytest.raises(type(error)):
        _resumed(src, dst, progress=_stop_at(number, error), **options)
    assert not dst.exists()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("error", [Canceled("stopped"), KeyboardInterrupt(), MemoryError()])
def test_an_interrupted_run_goes_on_where_it_was(few, few_whole, tmp_path, error, threads):
    dst = tmp_path / "sr.tif"
    _interrupt(few, dst, 10, error, threads=threads)
    report, lines = _resumed(few, dst, threads=threads)
    assert report.tiles == 20
    assert 10 <= report.kept <= 10 + threads
    assert any(f"resumed: {report.kept} of 20 tiles kept" in line for line in lines)
    _same(dst, few_whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sr.qml", "sr.tif"]


def test_a_run_can_be_interrupted_many_times_and_no_tile_is_computed_twice(
    few, few_whole, tmp_path
):
    dst = tmp_path / "sr.tif"
    for number in (1, 2, 10, 20):
        _interrupt(few, dst, number)
    calls = []
    report, _ = _resumed(few, dst, progress=lambda done, total: calls.append((done, total)))
    assert report.kept == 20
    assert calls == [(20, 20)]
    _same(dst, few_whole)


def test_the_scene_is_measured_once(few, tmp_path, monkeypatch):
    _interrupt(few, tmp_path / "sr.tif")
    monkeypatch.setattr(assignment, "scan_scene", None)
    _resumed(few, tmp_path / "sr.tif")


def test_after_a_failure_the_log_says_how_to_go_on(few, tmp_path):
    lines = []
    for resume, said in ((True, "tiles are kept in"), (False, "given up: with --res")):
        with pytest.raises(Canceled):
            super_resolve(
                few, tmp_path / f"{resume}.tif", resolver=BicubicResolver(2), tile=16,
                resume=resume, progress=_stop_at(10, Canceled("stop")), log=lines.append,
            )  # fmt: skip
        assert said in lines[-1]
    assert not (tmp_path / ".False.tif.hsisr-geo").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tile": 24}, "tile was 16, is 24"),
        ({"resolver": BackProjectionResolver(2, iterations=1)}, "back_projections was 2, is 1"),
        ({"resolver": BicubicResolver(2)}, "model was back-projection, is bicubic"),
        ({"bounds": (300000, 5799000, 301000, 5800000)}, "bounds was all, is rows 0-"),
    ],
)
def test_a_run_that_is_another_is_refused_and_harms_nothing(
    few, few_whole, tmp_path, options, told
):
    dst = tmp_path / "sr.tif"
    _interrupt(few, dst)
    with pytest.raises(OutputError, match=told):
        _resumed(few, dst, **options)
    assert _resumed(few, dst)[0].kept == 10
    _same(dst, few_whole)


def test_an_input_that_was_changed_is_refused(few, tmp_path):
    copy, dst = tmp_path / "scene.tif", tmp_path / "sr.tif"
    copy.write_bytes(few.read_bytes())
    _interrupt(copy, dst)
    with rasterio.open(copy, "r+") as dataset:
        dataset.write(dataset.read(1), 1)
    with pytest.raises(OutputError, match="input changed at: not as they were"):
        _resumed(copy, dst)


def test_a_tile_that_the_machine_chose_stays_when_the_machine_is_another(
    few,
    few_whole,
    tmp_path,
    monkeypatch,
):
    dst = tmp_path / "sr.tif"
    monkeypatch.setattr(request, "choose_tile", lambda *_, **__: 16)
    _interrupt(few, dst, tile=None)
    monkeypatch.setattr(request, "choose_tile", lambda *_, **__: 48)
    assert _resumed(few, dst, tile=None)[0].kept == 10
    _same(dst, few_whole)


def test_another_version_is_refused(few, tmp_path, monkeypatch):
    _interrupt(few, tmp_path / "sr.tif")
    monkeypatch.setattr("hsisr_geo.engine.provenance.__version__", "9.9")
    with pytest.raises(OutputError, match=r"version was .*, is 9\.9"):
        _resumed(few, tmp_path / "sr.tif")


def test_what_is_kept_is_not_thrown_away_by_forgetting_an_option(few, tmp_path):
    dst = tmp_path / "sr.tif"
    _interrupt(few, dst)
    with pytest.raises(OutputError, match="give --resume to go on"):
        super_resolve(few, dst, resolver=BackProjectionResolver(2), tile=16)
    report = super_resolve(few, dst, resolver=BackProjectionResolver(2), tile=24, overwrite=True)
    assert report.kept == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sr.qml", "sr.tif"]


def test_a_run_that_fails_before_its_first_tile_keeps_nothing(few, tmp_path):
    with pytest.raises(RasterError):
        _resumed(tmp_path / "none.tif", tmp_path / "sr.tif")
    _interrupt(few, tmp_path / "sr.tif", number=0)
    assert list(tmp_path.iterdir()) == []


def test_an_input_block_that_cannot_be_read(src, whole, tmp_path):
    # The file is cut short: the tiles in the missing part fail, the others are kept.
    copy, dst = tmp_path / "scene.tif", tmp_path / "sr.tif"
    data = src.read_bytes()
    copy.write_bytes(data)
    changed = copy.stat()

    class Damaging(BackProjectionResolver):
        def _back_project(self, cube, origin):
            if origin[0] > 30:
                copy.write_bytes(data[: len(data) // 3])
            return super()._back_project(cube, origin)

    with pytest.raises(RasterError, match=r"was changed while it was being read|cannot read rows"):
        _resumed(copy, dst, resolver=Damaging(2))
    assert not dst.exists()
    copy.write_bytes(data)
    os.utime(copy, ns=(changed.st_atime_ns, changed.st_mtime_ns))
    report, _ = _resumed(copy, dst)
    assert report.kept >= 12
    _same(dst, whole)


def _command(src, dst, *more):
    options = ["--upscale", "2", "--model", "back-projection", "--tile", "16", "--resume"]
    return [*CLI, "run", str(src), str(dst), *options, "--progress", "json", *more]


def _cli(src, dst, *more):
    return subprocess.run(
        _command(src, dst, *more), capture_output=True, text=True, env=ENVIRONMENT, check=False
    )


@posix
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signals_keep_what_is_finished(src, whole, tmp_path, signum):
    dst = tmp_path / "sr.tif"
    with subprocess.Popen(
        _command(src, dst), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=ENVIRONMENT,
    ) as run:  # fmt: skip
        for line in run.stdout:
            if json.loads(line).get("done") == 3:
                run.send_signal(signum)
                break
        out, err = run.communicate()
    assert run.returncode == 128 + signum
    assert f"canceled by {signum.name}" in err
    assert "--resume (resume=True) to go on" in out
    assert not dst.exists()
    done = json.loads(_cli(src, dst).stdout.splitlines()[-1])
    assert done["kept"] >= 3
    _same(dst, whole)


KILLING = """
import os, signal, sys
from pathlib import Path
from hsisr_geo.journal import records
from hsisr_geo.output import commit
from hsisr_geo.journal.blocks import TileBlocks
from hsisr_geo.api import super_resolve
from hsisr_geo.resolver.interpolation import BackProjectionResolver

def kill(owner, name, number):
    calls, original = [], getattr(owner, name)
    def wrapper(*args, **kwargs):
        calls.append(1)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)
    setattr(owner, name, wrapper)

src, dst, where, number = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
owner, name = {
    "record": (records, "_write_all"), "block": (TileBlocks, "read"),
    "publish": (commit, "put_in_place"), "cleanup": (commit, "synchronize"),
}[where]
kill(owner, name, number)
super_resolve(src, dst, resolver=BackProjectionResolver(2), tile=16, resume=True)
"""


@posix
@pytest.mark.parametrize("ending", [".tif", ".img"])
@pytest.mark.parametrize(
    ("where", "number", "kept"),
    [("record", 1, 0), ("record", 100, 1), ("block", 1, 0), ("publish", 1, 20), ("publish", 3, 20)],
)
def test_a_process_killed_at_a_certain_point(few, few_whole, tmp_path, where, number, kept, ending):
    if ending == ".tif" and number == 3:
        pytest.skip("a GeoTIFF is one file")
    dst = tmp_path / f"sr{ending}"
    run = subprocess.run(
        [sys.executable, "-c", KILLING, str(few), str(dst), where, str(number)], env=ENVIRONMENT
    )
    assert run.returncode == -signal.SIGKILL
    assert not dst.exists()
    assert work_folder_of(dst).is_dir()
    report, _ = _resumed(few, dst)
    assert report.kept >= kept
    np.testing.assert_array_equal(read_pixels(dst), few_whole[0])
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


@posix
def test_a_process_killed_at_random_moments_comes_to_the_same_end(src, whole, tmp_path):
    dst, rng, kills = tmp_path / "sr.tif", random.Random(3), 0
    for _ in range(4):
        with subprocess.Popen(
            _command(src, dst), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
        ) as run:  # fmt: skip
            while run.poll() is None and not any(work_folder_of(dst).glob("*.journal")):
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.1))
            run.kill()
            run.wait()
        kills += run.returncode == -signal.SIGKILL
        if dst.exists():
            break
    assert kills >= 1
    if not dst.exists():
        assert _cli(src, dst).returncode == 0
    _same(dst, whole)


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing beyond the limit fails, as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["hsisr-geo", *sys.argv[2:]]
from hsisr_geo.cli.main import main
main()
"""


@posix
@pytest.mark.parametrize(("before", "stopped"), [(1, r"\.journal"), (40, r"/sr\.tif")])
def test_a_full_disk_is_told_and_what_was_finished_is_kept(src, whole, tmp_path, before, stopped):
    # A journal of 41 tiles is too long; so is the output, even when 40 tiles are there before.
    dst, limit = tmp_path / "sr.tif", 400_000
    _interrupt(src, dst, before)
    command = _command(src, dst)[len(CLI) :]
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(limit), *command],
        capture_output=True, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert run.returncode == 1
    *libtiff, last = run.stderr.splitlines()
    assert re.search(rf"{stopped}: cannot be written: .*(full|too large)", last)
    assert all("File too large" in line for line in libtiff)
    assert "to go on" in run.stdout
    assert not dst.exists()
    done = json.loads(_cli(src, dst).stdout.splitlines()[-1])
    assert done["kept"] > max(5, before - 1)
    _same(dst, whole)


def test_a_run_goes_on_with_the_backend_that_began_it(tmp_path):
    """Both make the same but for rounding, and a file is to be of one."""
    src, dst = tmp_path / "scene.tif", tmp_path / "fine.tif"
    values = np.random.default_rng(0).integers(100, 4000, (6, 20, 40)).astype("uint16")
    with rasterio.open(
        src, "w", driver="GTiff", count=6, height=20, width=40, dtype="uint16",
        transform=rasterio.Affine(30, 0, 0, 0, -30, 0),
    ) as file:  # fmt: skip
        file.write(values)
    ours, others = (Recipe("default", 2, device="cpu", backend=b).load() for b in ("ncnn", "torch"))

    def stop(done: int, total: int) -> None:
        if done:
            raise Canceled("enough")

    with pytest.raises(Canceled):
        super_resolve(src, dst, resolver=ours, tile=20, resume=True, progress=stop)
    with pytest.raises(OutputError, match=r"backend was ncnn .*, is torch "):
        super_resolve(src, dst, resolver=others, tile=20, resume=True)
    report = super_resolve(src, dst, resolver=ours, tile=20, resume=True)
    assert report.kept == 1
    with rasterio.open(dst) as file:
        assert file.tags()["HSISR_BACKEND"].startswith("ncnn ")
