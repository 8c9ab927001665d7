"""The default model through the whole product: tiling, bounds, seams, holes, and what it gains."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window
from scenes import Scenes
from silent_model import silent

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.gradients import find_seams, measure_steps
from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.inference.resolver import load
from hsisr_geo.model.training.training_data import TrainingScene, degraded_pair
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.selection import in_water_vapour
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL
from hsisr_geo.resolver.load import Recipe, load_resolver

ROWS, COLS, EVERY = 66, 50, 9  # of the mosaic: holes and solid ground, and every ninth band


@pytest.fixture(scope="module")
def crop(scenes: Scenes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut a piece of the EnMAP mosaic, with its holes, that tiles of 32 cut into six."""
    path = tmp_path_factory.mktemp("crop") / "crop.tif"
    return _cut(scenes.mosaic, path, Window(40, 60, COLS, ROWS))


@pytest.fixture(scope="module")
def strip(scenes: Scenes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut a smaller one: a sample costs six times a best estimate."""
    path = tmp_path_factory.mktemp("strip") / "strip.tif"
    return _cut(scenes.mosaic, path, Window(70, 60, 30, 48), every=4 * EVERY)


def _cut(mosaic: Path, path: Path, window: Window, every: int = EVERY) -> Path:
    with rasterio.open(mosaic) as source:
        indices = list(range(1, source.count + 1, every))
        profile = source.profile | {"count": len(indices)}
        profile |= {"height": window.height, "width": window.width}
        profile["transform"] = source.transform @ Affine.translation(window.col_off, window.row_off)
        with rasterio.open(path, "w", **profile) as sink:
            sink.write(source.read(indices, window=window))
    return path


def _run(src: Path, dst: Path, *, detail: float = 0.0, seed: int = 0, **options) -> np.ndarray:
    resolver = load_resolver("default", upscale=2, detail=detail, seed=seed, device="cpu")
    super_resolve(src, dst, resolver=resolver, **options)
    with rasterio.open(dst) as dataset:
        return dataset.read()


def _assert_same_within_rounding(a: np.ndarray, b: np.ndarray) -> None:
    difference = np.abs(a.astype(np.int64) - b)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 0.01


@pytest.fixture(scope="module")
def whole(crop: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return _run(crop, tmp_path_factory.mktemp("whole") / "whole.tif", tile=4096)


@pytest.mark.parametrize(("tile", "threads"), [(32, 2), (48, 1)])
def test_tile_size_and_threads_do_not_matter(
    crop: Path, whole: np.ndarray, tmp_path: Path, tile: int, threads: int
) -> None:
    tiled = _run(crop, tmp_path / "tiled.tif", tile=tile, threads=threads)
    _assert_same_within_rounding(tiled, whole)


def test_bounds_give_the_window_of_the_full_run(
    crop: Path, whole: np.ndarray, tmp_path: Path
) -> None:
    with rasterio.open(crop) as dataset:
        left, top = dataset.transform @ (11, 20)
        right, bottom = dataset.transform @ (11 + 23, 20 + 31)
        bounds = (left, bottom, right, top)
    part = _run(crop, tmp_path / "part.tif", bounds=bounds)
    _assert_same_within_rounding(part, whole[:, 40:102, 22:68])


def test_without_detail_the_seed_changes_nothing(
    crop: Path, whole: np.ndarray, tmp_path: Path
) -> None:
    other = _run(crop, tmp_path / "other.tif", seed=99, tile=4096)
    np.testing.assert_array_equal(other, whole)


def test_holes_stay_the_same_holes(crop: Path, whole: np.ndarray) -> None:
    with rasterio.open(crop) as dataset:
        holes = dataset.read() == dataset.nodata
        nodata = dataset.nodata
    assert 0.05 < holes.mean() < 0.95  # the piece has both
    np.testing.assert_array_equal(whole == nodata, holes.repeat(2, 1).repeat(2, 2))


def test_nothing_bleeds_out_of_a_hole(crop: Path, whole: np.ndarray, tmp_path: Path) -> None:
    """Another number for nodata gives the same valid pixels: what stands in a hole is not read."""
    other = tmp_path / "other.tif"
    with rasterio.open(crop) as source:
        pixels = source.read()
        with rasterio.open(other, "w", **(source.profile | {"nodata": 31000})) as sink:
            sink.write(np.where(pixels == source.nodata, 31000, pixels))
    result = _run(other, tmp_path / "out.tif", tile=4096)
    np.testing.assert_array_equal(np.where(result == 31000, -32768, result), whole)


@pytest.fixture(scope="module")
def sampled(strip: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Texture, in four tiles: cores meet below row 24 and right of column 15 of the input."""
    path = tmp_path_factory.mktemp("sampled") / "sampled.tif"
    return _run(strip, path, detail=1.0, seed=5, tile=24, threads=2)


@pytest.fixture(scope="module")
def untiled(strip: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path = tmp_path_factory.mktemp("untiled") / "untiled.tif"
    return _run(strip, path, detail=1.0, seed=5, tile=4096)


def test_samples_do_not_depend_on_the_tiling(sampled: np.ndarray, untiled: np.ndarray) -> None:
    _assert_same_within_rounding(sampled, untiled)


def test_another_seed_is_another_sample(strip: Path, sampled: np.ndarray, tmp_path: Path) -> None:
    other = _run(strip, tmp_path / "other.tif", detail=1.0, seed=6, tile=4096)
    valid = sampled != -32768
    assert np.abs(other.astype(int) - sampled)[valid].mean() > 1


@pytest.mark.parametrize(("axis", "core"), [(1, 24), (2, 15)])
def test_tile_borders_of_a_sample_show_no_seam(
    scenes: Scenes, sampled: np.ndarray, untiled: np.ndarray, axis: int, core: int
) -> None:
    """A twin's ground has borders of its own, so there the same line of the untiled run counts."""
    own = 1.0 if scenes.real else _seam_index(untiled, axis, core)
    assert _seam_index(sampled, axis, core) / own <= 1.02


def _seam_index(dn: np.ndarray, axis: int, core: int) -> float:
    """Gradient across the line where cores meet, over that across its neighbours."""
    steps = measure_steps(np.where(dn == -32768, np.nan, dn).astype(float))
    seams = find_seams(steps, upscale=2, **{("rows", "cols")[axis - 1]: [core]})
    assert seams is not None
    return seams.index


@pytest.mark.parametrize("upscale", [2, 4])
def test_every_scene_is_better_than_bicubic(scenes: Scenes, upscale: int) -> None:
    """PSNR and spectral angle on scenes never trained on; the network adds 0.3 dB in the mean."""
    if not scenes.real:
        pytest.skip("no real scenes here; twins say nothing about quality")
    ours = load(Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu"))
    without = silent(load(Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu", backend="torch")))
    added = []
    for path in scenes.val:
        pair = degraded_pair(_good_bands(path), upscale)
        reference = pair.hr.numpy()
        bicubic = back_projection.interpolate(pair.lr, upscale).numpy()
        base, zero, best = (
            evaluate(cube, reference, upscale=upscale)
            for cube in (
                bicubic,
                *(r.fit(pair.statistics)(pair.lr.numpy(), (0, 0)) for r in (without, ours)),
            )
        )
        assert best.mpsnr > base.mpsnr, path.stem
        assert best.sam_deg < base.sam_deg, path.stem
        added.append(best.mpsnr - zero.mpsnr)
    assert np.mean(added) >= 0.3


def _good_bands(path: Path) -> TrainingScene:
    """Read every second good band; NEON's file marks none bad, so water vapour is left out."""
    raster = open_raster(path)
    keep = [
        i
        for i in raster.bands.good_indices
        if path.stem != "neon_harv" or not _is_noise(raster.bands[i].wavelength_nm)
    ][::2]
    cube = read_window(raster, slice(0, raster.rows), slice(0, raster.cols), keep)
    return TrainingScene(path.stem, cube, raster.bands.select(keep), raster.dtype)


def _is_noise(nm: float | None) -> bool:
    return in_water_vapour(nm) or (nm is not None and 2450 <= nm <= 2600)
