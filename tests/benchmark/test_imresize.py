"""MATLAB's imresize: known vectors from its definition, and ours where there is no border."""

import numpy as np
import pytest

from hsisr_geo.benchmark.data.imresize import imresize
from hsisr_geo.cube.resampling import decimate, upsample


def random(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, shape)


def along_row(values, cols):
    return imresize(np.array([[values]], float), (1, cols))[0, 0]


@pytest.mark.parametrize(("rows", "cols"), [(3, 5), (9, 4), (31, 50), (1, 1)])
def test_a_plateau_stays_one_up_to_the_border_at_any_size(rows, cols):
    np.testing.assert_allclose(imresize(np.full((2, 9, 10), 0.3), (rows, cols)), 0.3, rtol=1e-12)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_ramp_stays_a_ramp_away_from_the_border(factor):
    """Keys' kernel reproduces straight lines when it interpolates.

    Shrinking, it does where its taps lie evenly about a pixel: the centres of pixels stay.
    """
    ramp = np.arange(48.0)[None, None].repeat(5, axis=1)
    fine = imresize(ramp, (5, 48 * factor))[0, 2]
    centres = (np.arange(48 * factor) + 0.5) / factor - 0.5
    np.testing.assert_allclose(fine[2 * factor : -2 * factor], centres[2 * factor : -2 * factor])
    coarse = imresize(ramp, (5, 48 // factor))[0, 2]
    centres = (np.arange(48 // factor) + 0.5) * factor - 0.5
    np.testing.assert_allclose(coarse[2:-2], centres[2:-2])


def test_to_half_the_size_by_hand():
    """Taps of the kernel stretched by 2, at ±0.25, ±0.75, ±1.25, ±1.75 of its own units.

    k(0.25) = 0.8671875, k(0.75) = 0.2265625, k(1.25) = -0.0703125, k(1.75) = -0.0234375; their sum
    over both sides is 2. The first pixel's taps are at input pixels -3 ... 4, of which -3, -2, -1
    are pixels 2, 1, 0 mirrored.
    """
    k = np.array([-0.0234375, -0.0703125, 0.2265625, 0.8671875])
    taps = np.concatenate([k, k[::-1]]) / 2
    x = np.array([5.0, 1.0, 4.0, 2.0, 8.0, 3.0, 7.0, 6.0, 0.0, 9.0])
    first = taps @ [x[2], x[1], x[0], x[0], x[1], x[2], x[3], x[4]]
    middle = taps @ x[1:9]
    last = taps @ [x[5], x[6], x[7], x[8], x[9], x[9], x[8], x[7]]
    made = along_row(x, 5)
    np.testing.assert_allclose(made[[0, 2, 4]], [first, middle, last], rtol=1e-12)


def test_to_twice_the_size_by_hand():
    """Output pixel 0 lies at -0.25: 1.75, 0.75, 0.25 and 1.25 from the pixels -2 ... 1."""
    x = np.array([5.0, 1.0, 4.0, 2.0])
    taps = [-0.0234375, 0.2265625, 0.8671875, -0.0703125]
    made = along_row(x, 8)
    assert made[0] == pytest.approx(np.dot(taps, [x[1], x[0], x[0], x[1]]))
    assert made[3] == pytest.approx(np.dot(taps[::-1], [x[0], x[1], x[2], x[3]]))
    assert made[4] == pytest.approx(np.dot(taps, [x[0], x[1], x[2], x[3]]))


def test_two_pixels_to_one_and_beyond():
    """Wider than the image, the mirror is mirrored again: the mean is all that is left."""
    assert along_row([1.0, 3.0], 1)[0] == pytest.approx(2.0)
    assert along_row([7.0], 4) == pytest.approx(np.full(4, 7.0))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_away_from_the_border_it_is_the_products_own(factor):
    cube = random(3, 24 * factor, 20 * factor).astype(np.float32)
    coarse = imresize(cube, (24, 20))
    inner = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(coarse[inner], decimate(cube, factor)[inner], atol=2e-6)
    assert not np.allclose(coarse, decimate(cube, factor), atol=1e-4)  # at the border it is not
    wide = np.s_[:, 2 * factor : -2 * factor, 2 * factor : -2 * factor]
    fine = imresize(coarse, cube.shape[1:])
    np.testing.assert_allclose(fine[wide], upsample(coarse, factor)[wide], atol=2e-6)


def test_any_size_is_what_the_scale_says_it_is():
    """128 to 42 pixels, as in the paper's x3: taps are of the scale 42/128, not of 1/3."""
    ramp = np.arange(128.0)[None, None]
    coarse = imresize(ramp, (1, 42))[0, 0]
    centres = (np.arange(42) + 0.5) * 128 / 42 - 0.5
    np.testing.assert_allclose(coarse[3:-3], centres[3:-3], atol=0.02)


def test_type_and_input_stay():
    cube = random(2, 8, 8).astype(np.float32)
    before = cube.copy()
    assert imresize(cube, (4, 4)).dtype == np.float32
    assert imresize(cube.astype(float), (4, 4)).dtype == np.float64
    np.testing.assert_array_equal(cube, before)
