import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.model.noise import BLOCK, noise_field

WHOLE = slice(0, 3 * BLOCK)

windows = st.tuples(st.integers(0, 3 * BLOCK - 1), st.integers(0, 3 * BLOCK - 1)).map(
    lambda ends: slice(min(ends), max(ends) + 1)
)


@given(rows=windows, cols=windows, seed=st.integers(0, 2**63 - 1))
def test_a_window_is_cut_from_one_endless_field(rows, cols, seed):
    whole = noise_field(seed, WHOLE, WHOLE, upscale=4, channels=2)
    part = noise_field(seed, rows, cols, upscale=4, channels=2)
    assert np.array_equal(part, whole[:, rows, cols])


def test_further_channels_leave_the_first_as_they_were():
    one = noise_field(3, WHOLE, WHOLE, upscale=2)
    assert np.array_equal(one[0], noise_field(3, WHOLE, WHOLE, upscale=2, channels=5)[0])


def test_moments_are_those_of_a_standard_normal():
    field = noise_field(0, slice(0, 1024), slice(0, 1024), upscale=4).astype(np.float64).ravel()
    assert field.dtype == np.float64
    assert abs(field.mean()) < 4e-3
    assert abs(field.std() - 1) < 3e-3
    assert abs((field**3).mean()) < 1e-2
    assert abs((field**4).mean() - 3) < 3e-2
    assert 4.5 < np.abs(field).max() < 6.8


def test_neighbouring_pixels_are_independent():
    field = noise_field(1, slice(0, 512), slice(0, 512), upscale=4)[0]
    for shifted, rest in [(field[1:], field[:-1]), (field[:, 1:], field[:, :-1])]:
        assert abs(np.mean(shifted * rest)) < 1e-2
    assert abs(np.mean(field[:, BLOCK:] * field[:, :-BLOCK])) < 1e-2


@pytest.mark.parametrize(
    "other",
    [{"seed": 8}, {"seed": 2**63 - 1}, {"step": 1}, {"sample": 1}, {"upscale": 2}],
)
def test_every_part_of_the_key_gives_another_field(other):
    key = {"seed": 7, "upscale": 4}
    one = noise_field(rows=WHOLE, cols=WHOLE, **key)
    two = noise_field(rows=WHOLE, cols=WHOLE, **{**key, **other})
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.02


def test_the_field_of_version_1_stays_what_it_was():
    field = noise_field(42, slice(100, 101), slice(200, 204), upscale=4, step=3, sample=1)
    np.testing.assert_allclose(field[0, 0], [-0.220357, 0.229158, -0.963296, 0.357007], atol=1e-6)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**64}, {"step": 2**24}, {"upscale": -2}])
def test_a_key_out_of_range_is_refused(wrong):
    key = {"seed": 1, "upscale": 4, **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        noise_field(rows=WHOLE, cols=WHOLE, **key)
