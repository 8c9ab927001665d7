import numpy as np
import pytest
import rasterio

from hsisr_geo.raster import statistics
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.statistics import SAMPLE_PIXELS, bands_with_data, scan_scene

RNG = np.random.default_rng(5)


def _scene(path, cube):
    """A float32 GeoTIFF with NaN as nodata."""
    bands, rows, cols = cube.shape
    profile = {"driver": "GTiff", "count": bands, "height": rows, "width": cols, "nodata": np.nan}
    with rasterio.open(path, "w", dtype="float32", **profile) as dataset:
        dataset.write(cube.astype(np.float32))
    return open_raster(path)


def _spectra(rows, cols, bands=4, level=3000.0):
    mixing = RNG.normal(size=(bands, bands))
    cube = np.einsum("bc,crk->brk", mixing, RNG.normal(size=(bands, rows, cols)))
    return (cube + level * np.arange(1, bands + 1)[:, None, None]).astype(np.float32)


@pytest.mark.parametrize("strip_bytes", [1, 5000, 10**8])
def test_moments_equal_numpy_on_the_whole_scene(tmp_path, monkeypatch, strip_bytes):
    monkeypatch.setattr(statistics, "STRIP_BYTES", strip_bytes)
    cube = _spectra(37, 23)
    cube[:, 10:20, 4:9] = np.nan
    cube[2, 30:, :] = np.nan
    found = scan_scene(_scene(tmp_path / "a.tif", cube), range(4))
    complete = cube[:, np.isfinite(cube).all(axis=0)].astype(np.float64)
    assert found.count == complete.shape[1]
    np.testing.assert_allclose(found.mean, np.nanmean(cube.astype(float), axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.std, np.nanstd(cube.astype(float), axis=(1, 2)), rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.cov(complete, bias=True), rtol=1e-8, atol=1e-8)


def test_a_large_offset_costs_no_digits(tmp_path):
    cube = np.zeros((2, 40, 40)) + 2.0**20
    cube[:, ::2] += 1
    found = scan_scene(_scene(tmp_path / "a.tif", cube), range(2))
    np.testing.assert_allclose(found.std, 0.5, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, 0.25, rtol=1e-12)


def test_only_the_chosen_bands_are_measured_in_their_order(tmp_path):
    cube = _spectra(9, 9)
    cube[0] = np.nan
    found = scan_scene(_scene(tmp_path / "a.tif", cube), [3, 1])
    np.testing.assert_allclose(found.mean, cube[[3, 1]].mean(axis=(1, 2)), rtol=1e-6)
    assert found.count == 81


def test_the_sample_is_a_lattice_of_valid_spectra(tmp_path, monkeypatch):
    monkeypatch.setattr(statistics, "STRIP_BYTES", 4 * 3 * 200 * 7)
    rows, cols = 200, 200
    row, col = np.mgrid[:rows, :cols]
    cube = np.stack([row, col, row * 1000 + col]).astype(np.float32)
    cube[:, 50:90, 50:90] = np.nan
    sample = scan_scene(_scene(tmp_path / "a.tif", cube), range(3)).sample
    assert len(sample) <= SAMPLE_PIXELS
    step = 2
    expected = cube[:, ::step, ::step].reshape(3, -1)
    expected = expected[:, np.isfinite(expected[0])]
    assert np.array_equal(sample, expected.T)


@pytest.mark.parametrize("shape", [(1, 40_000), (40_000, 1), (129, 129)])
def test_the_sample_of_any_shape_is_bounded_but_not_empty(tmp_path, shape):
    sample = scan_scene(_scene(tmp_path / "a.tif", np.ones((1, *shape))), [0]).sample
    assert SAMPLE_PIXELS / 5 < len(sample) <= SAMPLE_PIXELS


def test_a_scene_without_data_has_zeros(tmp_path):
    found = scan_scene(_scene(tmp_path / "a.tif", np.full((3, 8, 8), np.nan)), range(3))
    assert found.count == 0
    assert found.sample.shape == (0, 3)
    for value in (found.mean, found.std, found.covariance):
        assert not value.any()


def test_an_empty_band_has_zeros_and_leaves_the_others_alone(tmp_path):
    cube = _spectra(9, 9, bands=2)
    cube[1] = np.nan
    found = scan_scene(_scene(tmp_path / "a.tif", cube), range(2))
    assert (found.mean[1], found.std[1], found.count) == (0, 0, 0)
    np.testing.assert_allclose(found.mean[0], cube[0].mean(), rtol=1e-6)


def test_bands_with_data_are_found_wherever_their_pixels_are(tmp_path, monkeypatch):
    monkeypatch.setattr(statistics, "STRIP_BYTES", 1)
    cube = np.full((4, 12, 5), np.nan)
    cube[0, 0, 0] = cube[2, 11, 4] = 1
    raster = _scene(tmp_path / "a.tif", cube)
    assert bands_with_data(raster, range(4)) == (0, 2)
    assert bands_with_data(raster, [3, 2, 1]) == (2,)
    assert bands_with_data(raster, []) == ()
