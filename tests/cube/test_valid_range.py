"""What output values may be, given the input around them."""

import numpy as np
import pytest

from hsisr_geo.cube.valid_range import ANYTHING, check_range, hold
from hsisr_geo.errors import OptionError

WHOLE = slice(0, 5), slice(0, 5)


def held(sr, lr, *, limits=None, room=1.0):
    sr = sr.astype(np.float32)
    found = hold(sr[None], lr[None], WHOLE, WHOLE, WHOLE, limits=limits, room=[room])
    return sr, int(found.cut[0]), int(found.valid[0])


@pytest.fixture
def lr():
    cube = np.full((5, 5), 10, np.float32)
    cube[:, 3:] = 14  # the range of a neighbourhood that holds both is 4
    return cube


def test_a_spike_is_cut_to_one_range_beyond_the_neighbourhood(lr):
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    sr[5, 6], sr[0, 5] = 500, 6.5
    found, cut, valid = held(sr, lr)
    assert (found[5, 6], found[0, 5]) == (18, 6.5)
    assert (cut, valid) == (1, 100)


def test_a_value_darker_than_all_around_is_brought_near_to_it_without_a_step(lr):
    """The least value around is 10: from 6 on down values are drawn together, towards 2.4."""
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    given = np.array([6.01, 6, 5.9, 5, 3, 0, -500], np.float32)
    sr[2:9, 4] = given
    found, cut, _ = held(sr, lr, room=20.0)
    made = found[2:9, 4]
    assert cut == 5
    np.testing.assert_array_equal(made[:2], given[:2])
    assert 5.9 < made[2] < 5.902
    assert np.all(np.diff(made) < 0)
    assert made[-1] == pytest.approx(2.4)
    assert held(sr, lr, room=np.inf)[0][8, 4] == 0  # interpolation is free to be dark
    np.testing.assert_array_equal(held(sr, lr, limits=ANYTHING, room=100.0)[0], sr)


def test_beside_a_bright_pixel_a_dark_one_keeps_a_share_of_what_lies_between_them():
    """The least value around is 1, but a quarter of the way to its neighbour the input is at 26."""
    lr = np.full((5, 5), 1, np.float32)
    lr[:, 3] = 101
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    sr[4, 5] = sr[4, 4] = 0
    found = held(sr, lr, room=100.0)[0]
    scale = 0.4 + 0.6 * np.exp(-1 / 0.6)
    assert found[4, 5] == pytest.approx(0.3 * 26 * scale, rel=1e-5)
    assert found[4, 4] == pytest.approx(0.6 * 1 * scale, rel=1e-5)


def test_tiles_do_not_show_in_dark_pixels():
    rng = np.random.default_rng(5)
    lr = rng.uniform(1, 100, (9, 11)).astype(np.float32)
    lr[4, 4] = np.nan
    sr = rng.uniform(-20, 100, (27, 33)).astype(np.float32)
    whole = slice(0, 9), slice(0, 11)
    at_once, part = sr[None].copy(), sr[None, 9:18, 12:24].copy()
    hold(at_once, lr[None], whole, whole, whole, limits=None, room=[2.0])
    window, outer = (slice(2, 7), slice(3, 9)), (slice(3, 6), slice(4, 8))
    hold(part, lr[None, 2:7, 3:9], window, outer, outer, limits=None, room=[2.0])
    np.testing.assert_allclose(part[0], at_once[0, 9:18, 12:24], rtol=1e-6)
    assert np.count_nonzero(part[0] != sr[9:18, 12:24]) > 20


def test_where_the_input_is_not_negative_neither_is_the_output(lr):
    lr[0, 0] = 2
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    sr[0, 0] = -3  # within one range, which is 8
    assert held(sr, lr, room=np.inf)[0][0, 0] == 0
    assert held(sr, lr)[0][0, 0] > 0
    lr[1, 1] = -1
    assert held(sr, lr, room=np.inf)[0][0, 0] == -3


def test_a_given_range_counts_instead_and_all_of_it_cuts_nothing(lr):
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    sr[4, 5] = -500
    assert held(sr, lr, limits=(8, 12))[0].max() == 12
    assert held(sr, lr, limits=(8, 12))[0].min() == 8
    np.testing.assert_array_equal(held(sr, lr, limits=ANYTHING)[0], sr)


def test_where_nothing_is_cut_a_mask_band_still_keeps_to_its_neighbourhood(lr):
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    sr[0, 0] = 0  # transparent
    assert held(sr, lr, limits=ANYTHING, room=0.0)[0][0, 0] == 10


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_every_output_pixel_of_an_input_pixel_is_held(lr, upscale):
    sr = lr.repeat(upscale, axis=0).repeat(upscale, axis=1)
    sr[:upscale, :upscale] = 700  # the neighbourhood has no range
    found, cut, valid = held(sr, lr)
    assert (found[:upscale, :upscale] == 10).all()
    assert (cut, valid) == (upscale**2, 25 * upscale**2)


def test_holes_decide_nothing_and_are_not_counted(lr):
    lr[2, 2] = np.nan
    sr = lr.repeat(2, axis=0).repeat(2, axis=1)
    sr[4, 4] = 700
    _, cut, valid = held(sr, lr)
    assert (cut, valid) == (0, 96)


def test_a_range_must_enclose_something():
    assert check_range(None) is None
    for wrong in ((1, 0), (2, 2), (float("nan"), 1)):
        with pytest.raises(OptionError, match="least value"):
            check_range(wrong)
