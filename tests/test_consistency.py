import numpy as np
import pytest

from hsisr_geo.consistency import REACH, measure
from hsisr_geo.resampling import cubic_decimation, decimate, upsample

RNG = np.random.default_rng(2)
WHOLE = (slice(0, 24), slice(0, 20))


def _pair(bands=3, factor=2):
    lr = RNG.uniform(100, 900, (bands, 24, 20)).astype(np.float32)
    return upsample(lr, factor), lr


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_sums_are_those_of_the_residual(factor):
    sr, lr = _pair(factor=factor)
    found = measure(zip(sr, lr, strict=True), WHOLE, factor)
    residual = decimate(sr, factor).astype(np.float64) - lr
    assert found.rms == pytest.approx(np.sqrt(np.mean(residual**2)))
    assert found.maximum == pytest.approx(np.abs(residual).max())
    relative = np.sqrt((residual**2).mean(axis=(1, 2))) / lr.std(axis=(1, 2))
    assert found.relative == pytest.approx(relative.mean(), rel=1e-4)


def test_an_output_that_degrades_to_its_input_is_consistent():
    sr, _ = _pair()
    found = measure(zip(sr, decimate(sr, 2), strict=True), WHOLE, 2)
    assert (found.rms, found.maximum) == (0, 0)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_d_reaches_no_further_than_the_margin_that_tiles_leave(factor):
    weights = cubic_decimation(20 * factor, factor)[10]
    used = np.flatnonzero(weights) // factor
    assert used.min() >= 10 - REACH
    assert used.max() <= 10 + REACH


def test_parts_of_a_scene_add_up_to_the_whole():
    sr, lr = _pair()
    lr[:, 5:9, 3:6] = np.nan
    whole = measure(zip(sr, lr, strict=True), WHOLE, 2)
    upper = measure(
        zip(sr[:, : 2 * (11 + REACH)], lr[:, : 11 + REACH], strict=True),
        (slice(0, 11), slice(0, 20)),
        2,
    )
    lower = measure(
        zip(sr[:, 2 * (11 - REACH) :], lr[:, 11 - REACH :], strict=True),
        (slice(REACH, REACH + 13), slice(0, 20)),
        2,
    )
    both = upper + lower
    assert np.array_equal(both.count, whole.count)
    assert both.rms == pytest.approx(whole.rms, rel=1e-5)
    assert both.maximum == pytest.approx(whole.maximum, rel=1e-5)
    assert both.relative == pytest.approx(whole.relative, rel=1e-5)


def test_pixels_whose_d_sees_a_hole_do_not_count():
    sr, lr = _pair(bands=2)
    lr[0, 10, 10] = np.nan
    sr[0, 20:22, 20:22] = 1e6  # what a fill may have left there
    found = measure(zip(sr, lr, strict=True), WHOLE, 2)
    assert list(found.count) == [24 * 20 - (2 * REACH + 1) ** 2, 24 * 20]
    assert found.maximum < 1000


def test_nothing_to_compare_gives_no_number():
    sr, lr = _pair(bands=1)
    found = measure(zip(sr, lr * np.nan, strict=True), WHOLE, 2)
    assert (found.rms, found.maximum, found.relative) == (None, None, None)
    none = measure([], WHOLE, 2)
    assert (none.rms, none.maximum, none.relative) == (None, None, None)


def test_a_band_without_contrast_is_left_out_of_the_relative_number():
    sr, lr = _pair(bands=2)
    sr[1], lr[1] = 5, 5
    both = measure(zip(sr, lr, strict=True), WHOLE, 2)
    one = measure(zip(sr[:1], lr[:1], strict=True), WHOLE, 2)
    assert both.relative == pytest.approx(one.relative)
