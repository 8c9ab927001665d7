import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.cube.holes import REACH, fill_holes

FAR = np.array([10.0, 20.0, 30.0])


def _cube(seed=0, shape=(3, 30, 34), share=0.4):
    rng = np.random.default_rng(seed)
    cube = rng.uniform(1, 100, shape).astype(np.float32)
    cube[:, rng.random(shape[1:]) < share] = np.nan
    cube[:, 5:20, 8:30] = np.nan
    cube[1, rng.random(shape[1:]) < 0.1] = np.nan
    return cube


def test_valid_pixels_stay_and_no_hole_is_left():
    cube = _cube()
    filled = fill_holes(cube, FAR)
    valid = np.isfinite(cube)
    assert np.array_equal(filled[valid], cube[valid])
    assert np.isfinite(filled).all()
    assert not valid.all(), "the input was changed"


def test_a_cube_without_holes_is_returned_as_it_is():
    cube = np.ones((2, 4, 4), np.float32)
    assert fill_holes(cube, FAR[:2]) is cube


@given(
    seed=st.integers(0, 9),
    top=st.integers(0, 12),
    left=st.integers(0, 12),
    rows=st.integers(2 * REACH + 1, 18),
    cols=st.integers(2 * REACH + 1, 22),
)
def test_a_window_is_filled_as_the_scene_is_beyond_the_reach(seed, top, left, rows, cols):
    cube = _cube(seed)
    whole = fill_holes(cube, FAR)
    part = fill_holes(cube[:, top : top + rows, left : left + cols], FAR)
    inner = np.s_[:, REACH:-REACH, REACH:-REACH]
    same = whole[:, top : top + rows, left : left + cols]
    np.testing.assert_allclose(part[inner], same[inner], rtol=1e-6)


def test_values_fade_from_the_rim_to_the_mean_without_a_step():
    cube = np.full((1, 3, 20), 100, np.float32)
    cube[:, :, 5:] = np.nan
    line = fill_holes(cube, np.array([0.0]))[0, 1]
    np.testing.assert_allclose(line[4:10], [100, 80, 60, 40, 20, 0])
    assert (line[9:] == 0).all()


def test_without_a_mean_values_spread_unchanged():
    cube = np.full((1, 3, 20), 100, np.float32)
    cube[:, :, 5:] = np.nan
    line = fill_holes(cube)[0, 1]
    assert (line[: 5 + REACH] == 100).all()
    assert (line[5 + REACH :] == 0).all()


def test_each_band_is_filled_from_its_own_values():
    cube = np.stack([np.full((9, 9), 1), np.full((9, 9), 1000)]).astype(np.float32)
    cube[0, 2:7, 2:7] = np.nan
    cube[1, 4, 4] = np.nan
    filled = fill_holes(cube)
    assert (filled[0] == 1).all()
    assert (filled[1] == 1000).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 7), (3, 40, 3)])
def test_a_cube_of_holes_only_becomes_the_mean(shape):
    filled = fill_holes(np.full(shape, np.nan, np.float32), FAR[: shape[0]])
    assert np.array_equal(filled, np.broadcast_to(FAR[: shape[0], None, None], shape))
