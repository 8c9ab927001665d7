"""Names that would steer a terminal or are no text, and disks that are full."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attacks.test_inputs_hold_still import scene
from commands import ENVIRONMENT, call, one_line_error, posix
from hsisr_geo.cli.terminal.text import shown
from rasterio.errors import RasterioIOError

from hsisr_geo.errors import OutputError, RasterError
from hsisr_geo.model.training.curve import Curve
from hsisr_geo.output.targets import as_output_error
from hsisr_geo.paths import refusal
from hsisr_geo.raster.open import open_raster

RUN = ("--upscale", 2, "--model", "bicubic")
RED = "red\x1b[31m.tif"
BYTES = os.fsdecode(b"byte\xff.tif")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\x1b[31mb\x07\x9b", r"a\x1b[31mb\x07\x9b"),
        ("a\tb\nc", "a\tb\nc"),
        ("Zürich, 北京", "Zürich, 北京"),
        ("\udcff \ud800", r"\xff \ud800"),
        ("txt.\u202efit", r"txt.\u202efit"),
    ],
)
def test_what_a_terminal_gets(text, safe):
    assert shown(text) == safe


def test_a_name_with_an_escape_works_and_is_shown_escaped(tmp_path):
    scene(tmp_path / RED)
    run = call("run", tmp_path / RED, tmp_path / f"out-{RED}", *RUN)
    assert r"out-red\x1b[31m.tif: 96 x 96" in run.stderr
    assert r"red\x1b[31m.tif" in call("info", tmp_path / RED).stdout
    told = call("run", tmp_path / f"no-{RED}", tmp_path / "o.tif", *RUN, code=1).stderr
    assert r"no-red\x1b[31m.tif: no such file" in told
    every = call("run", tmp_path / RED, tmp_path / "no" / RED, *RUN, code=1).stderr
    assert "\x1b" not in run.stderr + told + every
    event = call("run", tmp_path / RED, tmp_path / "j.tif", *RUN, "--progress", "json").stdout
    assert json.loads(event.splitlines()[-1])["path"].endswith("j.tif")


@posix
@pytest.mark.parametrize("form", ["tif", "zarr", "vrt", "nc", "img"])
def test_a_name_is_as_long_as_the_system_lets_it_be_or_refused(tmp_path, form):
    """What is made beside it has longer names: the folder of its work, first of all."""
    src, most = scene(tmp_path / "in.tif"), os.pathconf(tmp_path, "PC_NAME_MAX")
    for length in (most + 1, most, most - len(".") - len(".hsisr-geo") + 1):
        name = f"{'n' * (length - len(form) - 1)}.{form}"
        told = one_line_error(call("run", src, tmp_path / name, *RUN, code=1))
        assert "its name is too long for this system" in told
        assert "choose a shorter one" in told
    call("run", src, tmp_path / name[1:], *RUN)
    assert (tmp_path / name[1:]).exists()


posix_names = pytest.mark.skipif(os.name != "posix", reason="names of any bytes")


@posix_names
def test_a_name_that_is_no_text_is_refused_and_can_be_read_in_the_error(tmp_path):
    src = scene(tmp_path / "in.tif")
    other = src.with_name(BYTES)
    told = one_line_error(call("run", src, other, *RUN, code=1))
    assert r"byte\xff.tif: its name is not UTF-8" in told
    os.link(src, other)
    assert r"byte\xff.tif: its name is not UTF-8" in one_line_error(call("info", other, code=1))
    with pytest.raises(RasterError, match="make a link to it"):
        open_raster(other)
    (tmp_path / "b").mkdir()
    lines = call("batch", tmp_path, "--out-dir", tmp_path / "b", *RUN, "--progress", "json", code=1)
    assert r"byte\udcff.tif" in lines.stdout
    assert (tmp_path / "b").exists()


def test_a_library_that_does_not_say_why_is_asked_of_the_system(tmp_path, monkeypatch):
    words = "TIFFAppendToStrip:Write error at scanline 0"
    with pytest.raises(OutputError, match=words), as_output_error(tmp_path / "a.tif"):
        raise RasterioIOError(words)
    monkeypatch.setattr("hsisr_geo.output.targets.refusal", lambda _: "No space left on device")
    with (
        pytest.raises(OutputError, match=r"a\.tif: cannot be written: No space left on device$"),
        as_output_error(tmp_path / "a.tif"),
    ):
        raise RasterioIOError(words)


def test_a_folder_that_takes_data_refuses_none(tmp_path):
    assert refusal(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []
    assert refusal(tmp_path / "none") == os.strerror(2)


def test_a_link_that_leads_to_no_folder_is_told_as_such(tmp_path):
    source = scene(tmp_path / "in.tif")
    (tmp_path / "out.tif").symlink_to("nowhere/out.tif")
    line = one_line_error(
        call("run", source, tmp_path / "out.tif", "--upscale", "2", "--model", "bicubic", code=1)
    )
    assert "there is no folder" in line
    assert "nowhere: create it first" in line


FULL = """
import resource, signal, sys
from attacks.test_kills import Blocks, RASTER
from hsisr_geo.errors import OutputError
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.targets import Target

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing beyond the limit fails, as on a full disk
for steps in range(1, 100):
    limit = steps * int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    target = Target(sys.argv[1], RASTER, {}, WriteOptions(sys.argv[2]))
    try:
        with open_outputs([target]) as (draft,):
            draft.fill(Blocks(1))
    except OutputError as error:
        assert str(error) == f"{sys.argv[1]}: cannot be written: File too large", error
    else:
        print(steps)
        break
"""


@posix
@pytest.mark.parametrize(
    ("name", "form", "step", "least"),
    [("a.nc", "netcdf", 1024, 9), ("a.tif", "gtiff", 128, 9), ("a.tif", "cog", 128, 9)],
)
def test_a_disk_that_is_full_anywhere_is_one_sentence(tmp_path, name, form, step, least):
    """HDF5 that hears of it crashes with what it has open; libtiff says so on stderr by itself."""
    run = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / name, form, str(step)],
        capture_output=True, text=True, check=False,
        env=ENVIRONMENT | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert int(run.stdout) > least


def test_nothing_comes_back_of_a_folder_of_chunks_that_found_no_room(tmp_path, monkeypatch):
    """zarr writes several files side by side, and goes on with the others after an error."""
    local = pytest.importorskip("zarr.storage._local")
    src, real = scene(tmp_path / "in.tif"), local._put

    def put(path, *given, **how):
        if path.name == ".zgroup":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        time.sleep(0.2)
        return real(path, *given, **how)

    monkeypatch.setattr(local, "_put", put)
    *_, told = call("run", src, tmp_path / "o.zarr", *RUN, code=1).stderr.splitlines()
    assert "o.zarr: cannot be written: No space left" in told
    time.sleep(0.3)
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_a_picture_or_a_table_that_cannot_be_written_is_told(tmp_path):
    src = scene(tmp_path / "in.tif")
    for words in (("show", src, "--out"), ("psf", src, "--plot")):
        line = one_line_error(call(*words, src / "a.png", code=1))
        assert f"in.tif/a.png: cannot be written: {os.strerror(errno.EEXIST)}" in line
    with pytest.raises(OutputError, match=r"a\.csv: cannot be written: "):
        Curve(src / "a.csv").write()


def test_a_folder_says_itself_why_nothing_can_be_written_in_it(tmp_path, monkeypatch):
    src, told = scene(tmp_path / "in.tif"), os.strerror(errno.EROFS)
    monkeypatch.setattr("hsisr_geo.paths.os.access", lambda _, mode: mode != os.W_OK)
    call("run", src, tmp_path / "asked.tif", *RUN)  # it takes files, whatever its permissions say
    for kind, words in (
        (errno.EROFS, f"nothing can be written in {tmp_path}: {told}"),
        (errno.EACCES, f"no permission to write in {tmp_path}"),
    ):
        monkeypatch.setattr("hsisr_geo.paths.refusal", lambda _, kind=kind: os.strerror(kind))
        assert words in one_line_error(call("run", src, tmp_path / "out.tif", *RUN, code=1))
