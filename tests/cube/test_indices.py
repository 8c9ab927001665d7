"""Indices against values worked out by hand, and where there is none."""

import numpy as np
import pytest

from hsisr_geo.cube.indices import INDICES, band_depth, find_index, ndvi, red_edge_position
from hsisr_geo.errors import OptionError


def cube(**by_nm):
    """Return a cube of one pixel, and its wavelengths."""
    known = {float(name[1:]): value for name, value in by_nm.items()}
    return np.array(list(known.values()), np.float32)[:, None, None], list(known)


def test_ndvi_takes_the_nearest_bands_whatever_their_order():
    values, wavelengths = cube(b805=0.5, b670=0.1, b674=0.9, b550=0.2)
    assert ndvi(values, wavelengths)[0, 0] == pytest.approx(0.4 / 0.6)


def test_the_red_edge_is_where_reflectance_is_halfway_up():
    values, wavelengths = cube(b670=0.04, b700=0.10, b740=0.40, b780=0.46)
    # ^ halfway is 0.25, the middle between 700 and 740
    assert red_edge_position(values, wavelengths)[0, 0] == pytest.approx(720)
    soil, wavelengths = cube(b670=0.20, b700=0.22, b740=0.25, b780=0.27)
    assert np.isnan(red_edge_position(soil, wavelengths)[0, 0])


def test_a_depth_is_below_the_line_between_its_shoulders():
    values, wavelengths = cube(b2120=0.40, b2200=0.30, b2260=0.40)
    assert band_depth(2200)(values, wavelengths)[0, 0] == pytest.approx(0.25)
    straight, wavelengths = cube(b780=0.30, b900=0.36, b1000=0.41)
    assert band_depth(900)(straight, wavelengths)[0, 0] == pytest.approx(0, abs=1e-6)


def test_scale_does_not_matter_and_what_is_no_reflectance_has_no_index():
    generator = np.random.default_rng(1)
    wavelengths = np.arange(400, 2400, 10.0)
    values = generator.uniform(0.1, 0.6, (len(wavelengths), 4, 5))
    values[:, 0, 0] = np.nan
    values[:, 1, 1] = -0.01
    for index in INDICES:
        found = index(values, wavelengths)
        assert found.shape == (4, 5)
        assert np.isnan(found[[0, 1], [0, 1]]).all()
        np.testing.assert_allclose(index(values * 1e4, wavelengths), found)


def test_a_band_that_is_missing_is_told_and_one_without_wavelength_is_none():
    assert ndvi.bands([None, 550.0]) is None
    assert ndvi.bands([None, None]) is None
    assert ndvi.bands([670.0, None, 808.0]) == (2, 0)
    with pytest.raises(OptionError, match="within 12 nm of 800, 670 nm"):
        ndvi(np.ones((1, 2, 2)), [550.0])
    with pytest.raises(OptionError, match="ndvi, pri, rep, depth:900, depth:2200"):
        find_index("evi")
    with pytest.raises(OptionError, match="900 or 2200 nm, not at 1200"):
        band_depth(1200)
