"""What a group autoencoder loses, measured by hand and by its model file."""

import json

import numpy as np
import pytest
import torch

from hsisr_geo.benchmark.data.protocols import DMGASR, PRODUCT
from hsisr_geo.benchmark.scores.group_sizes import measure_groups
from hsisr_geo.benchmark.systems.build import build
from hsisr_geo.benchmark.systems.checkpoint import save_system
from hsisr_geo.benchmark.systems.resolver.reconstruction import load_reconstructor
from hsisr_geo.errors import ModelError, RasterError
from hsisr_geo.metrics import evaluate
from hsisr_geo.resolver.system_config import SystemConfig

TINY = {
    "width": 8, "blocks": 1, "global_width": 8, "global_blocks": 1, "group_size": 6,
    "group_overlap": 2, "unet_width": 8,
}  # fmt: skip


def model(path, architecture="dmgasr", bands=10, **settings):
    torch.manual_seed(0)
    config = SystemConfig("tiny", "1", (2,), architecture, bands, settings)
    save_system(path, build(config), config, {})
    return path


def cubes(folder):
    rng = np.random.default_rng(3)
    found = {name: rng.random((10, 12, 8), np.float32) * 900 for name in ("field", "town")}
    for name, cube in found.items():
        np.save(folder / f"{name}-x2.npy", cube)
    return found


def test_reconstruction_is_scored_in_units_of_the_peak(tmp_path):
    found = cubes(tmp_path)
    reconstructor = load_reconstructor(model(tmp_path / "m.safetensors", **TINY), device="cpu")
    cube = found["town"]
    peak = np.quantile(cube, 0.999)
    with torch.no_grad():
        made = reconstructor.autoencoder(torch.from_numpy(cube / peak)[None].float())[0].numpy()
    expected = evaluate(made * peak, cube, upscale=None).mpsnr
    assert reconstructor.psnr(cube) == pytest.approx(expected, abs=1e-3)
    assert reconstructor.psnr(cube * 7) == pytest.approx(expected, abs=1e-3)


def test_what_a_protocol_has_scaled_is_not_scaled_again(tmp_path):
    path = model(tmp_path / "m.safetensors", **TINY)
    cube = np.random.default_rng(5).random((10, 12, 8), np.float32) / 2
    np.save(tmp_path / "crop-x2.npy", cube)
    found = measure_groups(path, tmp_path, upscale=2, protocol=DMGASR, bands=10, sizes=())
    with torch.no_grad():
        reconstructor = load_reconstructor(path, device="cpu")
        made = reconstructor.autoencoder(torch.from_numpy(cube)[None])[0].numpy()
    expected = evaluate(made, cube, upscale=None, data_range=1).mpsnr
    assert found.psnr == pytest.approx(expected, abs=1e-3)


def test_a_record_has_groups_loss_and_seconds(tmp_path):
    cubes(tmp_path)
    path = model(tmp_path / "m.safetensors", **TINY)
    found = measure_groups(
        path, tmp_path, upscale=2, protocol=PRODUCT, bands=10, device="cpu", sizes=(32,)
    )
    record = json.loads(json.dumps(found.record()))
    assert (record["group"], record["overlap"]) == (6, 2)
    assert record["psnr"] == pytest.approx(np.mean(list(record["scenes"].values())))
    assert set(record["scenes"]) == {"field", "town"}
    assert record["timings"][0]["size"] == 32


def test_without_truth_there_is_nothing_to_reconstruct(tmp_path):
    path = model(tmp_path / "m.safetensors", **TINY)
    with pytest.raises(RasterError, match="upscale 3"):
        measure_groups(path, tmp_path, upscale=3, protocol=PRODUCT, bands=10)


def test_other_systems_and_other_bands_are_refused(tmp_path):
    edsr = model(tmp_path / "e.safetensors", "edsr", width=8, blocks=1)
    with pytest.raises(ModelError, match="no group autoencoder"):
        load_reconstructor(edsr)
    reconstructor = load_reconstructor(model(tmp_path / "m.safetensors", **TINY), device="cpu")
    with pytest.raises(ModelError, match="10 bands"):
        reconstructor.psnr(np.ones((7, 4, 4), np.float32))
