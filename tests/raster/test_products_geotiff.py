"""GeoTIFFs of makers who keep scaling and wavelengths beside them, or in tags of their own."""

import json

import made_products as made
import numpy as np
import pytest

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window


def read(raster):
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


@pytest.mark.parametrize(
    ("tags", "item"),
    [
        (("Wavelength", "Wavelength_Units", "FWHM"), False),
        (("WAVELENGTH", "wavelength_units", "Fwhm"), False),
        ((), True),
    ],
)
def test_wyverns_bands_are_read_in_any_case_or_out_of_its_item(tmp_path, tags, item):
    path, cube = made.make_wyvern(tmp_path, tags=tags, item=item)
    raster = open_raster(path)
    assert raster.product == "Wyvern L1B"
    assert raster.bands.wavelengths_nm == pytest.approx(made.WYVERN_CENTRES)
    assert raster.bands.fwhm_nm == pytest.approx((21.5,) * 4)
    assert {band.unit for band in raster.bands} == {"W m-2 sr-1 um-1"}
    assert (raster.transform.a, raster.transform.e) == (5.85e-5, -4.5e-5)  # pixels are oblong
    assert np.array_equal(read(raster), np.where(cube == -9999, np.nan, cube), equal_nan=True)
    assert str(origin_of(raster).acquired) == "2024-06-03T17:41:29Z"


@pytest.mark.parametrize(("level", "scale"), [("L2A", 1 / 50000), ("L1C", 1 / 50000), ("L1B", 1)])
def test_pixxels_reflectance_is_a_50000th(tmp_path, level, scale):
    path, cube = made.make_pixxel(tmp_path, level=level)
    raster = open_raster(path)
    assert raster.product == f"Pixxel {level}"
    assert raster.bands.wavelengths_nm == made.PIXXEL_CENTRES
    np.testing.assert_allclose(read(raster), cube * scale, rtol=1e-6)
    sensor, when, found = origin_of(raster)
    assert (sensor, found) == ("Pixxel Firefly", level)
    assert str(when).startswith("2025-06-07T00:00:00Z")


def test_kuvas_values_are_those_of_its_json(tmp_path):
    path, cube = made.make_kuva(tmp_path)
    raster = open_raster(path)
    assert raster.product == "Kuva L1C"
    assert raster.bands.wavelengths_nm == made.KUVA_CENTRES
    assert raster.bands.fwhm_nm == (20.0, 21.0, 22.0, 23.0)
    number = np.arange(4)[:, None, None]
    expected = np.where(cube == 0, np.nan, (cube - 10.0 * number) * 1e-4 * (number + 1))
    np.testing.assert_allclose(read(raster), expected, rtol=1e-5, atol=1e-7)
    sensor, when, level = origin_of(raster)
    assert (sensor, str(when), level) == ("hyperfield1a", "2025-11-02T10:20:30Z", "L1C")


def test_a_scale_of_zero_in_kuvas_json_is_refused_and_not_taken_for_none(tmp_path):
    path, _ = made.make_kuva(tmp_path)
    (beside,) = tmp_path.glob("*.json")
    told = json.loads(beside.read_text())
    told["image"]["bands"][1]["scale"] = 0
    beside.write_text(json.dumps(told))
    with pytest.raises(RasterError, match="scale"):
        open_raster(path)


def test_a_json_of_another_number_of_bands_is_of_another_product(tmp_path):
    path, _ = made.make_kuva(tmp_path)
    (beside,) = tmp_path.glob("*.json")
    told = json.loads(beside.read_text())
    del told["image"]["bands"][0]
    beside.write_text(json.dumps(told))
    with pytest.raises(RasterError, match=r"tells of 3 bands, but .* has 4"):
        open_raster(path)
    beside.write_text("{")  # no JSON: the image as it is
    assert open_raster(path).product == ""
