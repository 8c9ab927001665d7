"""Training: it learns, it is repeatable, and a resumed run gives the weights of a whole one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from safetensors.torch import load_file

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import decode
from hsisr_geo.errors import HsisrError
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.model.training.autoencoder_stage import train_autoencoder
from hsisr_geo.model.training.denoiser_stage import train_diffusion
from hsisr_geo.model.training.optimise import TrainingOptions
from hsisr_geo.model.training.training_data import TrainingScene, degraded_pair
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_header

CONFIG = ModelConfig(
    name="tiny",
    version="0",
    upscales=(2,),
    autoencoder_width=8,
    components=3,
    denoiser_width=8,
    denoiser_blocks=1,
    denoiser_fine_width=4,
)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of smooth spectra, not the same ones, on rough ground, 56x56 pixels, 20 bands."""
    folder = tmp_path_factory.mktemp("scenes")
    rng = np.random.default_rng(0)
    for name, bends in (("a", 3), ("b", 4)):
        spectra = np.stack([np.linspace(1, 3, 20), np.sin(np.linspace(0, bends, 20)), np.ones(20)])
        ground = rng.random((3, 14, 14)).repeat(4, axis=1).repeat(4, axis=2)
        cube = np.tensordot(spectra.T, ground, axes=1) * 1000
        profile = {"driver": "GTiff", "dtype": "uint16", "count": 20, "height": 56, "width": 56}
        with rasterio.open(folder / f"{name}.tif", "w", **profile) as sink:
            sink.write(cube.astype("uint16"))
    return folder


def _options(scenes: Path, out: Path, **changes: object) -> TrainingOptions:
    options = TrainingOptions(scenes, out, holdout=("b",), steps=20, check_every=10, device="cpu")
    return replace(options, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def autoencoder(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "ae.safetensors"
    train_autoencoder(_options(scenes, out, steps=60), CONFIG, log=lambda _: None)
    return out


def test_the_autoencoder_learns_and_says_what_it_saw(autoencoder: Path) -> None:
    header = read_header(autoencoder)
    assert header.card["scenes"] == ["a"]
    assert header.card["steps"] == 60
    assert header.config.sigma_y == ()


def test_the_diffusion_stage_completes_the_model(
    scenes: Path, autoencoder: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    out = tmp_path / "model.safetensors"
    train_diffusion(_options(scenes, out), autoencoder, log=lines.append)
    header = read_header(out)
    assert len(header.config.sigma_y) == 1
    assert header.config.sigma_y[0] > 0
    assert header.card["held_out"] == ["b"]
    assert any("held-out" in line for line in lines)
    before, after = load_file(autoencoder), load_file(out)
    frozen = [k for k in before if k.startswith("autoencoder.")]
    assert all(torch.equal(before[k], after[k]) for k in frozen)
    assert not torch.equal(before["denoiser.tail.weight"], after["denoiser.tail.weight"])


def test_a_resumed_run_gives_the_weights_of_a_whole_one(
    scenes: Path, autoencoder: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    train_diffusion(_options(scenes, whole), autoencoder, log=lambda _: None)

    class Stopped(Exception):
        pass

    def stop_after_ten(line: str) -> None:
        if line.startswith("step 20"):
            raise Stopped

    with pytest.raises(Stopped):
        train_diffusion(_options(scenes, parts), autoencoder, log=stop_after_ten)
    assert not parts.exists()
    resumed = _options(scenes, parts, resume=True)
    train_diffusion(resumed, autoencoder, log=lambda _: None)
    first, second = load_file(whole), load_file(parts)
    assert all(torch.equal(first[k], second[k]) for k in first)


def test_with_nothing_held_out_the_latest_weights_are_written(
    scenes: Path, autoencoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model.safetensors"
    card = train_diffusion(_options(scenes, out, holdout=()), autoencoder, log=lambda _: None)
    assert card["best_validation"] is None
    before, after = load_file(autoencoder), load_file(out)
    assert not torch.equal(before["denoiser.tail.weight"], after["denoiser.tail.weight"])


def test_photographs_take_part(scenes: Path, autoencoder: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    image = np.random.default_rng(0).integers(0, 255, (200, 240, 3), np.uint8)
    np.save(photos / "one.npy", image)
    out = tmp_path / "model.safetensors"
    options = _options(scenes, out, photographs=photos, steps=3, check_every=3)
    train_diffusion(options, autoencoder, log=lambda _: None)
    assert read_header(out).card["photographs"] == 1


def test_nothing_to_train_on_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(HsisrError, match="no scenes"):
        train_autoencoder(_options(tmp_path, tmp_path / "x.safetensors"), CONFIG)


def test_all_scenes_held_out_is_a_clear_error(scenes: Path, tmp_path: Path) -> None:
    options = _options(scenes, tmp_path / "x.safetensors", holdout=("a", "b"))
    with pytest.raises(HsisrError, match="held out"):
        train_autoencoder(options, CONFIG)


def test_a_scene_is_degraded_to_what_its_file_can_store() -> None:
    """Reflectance from 0 to 1 in steps of 1e-4 is rounded to these, not to 0 and 1."""
    rng = np.random.default_rng(3)
    bands = Bands((Band(scale=1e-4, offset=0.02),) * 3)
    dn = rng.integers(0, 9999, (3, 16, 16)).astype("uint16")
    scene = TrainingScene("reflectance", decode(dn, bands), bands, "uint16")
    pair = degraded_pair(scene, 2)
    exact = degraded_pair(replace(scene, bands=None), 2).lr
    error = (pair.lr - exact).abs().max()
    assert 0 < error <= 0.51e-4
    steps = (pair.lr.numpy().astype(np.float64) - 0.02) / 1e-4
    np.testing.assert_allclose(steps, steps.round(), atol=1e-3)


def test_factors_of_other_weights_are_not_kept(
    scenes: Path, autoencoder: Path, tmp_path: Path
) -> None:
    """Gains and calibration were measured on the weights that a training starts from."""
    network, header = load_network(autoencoder)
    factors = dict.fromkeys(("shrinkage", "shading", "colour", "spread"), (0.5,))
    measured = replace(header.config, sigma_y=(1.0,), **factors)
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    save_network(start, network, measured, header.card)
    train_diffusion(_options(scenes, out, steps=1), start, log=lambda _: None)
    assert read_header(out).config == replace(measured, **dict.fromkeys(factors, ()))
