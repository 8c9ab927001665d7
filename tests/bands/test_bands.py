import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.bands.bands import Band, Bands, guess_unit, to_nanometers


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (550.25, "Nanometers", 550.25),
        (550.25, " nm ", 550.25),
        (0.55025, "Micrometers", 550.25),
        (0.41746, "um", 417.46),
        (2.2, "µm", 2200.0),
        (5500, "Angstroms", 550.0),
        (7, "Index", None),
        (18000, "Wavenumber", None),
    ],
)
def test_units_become_nanometers(value, unit, expected):
    assert to_nanometers(value, unit) == expected


@given(st.floats(200, 15000))
def test_micrometres_and_nanometres_say_the_same(nanometers):
    assert to_nanometers(nanometers / 1000, "um") == pytest.approx(nanometers, abs=1e-6)


@given(st.lists(st.floats(200, 15000), min_size=1))
def test_a_missing_unit_is_guessed_right_for_every_optical_sensor(nanometers):
    assert guess_unit(nanometers) == "Nanometers"
    assert guess_unit([w / 1000 for w in nanometers]) == "Micrometers"


def test_good_bands_and_subsets_keep_file_order():
    bands = Bands(tuple(Band(name=n, good=n != "b") for n in "abc"))
    assert bands.good_indices == (0, 2)
    assert [band.name for band in bands.select([2, 0])] == ["c", "a"]
    assert len(bands) == 3


def test_wavelengths_are_all_known_or_not_given():
    known = [Band(wavelength_nm=w, fwhm_nm=9.0) for w in (400.0, 500.0)]
    assert Bands(tuple(known)).wavelengths_nm == (400.0, 500.0)
    assert Bands(tuple(known)).fwhm_nm == (9.0, 9.0)
    assert Bands((*known, Band())).wavelengths_nm is None
    assert Bands((*known, Band())).fwhm_nm is None


def test_bands_with_nan_as_nodata_are_equal():
    assert Band(nodata=math.nan) == Band(nodata=float("nan"))
    assert Band(nodata=math.nan) == pickle.loads(pickle.dumps(Band(nodata=math.nan)))


@pytest.mark.parametrize(
    ("band", "label"),
    [
        (Band(name="B4", wavelength_nm=550.25), "B4"),
        (Band(wavelength_nm=550.25), "550.25 nm"),
        (Band(), ""),
    ],
)
def test_a_band_is_labelled_by_its_name_or_else_its_wavelength(band, label):
    assert band.label == label


def test_good_bands_by_wavelength():
    bands = [Band(wavelength_nm=nm, good=nm != 900) for nm in (950, 900, 940, 450)]
    assert Bands(tuple(bands)).good_by_wavelength == (3, 2, 0)
    assert Bands((*bands, Band())).good_by_wavelength == (0, 2, 3, 4)
