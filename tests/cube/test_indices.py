"""Indices against values worked out by hand, and where there is none."""

import numpy as np
import pytest

from hsisr_geo.cube.indices import INDICES, find_index
from hsisr_geo.errors import OptionError


def of(name, **by_nm):
    """Return an index of one pixel, whose bands come in any order."""
    index, known = find_index(name), [float(key[1:]) for key in by_nm]
    bands = index.bands(known)
    return index.value(np.array(list(by_nm.values()), np.float32)[list(bands)])


def test_ndvi_takes_the_nearest_bands_whatever_their_order():
    assert of("ndvi", b805=0.5, b670=0.1, b674=0.9, b550=0.2) == pytest.approx(0.4 / 0.6)


def test_the_red_edge_is_where_reflectance_is_halfway_up():
    # halfway is 0.25, the middle between 700 and 740
    assert of("rep", b670=0.04, b700=0.10, b740=0.40, b780=0.46) == pytest.approx(720)
    assert np.isnan(of("rep", b670=0.20, b700=0.22, b740=0.25, b780=0.27))  # soil


def test_a_depth_is_below_the_line_between_its_shoulders():
    assert of("depth:2200", b2120=0.40, b2200=0.30, b2250=0.40) == pytest.approx(0.25)
    straight = of("depth:900", b775=0.300, b900=0.350, b1035=0.404)
    assert straight == pytest.approx(0, abs=1e-6)


def test_scale_does_not_matter_and_what_is_no_reflectance_has_no_index():
    generator = np.random.default_rng(1)
    for index in INDICES:
        values = generator.uniform(0.1, 0.6, (len(index.wavelengths_nm), 4, 5))
        values[:, 0, 0] = np.nan
        values[0, 1, 1] = -0.01
        found = index.value(values)
        assert found.shape == (4, 5)
        assert np.isnan(found[[0, 1], [0, 1]]).all()
        np.testing.assert_allclose(index.value(values * 1e4), found)


def test_a_band_that_is_missing_and_one_without_wavelength_are_none():
    ndvi = find_index("NDVI")
    assert ndvi.bands([None, 550.0]) is None
    assert ndvi.bands([None, None]) is None
    assert ndvi.bands([670.0, None, 808.0]) == (2, 0)
    with pytest.raises(OptionError, match="ndvi, pri, rep, depth:900, depth:2200"):
        find_index("evi")
