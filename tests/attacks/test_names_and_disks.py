"""Names that would steer a terminal or are no text, and disks that are full."""

import json
import os

import pytest
from attacks.test_inputs_hold_still import scene
from commands import call, one_line_error
from hsisr_geo.cli.shown import shown
from rasterio.errors import RasterioIOError

from hsisr_geo.errors import OutputError, RasterError
from hsisr_geo.files import refusal
from hsisr_geo.output.targets import as_output_error
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
