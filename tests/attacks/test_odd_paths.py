"""Pipes, sockets, devices and folders where a file is expected: refused, not waited for, kept."""

import os
import shutil
import signal
import socket
import stat
from pathlib import Path

import numpy as np
import pytest
from commands import bicubic, call, posix, write

from hsisr_geo.errors import ModelError, OutputError
from hsisr_geo.files import drafted
from hsisr_geo.paths import oddity
from hsisr_geo.resolver.header import read_header

pytestmark = posix

FASTER = ("--upscale", 2, "--model", "bicubic")
INDEX = ("--index", "ndvi", "--out", "o.tif")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A scene, and an end to whatever waits for a pipe that nobody writes into."""
    monkeypatch.chdir(tmp_path)
    cube = np.random.default_rng(0).random((4, 40, 44)).cumsum(1).astype("f4")
    write(tmp_path / "a.tif", cube, wavelengths=[550, 670, 800, 860])

    def waited(*_):
        raise AssertionError("it waited")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(60)
    yield tmp_path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(name):
    os.mkfifo(name)


def bound(name):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(name)


def linked(name):
    os.mkfifo("elsewhere")
    os.symlink("elsewhere", name)


def test_no_command_waits_for_a_scene_that_is_no_file(place):
    linked("x.tif")
    before = sorted(place.iterdir())
    for words in (
        ("info", "x.tif"),
        ("psf", "x.tif"),
        ("show", "x.tif"),
        ("show", "a.tif", "x.tif"),
        ("run", "x.tif", "o.tif", *FASTER),
        ("batch", "x.tif", "--out-dir", "d", *FASTER),
        ("assess", "x.tif", *FASTER, "--report", "r"),
        ("evaluate", "a.tif", "x.tif"),
        ("index", "a.tif", "--sigma", "x.tif", *INDEX),
        ("adapt", "x.tif", "--upscale", 2, "--out", "m.safetensors"),
    ):
        assert "x.tif is a pipe" in call(*words, code=1).stderr.splitlines()[-1]
    assert sorted(place.iterdir()) == before


def test_no_command_waits_for_a_model_or_a_kernel():
    for name in ("x.safetensors", "x.txt", "x.pth"):
        pipe(name)
    for words, told in (
        (("run", "a.tif", "o.tif", "--upscale", 2, "--model", "x.safetensors"), "is a pipe"),
        (("models", "show", "./x.safetensors"), "is a pipe"),
        (("adapt", "a.tif", "--upscale", 2, "--out", "m.safetensors", "--model", "x.safetensors"),
         "is a pipe"),
        (("run", "a.tif", "o.tif", *FASTER[:2], "--model", "back-projection", "--psf", "x.txt"),
         "x.txt is a pipe"),
        (("models", "import", "x.pth"), "is not a file"),
    ):  # fmt: skip
        assert told in call(*words, code=1).stderr.splitlines()[-1]
    with pytest.raises(ModelError, match=r"x\.safetensors: not a model file, but a pipe"):
        read_header(Path("x.safetensors"))  # as `train diffusion` does


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.tif", ("run", "a.tif", "x.tif", *FASTER)),
        ("o.hdr", ("run", "a.tif", "o.img", *FASTER)),
        ("o.tif.aux.xml", ("run", "a.tif", "o.tif", *FASTER)),
        ("o.stac.json", ("run", "a.tif", "o.tif", *FASTER, "--stac")),
        ("s.tif", ("run", "a.tif", "o.tif", *FASTER[:2], "--uncertainty", "s.tif")),
        ("x.tif", ("batch", "a.tif", "--out-dir", ".", "--name", "x.tif", *FASTER)),
        ("r.json", ("batch", "a.tif", "--out-dir", "d", *FASTER, "--report", "r.json")),
        ("x.tif", ("index", "a.tif", "--sigma", "sigma.tif", *INDEX[:3], "x.tif")),
        ("x.png", ("show", "a.tif", "--out", "x.png")),
        ("x.svg", ("psf", "a.tif", "--plot", "x.svg")),
        ("r", ("assess", "a.tif", *FASTER, "--report", "r")),
        ("x.safetensors", ("adapt", "a.tif", "--upscale", 2, "--out", "x.safetensors")),
        ("x.safetensors", ("train", "autoencoder", ".", "x.safetensors")),
    ],
)
def test_no_output_replaces_what_is_no_file(place, name, words):
    """Not with `--overwrite` either: as root /dev/null would become one."""
    shutil.copyfile("a.tif", "sigma.tif")
    pipe(name)
    before = {path: path.lstat().st_ino for path in place.iterdir()}
    *_, told = call(*words, "--overwrite", code=1).stderr.splitlines()
    assert told.startswith("hsisr-geo: error: ")
    assert name in told
    assert {path: path.lstat().st_ino for path in place.iterdir()} == before


def test_what_is_no_file_is_told_and_nothing_is_drafted_beside_it(place):
    bound("s")
    linked("l")
    assert [oddity(name) for name in ("s", "l", "/dev/null")] == ["a socket", "a pipe", "a device"]
    assert oddity("a.tif") == oddity(".") == oddity("none") == ""
    pipe("x.csv")
    with pytest.raises(OutputError, match=r"x\.csv is a pipe"), drafted(place / "x.csv"):
        pass
    assert stat.S_ISFIFO(os.stat("x.csv").st_mode)


@pytest.mark.parametrize(
    ("folder", "out", "more"),
    [
        ("o.hdr", "o.img", ()),
        ("o.tif.aux.xml", "o.tif", ()),
        ("o.stac.json", "o.tif", ("--stac",)),
        ("o.parts", "o.vrt", ()),
    ],
)
def test_a_folder_of_the_users_does_not_go_with_what_comes_beside_an_output(
    place, folder, out, more
):
    (place / folder).mkdir()
    (place / folder / "precious").write_text("mine")
    *_, told = bicubic("a.tif", out, "--overwrite", *more, code=1).stderr.splitlines()
    assert f"{folder} " in told
    assert "choose another name" in told
    assert (place / folder / "precious").read_text() == "mine"
    assert sorted(path.name for path in place.iterdir()) == ["a.tif", folder]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "a.tif", "--out", "http://127.0.0.1/x.png"), "what is written is a plain file"),
        (("psf", "a.tif", "--plot", "s3://bucket/x.png"), "what is written is a plain file"),
        (("assess", "a.tif", *FASTER, "--report", "/vsimem/r"), "what is written is a plain file"),
        (("batch", "a.tif", "--out-dir", "/vsimem/d", *FASTER), "what is written is a plain file"),
        (("batch", "a.tif", "--out-dir", "s3://b/d", *FASTER), "what is written is a plain file"),
        (("batch", "", "--out-dir", "d", *FASTER), "a scene has an empty name"),
        (("info", ""), "a raster has an empty name"),
        (("show", "-"), "stdin is read by run, info and psf"),
        (("evaluate", "a.tif", "/vsistdin/"), "stdin is read by run, info and psf"),
    ],
)
def test_names_that_are_no_files_of_this_disk_are_told_as_such(place, words, told):
    """Else folders are made for a URL, and an empty name is the folder one is in."""
    *_, said = call(*words, code=1).stderr.splitlines()
    assert said.startswith("hsisr-geo: error: ")
    assert told in said
    assert [path.name for path in place.iterdir()] == ["a.tif"]


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (".png", ("show", "a.tif", "--out", "X")),
        (".svg", ("psf", "a.tif", "--plot", "X")),
        ("", ("assess", "a.tif", *FASTER, "--report", "X")),
        (".json", ("batch", "a.tif", "--out-dir", "d", *FASTER, "--report", "X")),
        (".safetensors", ("adapt", "a.tif", "--upscale", 2, "--out", "X", "--steps", 1)),
    ],
)
def test_a_name_that_is_too_long_for_a_draft_is_told_before_the_work(place, ending, words):
    """Not when minutes of learning are to be written."""
    name = "n" * (os.pathconf(place, "PC_NAME_MAX") - len(ending)) + ending
    *_, told = call(*[name if w == "X" else w for w in words], code=1).stderr.splitlines()
    assert "its name is too long for this system" in told
    assert [path.name for path in place.iterdir()] == ["a.tif"]


def test_a_configuration_is_not_waited_for_at_a_pipe_but_read_from_one_that_is_open(place):
    """A shell's `<(...)` and /dev/stdin are open already."""
    os.mkfifo(place / "pipe")
    for words in (("--config", "pipe", "models"), ("benchmark", "pipe", "--out", "out")):
        assert "pipe is a pipe: a configuration is read" in call(*words, code=1).stderr
    assert sorted(path.name for path in place.iterdir()) == ["a.tif", "pipe"]
    reading, writing = os.pipe()
    os.write(writing, b"nonsense = 1")
    os.close(writing)
    assert "nonsense" in call("--config", f"/dev/fd/{reading}", "models", code=1).stderr
    os.close(reading)


def test_names_longer_than_any_file_has_are_told_too():
    name = "n" * 400
    for words in (("info", name), ("batch", name, "--out-dir", "d", *FASTER),
                  ("models", "show", f"{name}.safetensors"), ("--config", name, "models"),
                  ("models", "import", f"{name}.pth")):  # fmt: skip
        assert "unexpected" not in call(*words, code=1).stderr
