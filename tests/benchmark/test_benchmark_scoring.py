"""Scores by each protocol: bicubic's are known, metrics by hand, what is kept, who takes what."""

import json
from dataclasses import replace
from math import log10, sqrt
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from hsisr_geo.benchmark.data.crops import pick_evenly
from hsisr_geo.benchmark.data.imresize import imresize
from hsisr_geo.benchmark.data.protocols import DMGASR, PRODUCT, SSPSR
from hsisr_geo.benchmark.scores import score as module
from hsisr_geo.benchmark.scores.score import score
from hsisr_geo.benchmark.systems.resolver.resolver import SystemResolver
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.errors import ModelError, RasterError
from hsisr_geo.metrics import spectral_angle_deg
from hsisr_geo.model.back_projection import interpolate
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.system_config import SystemConfig

QUALITY = Path(__file__).resolve().parents[2] / "docs" / "quality.json"
COPIES = {"mpsnr": "psnr", "mssim": "ssim", "sam": "sam", "ergas": "ergas", "cc": "cc"}


class Squares(Regressor):
    """Bicubic and a little of its square: what it answers depends on how values are scaled."""

    reach = 2

    def __init__(self, bands, upscale):
        super().__init__(bands, upscale)
        self.share = torch.nn.Parameter(torch.tensor(0.1), requires_grad=False)

    def forward(self, lr: Tensor) -> Tensor:
        x = interpolate(lr, self.upscale)
        return x + self.share * x * x

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        return (sr - hr).abs().mean()


def system(bands, upscale):
    """Return the system as a resolver, as if it had come from a file."""
    config = SystemConfig("squares", "1", (upscale,), "edsr", bands, {})
    return SystemResolver(
        Squares(bands, upscale), config, "0" * 64, BicubicResolver(upscale).degradation
    )


@pytest.fixture
def loaded(monkeypatch):
    """Let every model be a given resolver, built for so many bands."""

    def give(resolver, built_for):
        monkeypatch.setattr(module, "load_resolver", lambda *_, **__: resolver)
        monkeypatch.setattr(module, "built_for", lambda _: built_for)

    return give


@pytest.fixture
def mat(tmp_path):
    """A scene (5, 70, 90) in a `.mat` file, and its cube."""
    rng = np.random.default_rng(0)
    cube = imresize(rng.uniform(100, 4000, (5, 14, 18)), (70, 90)).astype(np.float32)
    path = tmp_path / "made.mat"
    with h5py.File(path, "w") as file:
        file["ref"] = cube.transpose(0, 2, 1)
    return path, cube


def test_bicubic_by_the_products_protocol_is_that_of_the_quality_page(scenes):
    if not scenes.real:
        pytest.skip("needs the real scenes")
    known = [r for r in json.loads(QUALITY.read_text()) if r["method"] == "bicubic"]
    for name, upscale in (("muufl_90x90", 4), ("san_diego", 3)):
        (row,) = score(
            "bicubic",
            upscale=upscale,
            protocol=PRODUCT,
            test=scenes.root / "val" / f"{name}.tif",
            bands=None,
        )
        (told,) = [r for r in known if (r["scene"], r["upscale"]) == (name, upscale)]
        assert (row.scene, row.upscale, row.bands) == (name, upscale, "all")
        # The page was made on one processor; another rounds the result's float32 otherwise, by
        # 6e-8 of a value, of which the errors that scores sum are a tenth or so.
        for ours, theirs in COPIES.items():
            assert getattr(row, ours) == pytest.approx(told[theirs], rel=1e-6)
        assert row.rmse * row.data_range == pytest.approx(told["rmse"], rel=1e-6)
        assert row.ergas_true == row.ergas


def test_what_takes_any_bands_is_scored_on_the_picked_and_on_all_twice_alike(scenes):
    rows = score("bicubic", upscale=2, protocol=PRODUCT, test=scenes.san_diego, bands=12)
    assert [r.bands for r in rows] == ["12", "all"]
    assert rows[0].mpsnr != rows[1].mpsnr
    again = score("bicubic", upscale=2, protocol=PRODUCT, test=scenes.san_diego, bands=12)
    fewer = score(
        "bicubic",
        upscale=2,
        protocol=PRODUCT,
        test=scenes.san_diego,
        bands=12,
        all_bands=False,
    )
    assert fewer == [row for row in rows if row.bands == "12"]
    assert again == rows


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_dmgasr_by_hand(mat, upscale):
    """Crops are scaled by their own extremes, cut to multiples, clipped; ERGAS has ratio 4."""
    path, cube = mat
    rows, cols = 70 // upscale * upscale, 90 // upscale * upscale
    truth = ((cube - cube.min()) / (cube.max() - cube.min()))[:, :rows, :cols]
    coarse = imresize(truth, (rows // upscale, cols // upscale)).clip(0, 1)
    fine = imresize(coarse, (rows, cols)).clip(0, 1)
    (row,) = score("bicubic", upscale=upscale, protocol=DMGASR, test=path, bands=None)
    mse = ((fine - truth).astype(float) ** 2).mean(axis=(1, 2))
    assert row.mpsnr == pytest.approx(np.mean([10 * log10(1 / m) for m in mse]), rel=1e-5)
    assert row.rmse == pytest.approx(sqrt(mse.mean()), rel=1e-5)
    relative = sqrt(np.mean(mse / truth.mean(axis=(1, 2), dtype=float) ** 2))
    assert row.ergas == pytest.approx(100 / 4 * relative, rel=1e-5)
    assert row.ergas_true == pytest.approx(100 / upscale * relative, rel=1e-5)
    assert row.sam == pytest.approx(spectral_angle_deg(fine, truth), rel=1e-5)
    correlation = [
        np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(fine, truth, strict=True)
    ]
    assert row.cc == pytest.approx(np.mean(correlation), rel=1e-5)
    assert (row.data_range, row.scene) == (1.0, "made")


def test_sspsr_divides_by_the_maximum_and_clips_nothing(mat, tmp_path):
    path, cube = mat
    score("bicubic", upscale=2, protocol=SSPSR, test=path, bands=None, keep=tmp_path / "kept")
    truth, made = (np.load(tmp_path / d / "made-x2.npy") for d in ("truth", "kept"))
    np.testing.assert_allclose(truth, cube / cube.max(), rtol=1e-6)
    np.testing.assert_allclose(made, imresize(imresize(truth, (35, 45)), (70, 90)), atol=1e-6)
    assert made.max() > 1


@pytest.mark.parametrize("protocol", [DMGASR, SSPSR])
def test_a_system_gets_the_values_as_the_protocol_scaled_them(mat, loaded, tmp_path, protocol):
    """Divided once more by the scene's own scale, it would answer something else."""
    path, _ = mat
    loaded(system(5, 2), 5)
    score("x", upscale=2, protocol=protocol, test=path, bands=5, keep=tmp_path / "kept")
    truth, made = (np.load(tmp_path / d / "made-x2.npy") for d in ("truth", "kept"))
    lr = imresize(truth, (35, 45))
    if protocol.clip:
        lr = lr.clip(0, 1)
    x = interpolate(torch.from_numpy(lr)[None], 2)[0].numpy()
    wanted = x + 0.1 * x * x
    np.testing.assert_allclose(made, wanted.clip(0, 1) if protocol.clip else wanted, atol=1e-5)


def test_results_and_truth_of_the_picked_bands_are_kept(scenes, tmp_path):
    keep = tmp_path / "cubes" / "bicubic-x2-seed0"
    rows = score("bicubic", upscale=2, protocol=PRODUCT, test=scenes.san_diego, bands=9, keep=keep)
    made = np.load(keep / "san_diego-x2.npy")
    truth = np.load(keep.parent / "truth" / "san_diego-x2.npy")
    assert made.shape == truth.shape
    assert (made.dtype, truth.dtype, len(made)) == (np.float32, np.float32, 9)
    error = sqrt(np.mean((made.astype(float) - truth) ** 2))
    assert error == pytest.approx(rows[0].rmse * rows[0].data_range, rel=1e-6)
    told = json.loads((keep.parent / "truth" / "san_diego-x2.json").read_text())
    raster = open_raster(scenes.san_diego)
    bands = pick_evenly(raster.bands.good_by_wavelength, 9)
    assert told["wavelengths_nm"] == [raster.bands[i].wavelength_nm for i in bands]
    assert sorted(p.name for p in keep.parent.rglob("*") if p.is_file()) == [
        "san_diego-x2.json",
        "san_diego-x2.npy",
        "san_diego-x2.npy",
    ]


def test_a_system_of_fixed_bands_is_scored_on_these_only(scenes, loaded):
    loaded(system(12, 2), 12)
    ask = {"upscale": 2, "protocol": PRODUCT, "test": scenes.san_diego}
    assert [r.bands for r in score("x", bands=12, **ask)] == ["12"]
    assert [r.bands for r in score("x", bands=None, **ask)] == ["12"]
    with pytest.raises(ModelError, match="takes 12 bands, not 20"):
        score("x", bands=20, **ask)


def test_all_bands_of_a_scene_are_called_so(mat, loaded):
    loaded(system(5, 2), 5)
    (row,) = score("x", upscale=2, protocol=DMGASR, test=mat[0], bands=None)
    assert row.bands == "all"


def test_a_matlab_file_goes_through_the_pipeline_in_its_own_type(mat, tmp_path):
    """Rounded to whole numbers, as a coarser sensor's would be: another score than of fractions."""
    _, cube = mat
    whole = tmp_path / "whole.mat"
    with h5py.File(whole, "w") as file:
        file["ref"] = np.rint(cube).clip(0).astype(np.uint16).transpose(0, 2, 1)
    fraction = tmp_path / "fraction.mat"
    with h5py.File(fraction, "w") as file:
        file["ref"] = np.rint(cube).clip(0).transpose(0, 2, 1)
    a, b = (
        score("bicubic", upscale=2, protocol=PRODUCT, test=p, bands=None)[0]
        for p in (whole, fraction)
    )
    assert a.mpsnr != b.mpsnr
    assert a.mpsnr == pytest.approx(b.mpsnr, abs=0.5)


def test_a_scene_too_small_or_with_too_few_bands_is_told(mat):
    with pytest.raises(RasterError, match=r"made\.mat: 5 usable bands, where 60"):
        score("bicubic", upscale=2, protocol=PRODUCT, test=mat[0], bands=60)
    small = replace(DMGASR, crop=12)
    with pytest.raises(RasterError, match=r"12 x 12 rows and columns are too few"):
        score("bicubic", upscale=2, protocol=small, test=mat[0], bands=None)
    with pytest.raises(ModelError):
        score("no such model", upscale=2, protocol=DMGASR, test=mat[0], bands=None)
