"""A training that was stopped leaves what agrees, and goes on with what it may go on with."""

import errno
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio
import torch
from attacks.test_trainings import CONFIG, Stopped, options_of, scene_of, train
from commands import call, one_line_error
from safetensors.torch import load_file

from hsisr_geo.errors import Canceled, ModelError, OutputError
from hsisr_geo.model.training.autoencoder_stage import train_autoencoder
from hsisr_geo.model.training.curve import curve_path, unfinished_path
from hsisr_geo.model.training.optimise import adam
from hsisr_geo.model.training.progress_file import progress_path


@pytest.fixture
def options(tmp_path):
    """Of a training of 4 steps, stopped after its first check at the second."""
    (tmp_path / "scenes").mkdir()
    for seed, name in enumerate("ab"):
        scene_of(tmp_path / "scenes" / f"{name}.tif", seed)
    options = options_of(tmp_path / "scenes", tmp_path / "m.safetensors")
    with pytest.raises(Stopped):
        train(options, stop="step 4")
    return replace(options, resume=True)


def rewritten(path, **changes):
    with rasterio.open(path) as dataset:
        pixels, profile = dataset.read(), dataset.profile | changes
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels.astype(profile["dtype"]))


@pytest.mark.parametrize("changes", [{"dtype": "float32"}, {"nodata": 7}])
def test_scenes_that_are_rounded_otherwise_are_others(options, changes):
    """Their pixels are the same, those of what they are degraded to are not."""
    rewritten(options.scenes / "a.tif", **changes)
    with pytest.raises(ModelError, match=r"of another training: scenes was a:.*, is a:"):
        train(options)


def test_changes_that_change_no_weights_are_let_through(options, tmp_path):
    whole = replace(options, out=tmp_path / "whole.safetensors", resume=False)
    train(whole)
    rewritten(options.scenes / "a.tif", compress="deflate", crs="EPSG:32634")
    (options.scenes / "readme.txt").write_text("of a field campaign")
    moved = options.scenes.rename(tmp_path / "moved")
    unfinished_path(options.out).write_text("step\nx,y\n")  # a spreadsheet was at it
    train(replace(options, scenes=moved), replace(CONFIG, name="other", version="2"))
    ours, theirs = load_file(options.out), load_file(whole.out)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    curves = (curve_path(out).read_text().split() for out in (options.out, whole.out))
    first, second = ([row.split(",")[:3] for row in curve] for curve in curves)
    assert first == second


def test_a_bit_that_flipped_in_the_progress_is_told(options):
    path = progress_path(options.out)
    damaged = bytearray(path.read_bytes())
    damaged[-9] ^= 64
    path.write_bytes(damaged)
    with pytest.raises(ModelError, match="it is damaged: its checksum is another; delete it"):
        train(options)


def test_an_older_model_keeps_its_own_curve_until_it_is_replaced(options):
    """Whatever the new training has noted by then; and what is stopped at once changes nothing."""
    train(options)
    picture = curve_path(options.out).with_suffix(".png")
    picture.write_bytes(b"of the first")
    family = {path: path.read_bytes() for path in options.out.parent.glob("m.*")}
    assert len(family) == 3
    again = replace(options, seed=1, resume=False, check_every=1)
    for moment in ("held out", "step 4"):
        with pytest.raises(Stopped):
            train(again, stop=moment)
        assert {path: path.read_bytes() for path in family} == family
    assert len(unfinished_path(options.out).read_text().split()) == 4
    card, _ = train(replace(again, resume=True))
    assert not picture.exists()
    assert str(card["best_validation"])[:6] in curve_path(options.out).read_text()
    left = sorted(path.name for path in options.out.parent.glob("*m.*"))
    assert left == ["m.safetensors", "m.training.csv"]


def test_a_canceled_training_says_what_is_kept(options):
    lines = []

    def log(line):
        lines.append(line)
        if line.startswith("step 4"):
            raise Canceled("canceled by SIGTERM")

    with pytest.raises(Canceled):
        train_autoencoder(options, CONFIG, log=log)
    assert lines[-1].endswith("m.progress.safetensors: --resume goes on with it")
    progress_path(options.out).unlink()
    assert "starting at the first step" in " ".join(train(options)[1])


@pytest.fixture
def full(monkeypatch):
    """Let a disk take no file whose name begins so."""

    def of(name):
        real = Path.write_bytes

        def write_bytes(path, content):
            if path.name.startswith(name):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(path, content)

        monkeypatch.setattr(Path, "write_bytes", write_bytes)
        return pytest.raises(OutputError, match="cannot be written: No space left")

    return of


def test_a_training_whose_progress_does_not_fit_leaves_nothing(options, full):
    for path in (progress_path(options.out), unfinished_path(options.out)):
        path.unlink()
    with full(".m.progress.safetensors"):
        train(replace(options, resume=False))
    assert [path.name for path in options.out.parent.iterdir()] == ["scenes"]


def test_an_older_model_keeps_what_lies_beside_it_where_there_is_no_room(
    options, full, monkeypatch
):
    train(options)
    curve_path(options.out).with_suffix(".png").write_bytes(b"of the first")
    family = {path: path.read_bytes() for path in options.out.parent.glob("m.*")}
    again = replace(options, seed=1, resume=False)
    with monkeypatch.context(), full(".m.safetensors"):
        train(again)
    assert {path: path.read_bytes() for path in family} == family
    monkeypatch.undo()
    _, lines = train(replace(again, resume=True))
    assert not any(line.startswith("step") for line in lines)  # all of it was kept
    assert sorted(p.name for p in options.out.parent.glob("m.*")) == sorted(
        path.name for path in family if path.suffix != ".png"
    )


def test_no_folder_for_compiled_code_stays_unless_somebody_named_it(tmp_path, monkeypatch):
    """torch makes it when it is first asked for an optimiser: here that is played again."""
    folders = pytest.importorskip("torch._inductor.runtime.cache_dir_utils")
    real, named = torch.optim.Adam, tmp_path / "named"

    def first(*given, **how):
        folders.cache_dir()
        return real(*given, **how)

    monkeypatch.setattr(torch.optim, "Adam", first)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(named))
    adam([torch.nn.Parameter(torch.zeros(1))], 1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["named"]
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    adam([torch.nn.Parameter(torch.zeros(1))], 1e-3)
    assert "torchinductor_" in os.environ["TORCHINDUCTOR_CACHE_DIR"]
    assert [path.name for path in tmp_path.iterdir()] == ["named"]


def test_two_trainings_of_one_model_file_are_one(options):
    def log(line):
        if line.startswith("step"):
            train(options)

    with pytest.raises(OutputError, match="another run is writing it"):
        train_autoencoder(options, CONFIG, log=log)


def test_no_scene_is_replaced_by_a_model(options):
    before = (options.scenes / "a.tif").read_bytes()
    out = options.scenes / "a.tif"
    told = call(
        "train", "autoencoder", options.scenes, out, "--steps", 1, "--device", "cpu", code=1
    )
    assert "a.tif: a model file has the ending .safetensors" in one_line_error(told)
    assert out.read_bytes() == before
