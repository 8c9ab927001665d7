import numpy as np
import pytest

from hsisr_geo.cube.consistency import measure
from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.resampling import decimate, upsample

RNG = np.random.default_rng(2)
WHOLE = (slice(0, 24), slice(0, 20))
BICUBIC = named("bicubic", 2)
WIDE = named("gaussian:0.02", 2)


def _measure(sr, lr, *how):
    return measure(len(sr), lambda band: (sr[band], lr[band]), *how)


def _pair(bands=3, factor=2):
    lr = RNG.uniform(100, 900, (bands, 24, 20)).astype(np.float32)
    return upsample(lr, factor), lr


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_sums_are_those_of_the_residual(factor):
    sr, lr = _pair(factor=factor)
    found = _measure(sr, lr, WHOLE, named("bicubic", factor))
    residual = decimate(sr, factor).astype(np.float64) - lr
    assert found.rms == pytest.approx(np.sqrt(np.mean(residual**2)))
    assert found.maximum == pytest.approx(np.abs(residual).max())
    relative = np.sqrt((residual**2).mean(axis=(1, 2))) / lr.std(axis=(1, 2))
    assert found.relative == pytest.approx(relative.mean(), rel=1e-4)


def test_an_output_that_degrades_to_its_input_is_consistent():
    sr, _ = _pair()
    found = _measure(sr, decimate(sr, 2), WHOLE, BICUBIC)
    assert (found.rms, found.maximum) == (0, 0)


@pytest.mark.parametrize("degradation", [BICUBIC, WIDE], ids=lambda d: d.name)
def test_parts_of_a_scene_add_up_to_the_whole(degradation):
    sr, lr = _pair()
    reach = degradation.reach
    lr[:, 5:9, 3:6] = np.nan
    whole = _measure(sr, lr, WHOLE, degradation)
    upper = _measure(
        sr[:, : 2 * (11 + reach)],
        lr[:, : 11 + reach],
        (slice(0, 11), slice(0, 20)),
        degradation,
    )
    lower = _measure(
        sr[:, 2 * (11 - reach) :],
        lr[:, 11 - reach :],
        (slice(reach, reach + 13), slice(0, 20)),
        degradation,
    )
    both = upper + lower
    assert np.array_equal(both.count, whole.count)
    assert both.rms == pytest.approx(whole.rms, rel=1e-5)
    assert both.maximum == pytest.approx(whole.maximum, rel=1e-5)
    assert both.relative == pytest.approx(whole.relative, rel=1e-5)


@pytest.mark.parametrize("degradation", [BICUBIC, WIDE], ids=lambda d: d.name)
def test_pixels_whose_d_sees_a_hole_do_not_count(degradation):
    sr, lr = _pair(bands=2)
    lr[0, 10, 10] = np.nan
    sr[0, 20:22, 20:22] = 1e6  # what a fill may have left there
    found = _measure(sr, lr, WHOLE, degradation)
    assert list(found.count) == [24 * 20 - (2 * degradation.reach + 1) ** 2, 24 * 20]
    assert found.maximum < 1000


def test_nothing_to_compare_gives_no_number():
    sr, lr = _pair(bands=1)
    found = _measure(sr, lr * np.nan, WHOLE, BICUBIC)
    assert (found.rms, found.maximum, found.relative) == (None, None, None)
    none = _measure([], [], WHOLE, BICUBIC)
    assert (none.rms, none.maximum, none.relative) == (None, None, None)


def test_a_band_without_contrast_is_left_out_of_the_relative_number():
    sr, lr = _pair(bands=2)
    sr[1], lr[1] = 5, 5
    both = _measure(sr, lr, WHOLE, BICUBIC)
    one = _measure(sr[:1], lr[:1], WHOLE, BICUBIC)
    assert both.relative == pytest.approx(one.relative)
