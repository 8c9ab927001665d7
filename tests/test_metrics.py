"""Scores against hand formulas, against scikit-image, and on cubes with holes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from skimage.metrics import structural_similarity as skimage_ssim

from hsisr_geo.errors import HsisrError
from hsisr_geo.metrics import (
    default_data_range,
    evaluate,
    spectral_angle_deg,
    structural_similarity,
)


def cubes(bands=5, rows=23, cols=31, noise=0.05, seed=0):
    """Return a smooth random reference and a noisy version of it, values around 1."""
    rng = np.random.default_rng(seed)
    reference = 1 + 0.3 * rng.standard_normal((bands, rows, cols)).cumsum(2) / 5
    return reference + noise * rng.standard_normal(reference.shape), reference


def test_equal_cubes_score_perfectly():
    _, reference = cubes()
    scores = evaluate(reference.copy(), reference, upscale=2)
    assert scores.mpsnr == math.inf
    assert scores.psnr == (math.inf,) * 5
    assert_allclose([scores.mssim, scores.cc], 1)
    assert_allclose([scores.rmse, scores.ergas, scores.ergas4], 0)
    assert scores.sam_deg < 1e-5  # arccos near one turns a rounding error into its square root


def test_formulas_by_hand():
    reference = np.array([[[1.0, 3.0], [2.0, 2.0]], [[4.0, 8.0], [6.0, 6.0]]])
    error = np.array([[[0.1, -0.1], [0.1, -0.1]], [[0.4, 0.4], [0.4, 0.4]]])
    scores = evaluate(reference + error, reference, upscale=2, data_range=10.0)
    assert_allclose(scores.psnr, [10 * math.log10(100 / 0.01), 10 * math.log10(100 / 0.16)])
    assert_allclose(scores.mpsnr, np.mean(scores.psnr))
    assert_allclose(scores.rmse, math.sqrt((0.01 + 0.16) / 2))
    relative = math.sqrt((0.01 / 2**2 + 0.16 / 6**2) / 2)
    assert_allclose(scores.ergas, 100 / 2 * relative)
    assert_allclose(scores.ergas4, 100 / 4 * relative)
    correlation = np.corrcoef((reference + error)[0].ravel(), reference[0].ravel())[0, 1]
    assert_allclose(scores.cc, (correlation + 1) / 2)


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_ergas_takes_the_true_ratio(upscale):
    scores = evaluate(*cubes(), upscale=upscale)
    assert_allclose(scores.ergas * upscale, scores.ergas4 * 4)


def test_ergas_without_a_ratio_is_undefined_and_ergas4_is_not():
    scores = evaluate(*cubes(), upscale=None)
    assert math.isnan(scores.ergas)
    assert scores.ergas4 == evaluate(*cubes(), upscale=2).ergas4


@pytest.mark.parametrize("angle", [0.0, 5.0, 45.0, 90.0])
def test_spectral_angle_is_in_degrees_and_blind_to_brightness(angle):
    reference = np.zeros((2, 3, 3))
    reference[0] = 7.0
    sr = np.stack([np.full((3, 3), math.cos(math.radians(angle)))] * 2)
    sr[1] = math.sin(math.radians(angle))
    assert_allclose(spectral_angle_deg(sr, reference), angle, atol=1e-6)


def test_spectral_angle_skips_zero_spectra():
    reference = np.ones((3, 2, 2))
    sr = reference.copy()
    sr[:, 0, 0] = 0
    assert_allclose(spectral_angle_deg(sr, reference), 0, atol=1e-6)
    assert math.isnan(spectral_angle_deg(np.zeros_like(sr), reference))


@pytest.mark.parametrize("shape", [(7, 7), (8, 20), (40, 33)])
@pytest.mark.parametrize("level", [0.0, 1e4])
def test_ssim_equals_scikit_image(shape, level):
    rng = np.random.default_rng(1)
    x = level + 1000 * rng.random(shape)
    y = x + 100 * rng.standard_normal(shape)
    expected = skimage_ssim(x, y, data_range=2000.0)
    assert_allclose(structural_similarity(x, y, data_range=2000.0), expected, rtol=1e-9)


def test_ssim_leaves_out_windows_that_touch_a_hole():
    (x,), (y,) = cubes(bands=1, rows=20, cols=40)
    x[:, 20] = np.nan
    halves = [
        structural_similarity(x[:, half], y[:, half], data_range=2.0)
        for half in (slice(0, 20), slice(21, 40))
    ]
    windows = [20 - 6, 19 - 6]
    assert_allclose(
        structural_similarity(x, y, data_range=2.0), np.average(halves, weights=windows)
    )


def test_ssim_of_a_plane_smaller_than_its_window_is_undefined():
    x = np.ones((6, 30))
    assert math.isnan(structural_similarity(x, x, data_range=1.0))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), in_reference=st.booleans())
def test_a_hole_hides_whatever_is_under_it(seed, in_reference):
    rng = np.random.default_rng(seed)
    sr, reference = cubes(bands=3, rows=12, cols=14, seed=seed)
    row, col = rng.integers(12), rng.integers(14)
    damaged = sr.copy()
    damaged[:, row, col] = 1e6
    expected = evaluate(with_hole(sr, row, col), reference, upscale=2, data_range=2.0)
    if in_reference:
        found = evaluate(damaged, with_hole(reference, row, col), upscale=2, data_range=2.0)
    else:
        found = evaluate(with_hole(damaged, row, col), reference, upscale=2, data_range=2.0)
    assert found == expected


def with_hole(cube, row, col):
    cube = cube.copy()
    cube[:, row, col] = np.nan
    return cube


def test_a_band_without_data_is_left_out():
    sr, reference = cubes()
    expected = evaluate(sr[1:], reference[1:], upscale=2, data_range=2.0)
    sr[0] = np.nan
    scores = evaluate(sr, reference, upscale=2, data_range=2.0)
    assert math.isnan(scores.psnr[0])
    assert_allclose(
        [scores.mpsnr, scores.mssim, scores.cc, scores.rmse, scores.sam_deg, scores.ergas],
        [
            expected.mpsnr,
            expected.mssim,
            expected.cc,
            expected.rmse,
            expected.sam_deg,
            expected.ergas,
        ],
    )


def test_a_constant_band_has_no_correlation_and_is_skipped():
    sr, reference = cubes(bands=2)
    expected = evaluate(sr[1:], reference[1:], upscale=2).cc
    reference[0] = 0.1
    assert_allclose(evaluate(sr, reference, upscale=2).cc, expected)
    reference[1] = 0.1
    assert math.isnan(evaluate(sr, reference, upscale=2).cc)


def test_a_band_of_zero_mean_does_not_blow_up_ergas():
    sr, reference = cubes(bands=2)
    expected = evaluate(sr[1:], reference[1:], upscale=2).ergas
    reference[0] = 0
    assert_allclose(evaluate(sr, reference, upscale=2).ergas, expected)


def test_data_range_is_the_quantile_of_the_reference_without_its_glint():
    reference = np.concatenate([np.linspace(0, 1, 1_000_000), np.full(500, 1e6), [np.nan]])
    assert_allclose(default_data_range(reference), np.nanquantile(reference, 0.999))
    assert default_data_range(reference) < 1
    sr, reference = cubes()
    assert evaluate(sr, reference, upscale=2).data_range == default_data_range(reference)


def test_float32_cubes_score_as_float64_cubes():
    sr, reference = (1e4 * cube.astype(np.float32) for cube in cubes(noise=1e-3))
    single = evaluate(sr, reference, upscale=4, data_range=2e4)
    double = evaluate(
        sr.astype(np.float64), reference.astype(np.float64), upscale=4, data_range=2e4
    )
    assert single == double


@pytest.mark.parametrize(
    ("sr", "reference", "said"),
    [
        (np.ones((2, 3, 3)), np.ones((2, 3, 4)), "shapes"),
        (np.ones((3, 3)), np.ones((3, 3)), "shapes"),
        (np.full((1, 3, 3), np.nan), np.ones((1, 3, 3)), "no pixel"),
        (np.ones((1, 3, 3)), np.zeros((1, 3, 3)), "data range"),
        (np.ones((1, 3, 3)), np.full((1, 3, 3), np.nan), "data range"),
    ],
)
def test_cubes_that_cannot_be_compared_are_refused(sr, reference, said):
    with pytest.raises(HsisrError, match=said):
        evaluate(sr, reference, upscale=2)
