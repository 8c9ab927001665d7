"""Folders that take no more beside the output's: temporary ones, a work folder's, models'."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from attacks.test_inputs_hold_still import scene
from commands import CLI, ENVIRONMENT, call, one_line_error
from rasterio.errors import RasterioIOError

from hsisr_geo.errors import OutputError
from hsisr_geo.files import temporary_folder
from hsisr_geo.journal.folder import work_folder, work_folder_of
from hsisr_geo.raster.products import unpack

NO_ROOM = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
PROJECT = Path(__file__).parents[2]


def refuse(*_, **__):
    raise NO_ROOM


@pytest.fixture
def small(tmp_path):
    """A disk of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder)
    if (
        sys.platform != "linux"
        or os.geteuid()
        or subprocess.run(words, capture_output=True).returncode
    ):
        pytest.skip("mounts are root's on Linux")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_temporary_folder_is_one_sentence_and_nothing_stays(small, tmp_path):
    """The network's weights pass through it."""
    pytest.importorskip("ncnn")
    words = [*CLI, "run", scene(tmp_path / "in.tif"), tmp_path / "o.tif", "--upscale", "2"]
    run = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False,
        env=ENVIRONMENT | {"TMPDIR": str(small), "HSISR_GEO_BACKEND": "ncnn"},
    )  # fmt: skip
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 1
    assert last.startswith(
        f"hsisr-geo: error: no temporary files can be written: {small}: No space"
    )
    assert list(small.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.tif", "small"]


def test_a_work_folder_on_another_disk_is_refused_before_any_work(small, tmp_path):
    source, out = scene(tmp_path / "in.tif"), small.parent / "o.tif"
    work_folder_of(out).mkdir()
    subprocess.run(["mount", "--bind", small, work_folder_of(out)], check=True)
    try:
        told = call("run", source, out, "--upscale", 2, "--model", "bicubic", "--resume", code=1)
        assert "is on another disk than" in one_line_error(told)
    finally:
        subprocess.run(["umount", work_folder_of(out)], check=True)


def test_a_model_that_will_not_fit_is_told_before_it_is_learned(small, tmp_path):
    src, out = scene(tmp_path / "in.tif"), small / "m.safetensors"
    told = one_line_error(call("adapt", src, "--upscale", 2, "--out", out, code=1))
    assert told.endswith("m.safetensors: cannot be written: No space left on device")
    assert list(small.iterdir()) == []


def test_temporary_folders_go_and_say_what_they_lack(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="let TMPDIR name a folder"), temporary_folder() as made:
        refuse((made / "a").touch())
    assert not made.exists()
    with pytest.raises(RasterioIOError), temporary_folder(tmp_path):  # said by whoever reads
        raise RasterioIOError("damaged")
    monkeypatch.setattr("hsisr_geo.files.tempfile.TemporaryDirectory", refuse)
    with pytest.raises(OutputError, match=f"{tmp_path}: no temporary files"):
        temporary_folder(tmp_path).__enter__()


def test_temporary_folders_are_made_in_one_place():
    """Elsewhere nobody says what they lack, and files of a full disk stay."""
    makers = {"files.py", "unpack.py", "installation.py"}  # the last asks for its room only
    every = [p for part in ("hsisr_geo", "cli") for p in (PROJECT / part).rglob("*.py")]
    assert {p.name for p in every if "import tempfile" in p.read_text()} == makers


def test_a_disk_that_fills_while_a_product_is_unpacked_does_not_end_the_process(
    tmp_path, monkeypatch
):
    """A map without a disk below it is a bus error: its room is taken before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        cube = file.create_dataset("cube", data=np.ones((6, 4, 5)), chunks=(6, 1, 5))
        assert unpack._unpack(cube, "bcr") is not None
        monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
        assert unpack._unpack(cube, "bcr") is None


def test_a_work_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", refuse)
    with (
        pytest.raises(OutputError, match=r"o\.tif: cannot be written: No space left"),
        work_folder(tmp_path / "o.tif", resume=False, overwrite=False),
    ):
        pass


@pytest.mark.parametrize(
    ("kind", "more"),
    [(errno.ENOSPC, ": make room for it"), (errno.EDQUOT, ": make room for it"), (errno.EROFS, "")],
)
def test_no_full_disk_is_unexpected(tmp_path, monkeypatch, kind, more):
    """Wherever it is met."""

    def refuse(*_, **__):
        raise OSError(kind, os.strerror(kind))

    monkeypatch.setattr("hsisr_geo.raster.open.open_raster", refuse)
    told = one_line_error(call("info", tmp_path / "a.tif", code=1))
    assert told == f"hsisr-geo: error: {os.strerror(kind)}{more}"


def test_a_folder_of_models_that_is_none_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_MODELS", str(tmp_path / "none"))
    words = (
        "run",
        scene(tmp_path / "in.tif"),
        tmp_path / "o.tif",
        "--upscale",
        2,
        "--model",
        "mine",
    )
    said = call(*words, code=1).stderr
    assert f"(HSISR_GEO_MODELS names {tmp_path / 'none'}, which is no folder" in said
