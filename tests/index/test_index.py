"""Indices of known spectra, their derivatives, and the spread that errors of bands give them."""

import json

import numpy as np
import pytest
import rasterio
from commands import call, one_line_error, write

from hsisr_geo.cube.indices import NAMES, find_index
from hsisr_geo.errors import OptionError
from hsisr_geo.index.deviation import detail_correlation, error_correlation, propagate
from hsisr_geo.index.make import write_index
from hsisr_geo.raster.open import open_raster

WAVELENGTHS = (531, 570, 670, 700, 740, 775, 780, 800, 900, 1035, 2120, 2200, 2250)
LEAF = (0.06, 0.08, 0.05, 0.1, 0.38, 0.44, 0.45, 0.46, 0.47, 0.48, 0.2, 0.18, 0.19)


def _spectra(index):
    """Reflectance at the wavelengths of an index, of a leaf (band, 1, 1)."""
    known = dict(zip(WAVELENGTHS, LEAF, strict=True))
    return np.array([known[nm] for nm in index.wavelengths_nm])[:, None, None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ndvi", (0.46 - 0.05) / (0.46 + 0.05)),
        ("pri", (0.06 - 0.08) / (0.06 + 0.08)),
        ("rep", 700 + 40 * ((0.05 + 0.45) / 2 - 0.1) / (0.38 - 0.1)),
        ("depth:2200", 1 - 0.18 / (0.2 + (0.19 - 0.2) * 80 / 130)),
        ("depth:900", 1 - 0.47 / (0.44 + (0.48 - 0.44) * 125 / 260)),
    ],
)
def test_a_leaf_has_the_value_of_the_formula(name, expected):
    index = find_index(name)
    assert index.value(_spectra(index))[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_the_derivatives(name):
    index = find_index(name)
    x, step = _spectra(index), 1e-6
    for band, slope in enumerate(index.slopes(x)[:, 0, 0]):
        moved = np.array([x, x])
        moved[:, band] += np.array([-step, step])[:, None, None]
        low, high = (index.value(at)[0, 0] for at in moved)
        assert slope == pytest.approx((high - low) / (2 * step), rel=1e-5)


def test_dark_or_flat_spectra_have_no_index():
    assert np.isnan(find_index("ndvi").value(np.zeros((2, 1, 1)))).all()
    assert np.isnan(find_index("rep").value(np.full((4, 1, 1), 0.2))).all()
    assert np.isnan(find_index("rep").value(np.array([0.5, 0.1, 0.2, 0.6])[:, None, None])).all()


@pytest.mark.parametrize("together", [0.0, 0.8])
def test_the_deviation_is_that_of_many_draws(together):
    index, rng = find_index("ndvi"), np.random.default_rng(0)
    correlation = np.array([[1, together], [together, 1]])
    x, sigma = _spectra(index), np.array([0.01, 0.005])[:, None, None]
    draws = rng.multivariate_normal([0, 0], correlation, 200_000).T[:, None, :]
    found = index.value(x + sigma * draws).std()
    told = propagate(index.slopes(x), sigma, correlation)[0, 0]
    assert told == pytest.approx(found, rel=0.02)


def test_bands_whose_detail_goes_together_are_told_from_noise():
    rng = np.random.default_rng(1)
    ground, noise = rng.normal(size=(2, 60, 60))
    cube = np.array([ground, 2 * ground, noise, np.ones((60, 60))]).astype(np.float32)
    cube[:, 5, 5] = np.nan
    found = detail_correlation([cube[:, :31], cube[:, 31:]], 4)
    assert found[0, 1] == pytest.approx(1, abs=1e-6)
    assert abs(found[0, 2]) < 0.05
    np.testing.assert_array_equal(found[3], [0, 0, 0, 1])


def test_errors_of_bands_never_cancel_wholly():
    """Each band has noise of its own, however alike two are: a ratio of both is not exact."""
    ground = np.random.default_rng(1).normal(10, 1, size=(40, 40))
    found = error_correlation([np.array([ground, 2 * ground]).astype(np.float32)], 2)
    np.testing.assert_allclose(found, [[1, 0.98], [0.98, 1]], atol=1e-6)
    x = np.array([0.5, 0.5])[:, None, None]
    told = propagate(np.array([1.0, -1.0])[:, None, None] / x, 0.01 * x, found)[0, 0]
    assert told == pytest.approx(0.01 * np.sqrt(2 * (1 - 0.98)), rel=1e-3)


def _pair(folder, shape=(13, 21, 17), sigma=0.01):
    """Write a result around a leaf's spectrum, with a hole, and its uncertainty."""
    rng = np.random.default_rng(2)
    cube = (np.array(LEAF)[:, None, None] * rng.uniform(0.9, 1.1, shape)).astype(np.float32)
    cube[:, 3, 4] = np.nan
    deviation = np.full(shape, sigma, np.float32)
    result = write(folder / "sr.tif", cube, wavelengths=WAVELENGTHS, nodata=np.nan)
    told = write(folder / "sigma.tif", deviation, wavelengths=WAVELENGTHS, nodata=np.nan)
    return result, told, cube


def test_the_raster_has_index_and_deviation_where_the_result_has_values(tmp_path):
    result, sigma, cube = _pair(tmp_path)
    report = write_index(result, sigma, find_index("ndvi"), tmp_path / "ndvi.tif")
    made, source = open_raster(tmp_path / "ndvi.tif"), open_raster(result)
    assert (made.crs, made.transform, made.shape) == (source.crs, source.transform, source.shape)
    assert [band.name for band in made.bands] == ["ndvi", "standard deviation of ndvi"]
    assert (report.bands, report.wavelengths_nm) == ((8, 3), (800, 670))
    with rasterio.open(tmp_path / "ndvi.tif") as dataset:
        value, deviation = dataset.read()
        assert dataset.tags()["HSISR_INDEX"] == "ndvi"
    hole = np.isnan(cube[0])
    np.testing.assert_array_equal(np.isnan(value), hole)
    np.testing.assert_array_equal(np.isnan(deviation), hole)
    near, red = cube[7].astype(float), cube[2].astype(float)
    np.testing.assert_allclose(value[~hole], ((near - red) / (near + red))[~hole], rtol=1e-5)
    by_hand = 0.01 * 2 * np.hypot(near, red) / (near + red) ** 2  # the draws are independent
    np.testing.assert_allclose(deviation[~hole], by_hand[~hole], rtol=0.1)


@pytest.mark.parametrize("again", [False, True])
def test_an_index_is_no_scene_and_tells_how_its_result_was_made(tmp_path, again):
    result, sigma, _ = _pair(tmp_path)
    made = {"HSISR_MODEL": "bicubic", "HSISR_SOURCE": "scene.tif", "HSISR_CONSISTENCY_RMS": "1"}
    if again:  # a result of ours
        with rasterio.open(result, "r+") as dataset:
            dataset.update_tags(**made)
    ndvi = tmp_path / "ndvi.tif"
    write_index(result, sigma, find_index("ndvi"), ndvi)
    told = open_raster(ndvi).provenance
    assert (told.get("HSISR_MODEL") == "bicubic", "HSISR_CONSISTENCY_RMS" in told) == (again, False)
    for args in (("run", ndvi, tmp_path / "o.tif"), ("assess", ndvi, "--report", tmp_path / "r")):
        line = one_line_error(call(*args, "--upscale", "2", code=1))
        assert "ndvi.tif is an index (ndvi of sr.tif), not a scene" in line
    assert "ndvi of bands 8, 3 of sr.tif" in call("info", ndvi).stdout
    call("run", ndvi, tmp_path / "o.tif", "--upscale", "2", "--model", "bicubic", "--again")


def test_the_command_tells_what_it_wrote(tmp_path):
    result, sigma, _ = _pair(tmp_path)
    args = ("index", result, "--sigma", sigma, "--index", "depth:2200")
    told = json.loads(call(*args, "--out", tmp_path / "clay.tif", "--json").stdout)
    assert (told["bands"], told["values"]) == ([11, 12, 13], 21 * 17 - 1)
    assert "exists" in one_line_error(call(*args, "--out", tmp_path / "clay.tif", code=1))
    again = call(*args, "--out", tmp_path / "clay.tif", "--overwrite")
    assert "depth:2200 of the bands at 2120, 2200, 2250 nm" in again.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wavelengths": None}, "no wavelengths are known"),
        ({"bad": (8,)}, "nm; the nearest is at 780 nm"),
        ({"wavelengths": tuple(nm + 1000 for nm in WAVELENGTHS)}, "within 10 nm of 800 nm"),
    ],
)
def test_a_missing_wavelength_is_named(tmp_path, change, said):
    cube = np.ones((13, 4, 4), np.float32)
    result = write(tmp_path / "sr.tif", cube, **{"wavelengths": WAVELENGTHS, **change})
    out = "--out", tmp_path / "i.tif"
    failed = call("index", result, "--sigma", result, "--index", "ndvi", *out, code=1)
    assert said in one_line_error(failed)
    assert not (tmp_path / "i.tif").exists()


def test_an_uncertainty_of_something_else_is_refused(tmp_path):
    result, _, cube = _pair(tmp_path)
    one = write(tmp_path / "mean.tif", cube[:1])
    small = write(tmp_path / "small.tif", cube[:, :5], wavelengths=WAVELENGTHS)
    unknown = np.full_like(cube, np.nan)
    blank = write(tmp_path / "blank.tif", unknown, wavelengths=WAVELENGTHS, nodata=np.nan)
    other = write(tmp_path / "other.tif", cube, wavelengths=WAVELENGTHS, nodata=np.nan)
    with rasterio.open(other, "r+") as dataset:
        dataset.update_tags(HSISR_MODEL="bicubic")
    for sigma, said in (
        (result, "sr.tif is no uncertainty"),
        (other, "other.tif is no uncertainty"),
        (one, "--uncertainty-bands all"),
        (small, "does not lie on the grid"),
        (blank, "has no value in a band"),
    ):
        args = "--sigma", sigma, "--index", "ndvi", "--out", tmp_path / "i.tif"
        assert said in one_line_error(call("index", result, *args, code=1))
    with rasterio.open(other, "r+") as dataset:
        dataset.update_tags(HSISR_CONTENT="standard deviation, predicted")
    args = "--sigma", other, "--index", "ndvi", "--out", tmp_path / "i.tif"
    assert "other.tif is an uncertainty" in one_line_error(call("index", other, *args, code=1))


def test_an_unknown_index_is_named():
    with pytest.raises(OptionError, match="choose ndvi, pri"):
        find_index("evi")
