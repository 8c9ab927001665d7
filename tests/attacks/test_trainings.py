"""A training says what it was: nothing else goes on with it, and what it held out was held out."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import torch
from commands import bicubic, call, one_line_error, write

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.truecolor import choose_colors, clear_colors
from hsisr_geo.benchmark.data.protocols import check_apart, find_protocol
from hsisr_geo.errors import ModelError, OptionError, OutputError, RasterError
from hsisr_geo.model.training.autoencoder_stage import train_autoencoder
from hsisr_geo.model.training.curve import COLUMNS, curve_path
from hsisr_geo.model.training.denoiser_stage import train_diffusion
from hsisr_geo.model.training.hold_out import split
from hsisr_geo.model.training.optimise import TrainingOptions
from hsisr_geo.model.training.progress_file import progress_path
from hsisr_geo.model.training.training_data import TrainingScene, load_scenes, resampled_bands
from hsisr_geo.resolver.catalogue import model_info
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_header

CONFIG = ModelConfig(
    name="tiny", version="0", upscales=(2,), autoencoder_width=4, components=1, denoiser_width=4,
    denoiser_blocks=1, denoiser_fine_width=4,
)  # fmt: skip


class Stopped(Exception):
    pass


def scene_of(path, seed, bands=4):
    cube = np.random.default_rng(seed).integers(100, 3000, (bands, 56, 56)).astype(np.uint16)
    return write(path, cube, wavelengths=np.linspace(500, 900, bands))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of two scenes."""
    folder = tmp_path_factory.mktemp("scenes")
    for seed, name in enumerate("ab"):
        scene_of(folder / f"{name}.tif", seed)
    return folder


@pytest.fixture
def scenes(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "scenes")


def options_of(scenes, out, **changes):
    options = TrainingOptions(scenes, out, holdout=("b",), steps=4, check_every=2, device="cpu")
    return replace(options, **changes)


def test_a_scene_that_is_there_twice_is_told(scenes, tmp_path):
    """As a GeoTIFF and as ENVI, under one name or two."""
    shutil.copy(scenes / "a.tif", scenes / "c.tif")
    _, lines = train(options_of(scenes, tmp_path / "m.safetensors"))
    assert "warning: a and c are one scene, which counts twice" in lines


def train(options, config=CONFIG, stop=None):
    lines = []

    def log(line):
        lines.append(line)
        if stop and line.startswith(stop):
            raise Stopped

    torch.set_num_threads(1)
    return train_autoencoder(options, config, log=log), lines


def _other_scene(scenes):
    scene_of(scenes / "a.tif", 7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "seed was 0, is 1"),
        ({"steps": 6}, "steps was 4, is 6"),
        ({"learning_rate": 1e-4}, "learning_rate was 0.001, is 0.0001"),
        ({"check_every": 1}, "check_every was 2, is 1"),
        ({"holdout": ()}, "held out was b:"),
        (_other_scene, "scenes was a:"),
        (replace(CONFIG, autoencoder_width=8), "configuration not the same"),
    ],
)
def test_a_training_that_was_another_is_not_resumed(scenes, tmp_path, change, said):
    options, config = options_of(scenes, tmp_path / "m.safetensors"), CONFIG
    with pytest.raises(Stopped):
        train(options, stop="step 4")
    if callable(change):
        change(scenes)
    elif isinstance(change, ModelConfig):
        config = change
    else:
        options = replace(options, **change)
    with pytest.raises(ModelError, match=r"cannot resume .*of another training") as caught:
        train(replace(options, resume=True), config)
    assert said in str(caught.value)
    assert not options.out.exists()


def test_a_diffusion_training_on_other_first_weights_is_not_resumed(scenes, tmp_path):
    first, out = tmp_path / "ae.safetensors", tmp_path / "m.safetensors"
    train(options_of(scenes, first))
    options = options_of(scenes, out, photograph_share=0.0)

    def stop(line):
        if line.startswith("step 4"):
            raise Stopped

    with pytest.raises(Stopped):
        train_diffusion(options, first, log=stop)
    train(options_of(scenes, first, seed=5))
    with pytest.raises(ModelError, match=r"start was .*, is"):
        train_diffusion(replace(options, resume=True), first, log=lambda _: None)


def test_the_loss_goes_on_where_it_was(scenes, tmp_path):
    """The first line after a resume tells the running mean of a training in one go."""
    _, lines = train(options_of(scenes, tmp_path / "a.safetensors"))
    options = options_of(scenes, tmp_path / "b.safetensors")
    with pytest.raises(Stopped):
        train(options, stop="step 4")
    _, again = train(replace(options, resume=True))
    last, resumed = (next(x for x in y if x.startswith("step 4")) for y in (lines, again))
    assert resumed.split("  ")[1] == last.split("  ")[1]


def test_what_is_left_are_model_table_and_card_that_agree(scenes, tmp_path):
    out = tmp_path / "m.safetensors"
    card, lines = train(options_of(scenes, out))
    assert read_header(out).card == card
    assert (card["scenes"], card["held_out"]) == (["a"], ["b"])
    assert card["training"]["seed"] == "0"
    assert "standard deviations of a band" in card["validation"]
    assert any("held-out scenes: error" in line for line in lines)
    assert not progress_path(out).exists()
    with curve_path(out).open() as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == COLUMNS
    assert [row[0] for row in rows] == ["2", "4"]
    assert max(float(row[2]) for row in rows) == pytest.approx(card["best_validation"], rel=1e-4)


def test_the_curve_of_a_resumed_training_is_whole(scenes, tmp_path):
    options = options_of(scenes, tmp_path / "m.safetensors", check_every=1)
    with pytest.raises(Stopped):
        train(options, stop="step 3")
    train(replace(options, resume=True))
    with curve_path(options.out).open() as file:
        assert [row[0] for row in csv.reader(file)] == ["step", "1", "2", "3", "4"]


def in_memory(*names):
    return [
        TrainingScene(name, np.full((1, 2, 2), float(place), np.float32))
        for place, name in enumerate(names)
    ]


def test_one_scene_in_five_is_held_out_by_default():
    held = split(in_memory(*"abcdefghijk"), None)[1]
    assert [scene.name for scene in held] == ["c", "h"]
    assert split(in_memory(*"abcd"), None)[1] == []


def test_a_name_that_no_scene_has_is_an_error():
    with pytest.raises(ModelError, match=r"no scene begins with 'x'.*there are a, b"):
        split(in_memory("a", "b"), ("a", "x"))


def test_a_copy_of_a_training_scene_is_not_held_out(scenes, tmp_path):
    (scenes / "b.tif").unlink()
    (scenes / "b.tif").symlink_to(scenes / "a.tif")
    with pytest.raises(ModelError, match="scene b is held out, and has the pixels of a"):
        train(options_of(scenes, tmp_path / "m.safetensors"))


def test_a_place_where_no_model_can_be_written(scenes, tmp_path):
    with pytest.raises(OutputError, match="there is no folder"):
        train(options_of(scenes, tmp_path / "none" / "m.safetensors"))
    with pytest.raises(OutputError, match="is a folder"):
        train(options_of(scenes, tmp_path))


@pytest.mark.parametrize("bands", [1, 2])
def test_scenes_of_one_band_and_of_two(tmp_path, bands):
    for seed, name in enumerate("ab"):
        scene_of(tmp_path / f"{name}.tif", seed, bands)
    first, out = tmp_path / "ae.safetensors", tmp_path / "m.safetensors"
    train(options_of(tmp_path, first))
    card = train_diffusion(options_of(tmp_path, out), first, log=lambda _: None)
    assert np.isfinite(card["best_validation"])


def test_no_other_sensor_is_without_bands():
    for bands in (1, 2, 3):
        for seed in range(60):
            seen = resampled_bands(np.ones((bands, 2, 2), np.float32), np.random.default_rng(seed))
            assert len(seen) >= 1
            assert (seen == 1).all()


def test_a_constant_scene_teaches_nothing(tmp_path):
    write(tmp_path / "a.tif", np.full((3, 40, 40), 7, np.uint16))
    with pytest.raises(RasterError, match="there is nothing to learn"):
        load_scenes(tmp_path)


def test_the_command_draws_the_curve(scenes, tmp_path):
    out = tmp_path / "m.safetensors"
    options = ["--steps", 2, "--check-every", 1, "--device", "cpu", "--upscale", 2]
    said = call("train", "autoencoder", scenes, out, *options, "--no-holdout").stderr
    assert "no scene is held out" in said
    assert (tmp_path / "m.training.png").read_bytes().startswith(b"\x89PNG")
    assert curve_path(out).exists()
    options.append("--overwrite")
    told = call("train", "autoencoder", scenes, out, *options, "--holdout", "x", code=1)
    assert "no scene begins with 'x'" in one_line_error(told)
    call("train", "autoencoder", scenes, out, *options, "--holdout", "a", "--no-holdout", code=2)


def test_copies_of_training_scenes_are_not_scored(whole, tmp_path):
    """Nor links to them; scenes of one size that differ are."""
    train, test = tmp_path / "train", tmp_path / "test"
    shutil.copytree(whole, train)
    test.mkdir()
    scene_of(test / "c.tif", 9)
    check_apart(find_protocol("sspsr"), train, test)
    shutil.copy(train / "a.tif", test / "x.tif")
    with pytest.raises(OptionError, match=r"x\.tif, to be tested on, has the content of .*a\.tif"):
        check_apart(find_protocol("sspsr"), train, test)
    (test / "x.tif").unlink()
    (test / "y.tif").symlink_to(train / "b.tif")
    with pytest.raises(OptionError, match=r"y\.tif, to be tested on, has the content of .*b\.tif"):
        check_apart(find_protocol("sspsr"), train, test)


@pytest.mark.parametrize("form", [{"driver": "ENVI"}, {"driver": "GTiff", "compress": "deflate"}])
def test_copies_in_another_format_are_not_scored(whole, tmp_path, form):
    test = tmp_path / "test"
    test.mkdir()
    scene_of(test / "c.tif", 9)
    with rasterio.open(whole / "a.tif") as dataset:
        profile = {**dataset.profile, **form}
        with rasterio.open(test / "x.tif", "w", **profile) as copy:
            copy.write(dataset.read())
    with pytest.raises(OptionError, match=r"x\.tif, to be tested on, has the content of .*a\.tif"):
        check_apart(find_protocol("sspsr"), whole, test)


def test_an_autoencoder_alone_says_that_it_is_one(scenes, tmp_path):
    out = tmp_path / "ae.safetensors"
    train(options_of(scenes, out, steps=1))
    said = call("models", "show", out).stdout
    assert said.startswith("an autoencoder alone: it super-resolves nothing")
    assert "upscales:" not in said
    assert model_info("default").complete


def test_false_colour_takes_no_band_of_noise():
    rng = np.random.default_rng(0)
    cube = rng.random((1, 12, 12)).cumsum(axis=2).repeat(24, axis=0)
    bands = Bands((Band(),) * 24)
    noisy = choose_colors(bands).bands
    cube[list(noisy)] = rng.random((3, 12, 12))
    assert not set(clear_colors(bands, cube).bands) & set(noisy)


def test_a_result_or_classes_in_the_folder_are_no_scene_to_learn_from(scenes, tmp_path):
    """The finer a.tif would be held out beside a.tif, or what a network made be learned again."""
    bicubic(scenes / "a.tif", scenes / "c.tif")
    with pytest.raises(RasterError, match=r"c\.tif is a result, made by bicubic from a\.tif, and"):
        train(options_of(scenes, tmp_path / "m.safetensors"))
    (scenes / "c.tif").unlink()
    write(scenes / "d.tif", np.full((1, 56, 56), 3, np.uint8))
    with rasterio.open(scenes / "d.tif", "r+") as dataset:
        dataset.write_colormap(1, {3: (1, 2, 3, 255)})
    with pytest.raises(RasterError, match=r"d\.tif holds classes or codes"):
        train(options_of(scenes, tmp_path / "m.safetensors"))
