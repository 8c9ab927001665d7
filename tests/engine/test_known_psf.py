"""A declared PSF through the whole product: tiling, bounds, consistency, provenance, errors."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import bicubic, call, one_line_error, pixels, write, write_model
from rasterio.windows import Window
from scenes import Scenes

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.degradation import named
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.metrics import evaluate
from hsisr_geo.model.training.training_data import TrainingScene, degraded_pair
from hsisr_geo.resolver.load import load_resolver

WIDE = "gaussian:0.005"  # reaches five input pixels, more than the ramps do


@pytest.fixture(scope="module")
def strip(scenes: Scenes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut a piece of the EnMAP mosaic, with holes: 40 x 64 pixels, every twentieth band."""
    path = tmp_path_factory.mktemp("strip") / "strip.tif"
    window = Window(70, 60, 40, 64)
    with rasterio.open(scenes.mosaic) as source:
        indices = list(range(1, source.count + 1, 20))
        profile = source.profile | {"count": len(indices), "height": 64, "width": 40}
        profile["transform"] = source.transform @ Affine.translation(70, 60)
        with rasterio.open(path, "w", **profile) as sink:
            sink.write(source.read(indices, window=window))
    return path


def run(src: Path, dst: Path, *, psf=None, consistency=True, model="default", **options):
    resolver = load_resolver(model, upscale=2, device="cpu", psf=psf, consistency=consistency)
    report = super_resolve(src, dst, resolver=resolver, **options)
    with rasterio.open(dst) as dataset:
        return dataset.read(), report


def tags(path: Path) -> dict[str, str]:
    with rasterio.open(path) as dataset:
        return {k: v for k, v in dataset.tags().items() if k.startswith("HSISR_")}


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a measured-looking kernel: a motion along a diagonal, no product of two lines."""
    y, x = np.mgrid[:14, :14] - 6.5
    kernel = np.exp(-0.3 * (x**2 + y**2 - 1.2 * x * y)) + 0.01 * np.exp(-0.02 * (x**2 + y**2))
    path = tmp_path_factory.mktemp("kernel") / "motion.csv"
    np.savetxt(path, kernel, delimiter=",")
    return path


@pytest.fixture(scope="module", params=[WIDE, "motion.csv"])
def psf(request: pytest.FixtureRequest, lopsided: Path) -> str:
    return str(lopsided) if request.param == lopsided.name else request.param


@pytest.fixture(scope="module")
def whole(
    strip: Path, psf: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[np.ndarray, RunReport]:
    return run(strip, tmp_path_factory.mktemp("whole") / "whole.tif", psf=psf, tile=4096)


def assert_same_within_rounding(a: np.ndarray, b: np.ndarray) -> None:
    difference = np.abs(a.astype(np.int64) - b)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 0.01


def test_a_wide_psf_shows_no_tiling(strip, psf, whole, tmp_path):
    tiled, report = run(strip, tmp_path / "tiled.tif", psf=psf, tile=24, threads=2)
    assert_same_within_rounding(tiled, whole[0])
    assert report.tiles > 4
    assert report.consistency_rms == pytest.approx(whole[1].consistency_rms, rel=1e-3)
    assert report.consistency_max == pytest.approx(whole[1].consistency_max, rel=0.02)


def test_a_measure_by_a_wide_psf_shows_no_tiling(strip, psf, tmp_path):
    reports = [
        run(strip, tmp_path / f"{tile}.tif", psf=psf, tile=tile, model="bicubic")[1]
        for tile in (7, 24, 4096)
    ]
    rms = [report.consistency_rms for report in reports]
    assert rms[0] == pytest.approx(rms[2], rel=1e-5)
    assert rms[1] == pytest.approx(rms[2], rel=1e-5)


@pytest.mark.parametrize("psf", ["motion.csv"], indirect=True)
def test_bounds_give_the_window_of_the_full_run(strip, psf, whole, tmp_path):
    with rasterio.open(strip) as dataset:
        left, top = dataset.transform @ (9, 20)
        right, bottom = dataset.transform @ (9 + 22, 20 + 27)
    part, _ = run(strip, tmp_path / "part.tif", psf=psf, bounds=(left, bottom, right, top))
    assert_same_within_rounding(part, whole[0][:, 40:94, 18:62])


def test_the_right_psf_gives_a_better_and_more_consistent_image_than_a_wrong_one():
    rng = np.random.default_rng(5)
    steps = rng.integers(1, 6, (3, 12, 12)).repeat(8, 1).repeat(8, 2)
    cube = (1000 * steps + rng.normal(size=steps.shape)).astype(np.float32)
    soft = named("gaussian:0.1", 2)
    pair = degraded_pair(TrainingScene("steps", cube), 2, soft)
    np.testing.assert_allclose(pair.lr.numpy(), soft.apply(cube), rtol=1e-4)
    psnr, residual = {}, {}
    for psf, consistency in (("gaussian:0.1", True), ("bicubic", True), ("gaussian:0.1", False)):
        resolver = load_resolver(
            "default", upscale=2, device="cpu", psf=psf, consistency=consistency
        )
        result = resolver.fit(pair.statistics)(pair.lr.numpy(), (0, 0))
        psnr[psf, consistency] = evaluate(result, pair.hr.numpy(), upscale=2).mpsnr
        residual[psf, consistency] = np.linalg.norm(soft.apply(result) - pair.lr.numpy())
    right, wrong, loose = psnr
    assert psnr[right] > psnr[wrong] + 1
    assert psnr[loose] > psnr[wrong] + 1  # the network sees a normalised input all the same
    assert residual[right] < 0.9 * residual[wrong]
    assert residual[right] < residual[loose]


# --- what the file says ---------------------------------------------------------------------------


def test_the_file_says_which_degradation_was_assumed(tmp_path, lopsided):
    src = write(tmp_path / "scene.tif", pixels())
    cases = {
        "own.tif": ([], "bicubic", "2"),
        "gaussian.tif": (["--psf", "gaussian:0.3"], "gaussian:0.3", "2"),
        "kernel.tif": (["--psf", lopsided, "--no-consistency"], "motion.csv (sha256 ", "0"),
    }
    for name, (options, degradation, iterations) in cases.items():
        result = call("run", src, tmp_path / name, "--upscale", 2, *options)
        said = tags(tmp_path / name)
        assert said["HSISR_DEGRADATION"].startswith(degradation)
        assert said["HSISR_TRAINED_DEGRADATION"] == "bicubic"
        assert said["HSISR_BACK_PROJECTIONS"] == iterations
        assert said["HSISR_CONSISTENCY"] == (
            "back-projected" if iterations == "2" else "not enforced"
        )
        assert float(said["HSISR_CONSISTENCY_RMS"]) > 0
        assert f"degraded again ({degradation}" in result.stderr
    kernel, own = (tags(tmp_path / name) for name in ("kernel.tif", "own.tif"))
    assert kernel["HSISR_CONSISTENCY_RELATIVE"] > own["HSISR_CONSISTENCY_RELATIVE"]


def test_bicubic_is_only_measured_against_a_psf(tmp_path):
    src = write(tmp_path / "scene.tif", pixels())
    for name, options in {"own.tif": [], "other.tif": ["--psf", "gaussian:0.2"]}.items():
        bicubic(src, tmp_path / name, *options)
    own, other = (tags(tmp_path / name) for name in ("own.tif", "other.tif"))
    with rasterio.open(tmp_path / "own.tif") as a, rasterio.open(tmp_path / "other.tif") as b:
        np.testing.assert_array_equal(a.read(), b.read())
    assert (own["HSISR_DEGRADATION"], other["HSISR_DEGRADATION"]) == ("bicubic", "gaussian:0.2")
    assert own["HSISR_CONSISTENCY"] == other["HSISR_CONSISTENCY"] == "not enforced"
    assert own["HSISR_CONSISTENCY_RMS"] != other["HSISR_CONSISTENCY_RMS"]


def test_an_envi_file_says_it_too(tmp_path, lopsided):
    src = write(tmp_path / "scene.tif", pixels())
    bicubic(src, tmp_path / "out.dat", "--psf", lopsided)
    assert tags(tmp_path / "out.dat")["HSISR_DEGRADATION"].startswith("motion.csv (sha256 ")


# --- what is refused ------------------------------------------------------------------------------

BAD_SPECS = {
    "gauss": "unknown PSF 'gauss'",
    "gaussian:1.5": "gaussian:1.5: the MTF must be between 0 and 1",
    "gaussian:much": "gaussian:much: 'much' is no number",
    "no/kernel.csv": "unknown PSF 'no/kernel.csv'",
    "words.csv": "words.csv, line 1: not a row of numbers",
    "box.csv": "box.csv .*back-projection does not converge.*--no-consistency",
}


@pytest.mark.parametrize("spec", BAD_SPECS)
def test_a_bad_psf_is_a_one_line_error_and_leaves_nothing(tmp_path, monkeypatch, spec):
    src = write(tmp_path / "scene.tif", pixels())
    monkeypatch.chdir(tmp_path)
    Path("words.csv").write_text("soft\n")
    np.savetxt("box.csv", np.ones((6, 6)))  # three input pixels wide
    options = ["--upscale", 2, "--psf", spec, "--progress", "none"]
    for dry in ([], ["--dry-run"]):
        line = one_line_error(call("run", src, "out.tif", *options, *dry, code=1))
        assert re.search(BAD_SPECS[spec], line), line
    assert not Path("out.tif").exists()


def test_a_psf_that_does_not_converge_can_still_be_measured_against(tmp_path, monkeypatch):
    src = write(tmp_path / "scene.tif", pixels())
    monkeypatch.chdir(tmp_path)
    np.savetxt("box.csv", np.ones((6, 6)))
    call("run", src, "out.tif", "--upscale", 2, "--psf", "box.csv", "--no-consistency")
    bicubic(src, "bicubic.tif", "--psf", "box.csv")
    for name in ("out.tif", "bicubic.tif"):
        assert tags(tmp_path / name)["HSISR_DEGRADATION"].startswith("box.csv")


def test_a_kernel_off_centre_is_a_warning_in_the_log(tmp_path):
    src = write(tmp_path / "scene.tif", pixels())
    (tmp_path / "psf.csv").write_text("1 3 2 1\n1 3 2 1\n")
    result = bicubic(src, tmp_path / "out.tif", "--psf", tmp_path / "psf.csv")
    assert "psf.csv" in result.stderr
    assert "it shifts the result" in result.stderr


def test_a_foreign_models_degradation_is_a_clear_error(tmp_path):
    path = tmp_path / "foreign.safetensors"
    write_model(path, degradation="lens:7")
    src = write(tmp_path / "scene.tif", pixels())
    line = one_line_error(
        call("run", src, tmp_path / "out.tif", "--upscale", 2, "--model", path, code=1)
    )
    assert "foreign.safetensors" in line
    assert "degradation 'lens:7'" in line
