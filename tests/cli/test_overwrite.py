"""What a command writes replaces nothing, unless `--overwrite` is given: one rule for all."""

from pathlib import Path

import pytest
from commands import call, pixels, write, write_model

from hsisr_geo.files import drafted

MINE = b"somebody's"
FASTER = ("--upscale", 2, "--model", "bicubic")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("o.tif", ("run", "a.tif", "o.tif", *FASTER)),
        ("s.tif", ("run", "a.tif", "o.tif", "--upscale", 2, "--uncertainty", "s.tif")),
        ("o.stac.json", ("run", "a.tif", "o.tif", *FASTER, "--stac")),
        ("o.tif", ("index", "a.tif", "--sigma", "b.tif", "--index", "ndvi", "--out", "o.tif")),
        ("o.png", ("show", "a.tif", "--out", "o.png")),
        ("a.show.png", ("show", "a.tif")),
        ("o.svg", ("psf", "a.tif", "--plot", "o.svg")),
        ("o", ("assess", "a.tif", *FASTER, "--report", "o")),
        ("r.csv", ("batch", "a.tif", "--out-dir", "d", *FASTER, "--report", "r.csv")),
        ("o.safetensors", ("adapt", "a.tif", "--upscale", 2, "--out", "o.safetensors")),
        ("o.safetensors", ("models", "import", "x.pth", "--out", "o.safetensors")),
        ("o.safetensors", ("train", "autoencoder", ".", "o.safetensors")),
        ("o.safetensors", ("train", "diffusion", ".", "o.safetensors", "--autoencoder", "m")),
    ],
)
def test_a_file_that_is_there_stays(tmp_path, monkeypatch, name, words):
    monkeypatch.chdir(tmp_path)
    for scene in ("a.tif", "b.tif"):
        write(tmp_path / scene, pixels(), wavelengths=[550, 670, 800, 860])
    for there in (name, "x.pth"):
        (tmp_path / there).write_bytes(MINE)
    before = sorted(tmp_path.iterdir())
    *_, told = call(*words, code=1).stderr.splitlines()
    assert told.startswith("hsisr-geo: error: ")
    assert f"{name} " in told
    assert "exists" in told or "is a file: name a folder" in told
    assert (tmp_path / name).read_bytes() == MINE
    assert sorted(tmp_path.iterdir()) == before


def test_what_gdal_calls_a_file_is_none(tmp_path):
    source = write(tmp_path / "a.tif", pixels())
    for words in (("psf", source, "--plot"), ("show", source, "--out")):
        told = call(*words, "/vsimem/none/o.png", code=1).stderr
        assert "/vsimem/none/o.png: what is written is a plain file: name one" in told
    assert not Path("/vsimem").exists()


def test_a_plot_that_is_there_is_replaced_with_overwrite_and_a_link_stays_one(tmp_path):
    source = write(tmp_path / "a.tif", pixels())
    (tmp_path / "there").mkdir()
    (plot := tmp_path / "there/p.svg").write_bytes(MINE)
    (link := tmp_path / "p.svg").symlink_to(plot)
    call("psf", source, "--plot", link, "--overwrite")
    assert link.is_symlink()
    assert b"<svg" in plot.read_bytes()


def test_a_link_to_a_model_stays_a_link(tmp_path):
    model = write_model(tmp_path / "of-today.safetensors")
    (link := tmp_path / "mine.safetensors").symlink_to(model.name)
    with drafted(link) as draft:
        draft.write_bytes(b"newer")
    assert link.is_symlink()
    assert model.read_bytes() == b"newer"
