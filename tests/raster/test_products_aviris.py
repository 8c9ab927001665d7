"""AVIRIS-3 and -NG: ENVI with a lookup table beside it, and netCDF with a group for the cube."""

import made_products as made
import numpy as np
import pytest
from commands import bicubic

from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window


def read(raster, rows=None, cols=None):
    return read_window(raster, rows or slice(0, raster.rows), cols or slice(0, raster.cols))


LINES = {
    "AVIRIS-3": {},
    "AVIRIS-NG": {"line": "ang20190624t230039", "endings": ("_rdn_v2u1_img", "_glt")},
}


@pytest.mark.parametrize("product", LINES)
def test_a_pixel_of_the_map_is_the_one_that_the_table_names(tmp_path, product):
    image, cube, (sample, line) = made.make_aviris_glt(tmp_path, **LINES[product])
    raster = open_raster(image, orthorectify=True)
    assert raster.product == f"{product}, orthorectified"
    assert raster.transform == made.AVIRIS_GRID
    assert "UTM zone 10N" in raster.crs
    expected = cube[:, np.abs(line) - 1, np.abs(sample) - 1]
    expected[:, sample == 0] = np.nan
    assert np.array_equal(read(raster), expected, equal_nan=True)  # also where it is interpolated
    part = slice(3, 9), slice(5, 14)
    assert np.array_equal(read(raster, *part), expected[(slice(None), *part)], equal_nan=True)
    assert (sample < 0).any()
    bicubic(image, tmp_path / "fine.tif", "--orthorectify")
    assert open_raster(tmp_path / "fine.tif").bounds == raster.bounds


def test_without_the_option_it_is_as_the_sensor_saw_it(tmp_path):
    image, cube, _ = made.make_aviris_glt(tmp_path)
    raster = open_raster(image)
    assert np.array_equal(read(raster), cube)
    assert "--orthorectify" in " ".join(raster.notes)
    sensor, when, level = origin_of(raster)
    assert (sensor, str(when), level) == ("AVIRIS-3", "2023-09-26T20:16:18Z", "L1B")


def test_a_table_of_another_image_is_refused(tmp_path):
    image, _, table = made.make_aviris_glt(tmp_path)
    (path,) = tmp_path.glob("*_GLT")
    (table * 2).tofile(path)
    with pytest.raises(RasterError, match="table of another image"):
        open_raster(image, orthorectify=True)
    path.unlink()
    with pytest.raises(OptionError, match="lookup table"):
        open_raster(image, orthorectify=True)


def test_what_is_above_the_group_of_a_cube_places_it(tmp_path):
    cube = made.make_aviris_netcdf(tmp_path / "AV320230926t201618_000_L2A_OE_RFL_ORT.nc")
    raster = open_raster(tmp_path / "AV320230926t201618_000_L2A_OE_RFL_ORT.nc")
    assert raster.transform.almost_equals(made.AVIRIS_GRID)
    assert "UTM zone 10N" in raster.crs
    assert raster.bands.wavelengths_nm == pytest.approx(made.AVIRIS_CENTRES, rel=1e-6)
    assert raster.bands.fwhm_nm == (8.5,) * 4
    assert np.array_equal(read(raster), np.where(cube == -9999, np.nan, cube), equal_nan=True)
    assert origin_of(raster).sensor == "AVIRIS-3"
