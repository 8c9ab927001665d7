"""Scenes whose makers write HDF5 with latitude and longitude, as their specifications have them."""

import json

import h5py
import numpy as np
import pytest
from affine import Affine
from made_products import (
    HYPSO_CENTRES,
    PACE_CENTRES,
    TANAGER_CENTRES,
    TANAGER_GRID,
    make_hico,
    make_hypso,
    make_pace_l1b,
    make_pace_l2,
    make_tanager,
)

from hsisr_geo import HsisrError, OptionError, open_raster, read_window
from hsisr_geo.raster.read import read_cube, whole

KINDS = {"toa_radiance": "radiance", "surface_reflectance": "surface reflectance"}


def everything(raster):
    return read_cube(raster, whole(raster), range(len(raster.bands)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", [False, True], ids=["swath", "grid"])
def test_tanager_has_its_pixels_bands_and_holes(tmp_path, kind, grid):
    cube = make_tanager(tmp_path / "scene.h5", kind=kind, grid=grid)
    raster = open_raster(tmp_path / "scene.h5")
    assert raster.product == f"Tanager {'ortho' if grid else 'basic'} {KINDS[kind]}"
    assert raster.bands.wavelengths_nm == TANAGER_CENTRES
    assert raster.bands.fwhm_nm == (5.5,) * 6
    assert [band.good for band in raster.bands] == [True, True, True, False, True, True]
    found = everything(raster)
    holes = np.zeros(cube.shape[1:], bool)
    holes[:2, :3] = holes[-1, -4:] = True  # the fill value, and pixels outside of the scene
    assert np.array_equal(np.isnan(found), np.broadcast_to(holes, cube.shape))
    assert np.array_equal(found[:, ~holes], cube[:, ~holes])


def test_tanagers_grid_lies_between_its_corners(tmp_path):
    make_tanager(tmp_path / "scene.h5", grid=True)
    raster = open_raster(tmp_path / "scene.h5")
    assert raster.transform.almost_equals(TANAGER_GRID)
    assert "UTM zone 33N" in raster.crs
    with pytest.raises(OptionError, match="on a map grid already"):
        open_raster(tmp_path / "scene.h5", orthorectify=True)


def test_tanagers_swath_is_placed_by_points_out_of_its_arrays(tmp_path):
    make_tanager(tmp_path / "scene.h5")
    raster = open_raster(tmp_path / "scene.h5")
    for point in raster.gcps:
        row, col = point.row - 0.5, point.col - 0.5
        assert point.x == pytest.approx(17 + 0.0003 * col)
        assert point.y == pytest.approx(25 - 0.0003 * row + 0.00004 * col)


def test_an_orthorectified_pixel_is_the_one_of_the_swath_that_lies_there(tmp_path):
    from rasterio.warp import transform

    cube = make_tanager(tmp_path / "scene.h5")
    raster = open_raster(tmp_path / "scene.h5", orthorectify=True)
    found = everything(raster)[1]
    rows, cols = np.nonzero(np.isfinite(found))
    xs, ys = raster.transform @ (cols + 0.5, rows + 0.5)
    lon, lat = map(np.array, transform(raster.crs, "EPSG:4326", xs, ys))
    col = (lon - 17) / 0.0003
    row = (25 + 0.00004 * col - lat) / 0.0003
    taken = np.array([np.argwhere(cube[1] == value)[0] for value in found[rows, cols]])
    off = np.array([taken[:, 0] - row, taken[:, 1] - col])
    assert np.abs(off).max() < 0.75  # the nearest, up to what GDAL's inverse is exact to
    assert np.abs(np.median(off, axis=1)).max() < 0.1  # not half a pixel to one side
    valid = np.isfinite(read_window(open_raster(tmp_path / "scene.h5"), slice(0, 24), slice(0, 20)))
    assert len(set(map(tuple, taken))) > 0.95 * valid[1].sum()


def test_tanagers_swath_goes_onto_the_grid_that_planet_frames_it_by(tmp_path):
    """Planet, "Tanager Product Specification", November 2025: the framing is an attribute of the
    geolocation; by its grid the ortho scene can be made of the basic one."""
    framing = {"epsg_code": 32633, "rows": 40, "cols": 30,
               "geotransform": [701610.0, 30.0, 0.0, 2766990.0, 0.0, -30.0]}  # fmt: skip
    make_tanager(tmp_path / "scene.h5")
    with h5py.File(tmp_path / "scene.h5", "a") as file:
        located = file["HDFEOS/SWATHS/HYP/Geolocation Fields"]
        located.attrs["Planet_Ortho_Framing"] = json.dumps(framing)
    raster = open_raster(tmp_path / "scene.h5", orthorectify=True)
    assert raster.shape == (40, 30)
    assert raster.transform == Affine(30, 0, 701610, 0, -30, 2766990)
    assert "UTM zone 33N" in raster.crs
    assert np.isfinite(everything(raster)[1]).sum() > 300


def test_the_makers_reader_sees_the_same_tanager(tmp_path):
    tanager = pytest.importorskip("xarray_hyperspectral.tanager")
    for grid in (False, True):
        path = tmp_path / f"{grid}.h5"
        make_tanager(path, grid=grid)
        raster, theirs = open_raster(path), tanager.open_tanager(str(path))
        mask = theirs["nodata_pixels"].values.astype(bool)
        cube = np.where(mask, np.nan, theirs["radiance"].values)
        assert np.array_equal(everything(raster), cube, equal_nan=True)
        assert tuple(theirs["wavelength"].values) == raster.bands.wavelengths_nm
        if grid:
            x, y = raster.transform @ (0.5, 0.5)
            assert (theirs["x"].values[0], theirs["y"].values[0]) == pytest.approx((x, y))


def test_lists_of_another_length_are_refused_by_name(tmp_path):
    make_tanager(tmp_path / "scene.h5")
    with h5py.File(tmp_path / "scene.h5", "a") as file:
        cube = file["HDFEOS/SWATHS/HYP/Data Fields/toa_radiance"]
        cube.attrs["wavelengths"] = np.array([400.0, 500.0])
    with pytest.raises(HsisrError, match="2 wavelengths, but has 6 bands"):
        open_raster(tmp_path / "scene.h5")


def test_hico_is_scaled_and_placed(tmp_path):
    """As acolite/hico/read.py has it: values times scale_factor[0], `navigation/latitudes`."""
    cube = make_hico(tmp_path / "H2010.L1B_ISS.nc")
    raster = open_raster(tmp_path / "H2010.L1B_ISS.nc")
    assert (raster.product, raster.tags[""]["sensor"]) == ("HICO radiance", "HICO")
    np.testing.assert_allclose(everything(raster), cube.transpose(2, 0, 1) * 0.02, rtol=1e-6)
    assert raster.bands.wavelengths_nm == HYPSO_CENTRES
    assert raster.bands.fwhm_nm == (5.7,) * 4
    lies_at(raster)
    assert open_raster(tmp_path / "H2010.L1B_ISS.nc", orthorectify=True).has_transform


def lies_at(raster):
    """Control points lie where the arrays of the file say: see `made_products._places`."""
    assert raster.gcps
    for point in raster.gcps:
        row, col = point.row - 0.5, point.col - 0.5
        assert point.y == pytest.approx(60 - 0.01 * row, abs=1e-5)
        assert point.x == pytest.approx(5 + 0.02 * col + 0.001 * row, abs=1e-5)


@pytest.mark.parametrize("single", [False, True], ids=["cube", "dataset a band"])
def test_hypso_is_one_cube_in_order_of_wavelength(tmp_path, single):
    cube = make_hypso(tmp_path / "hypso.nc", single=single)
    raster = open_raster(tmp_path / "hypso.nc")
    assert (raster.product, raster.bands.wavelengths_nm) == ("HYPSO radiance", HYPSO_CENTRES)
    assert raster.bands.fwhm_nm == (3.3,) * 4
    assert np.array_equal(everything(raster), cube)
    lies_at(raster)


def test_pace_joins_its_detectors_and_keeps_the_overlap_in_order(tmp_path):
    cube = make_pace_l1b(tmp_path / "pace.nc")
    raster = open_raster(tmp_path / "pace.nc")
    centres = sum(PACE_CENTRES.values(), ())
    assert raster.product == "PACE OCI L1B"
    assert raster.bands.wavelengths_nm == pytest.approx(centres)
    assert np.array_equal(everything(raster), cube)
    some = read_window(raster, slice(2, 9), slice(1, 5), [4, 0, 6])
    assert np.array_equal(some, cube[[4, 0, 6], 2:9, 1:5])
    lies_at(raster)


def test_pace_level_2_has_its_bands_last_and_packed(tmp_path):
    values = make_pace_l2(tmp_path / "pace.nc")
    raster = open_raster(tmp_path / "pace.nc")
    assert (raster.product, raster.shape) == ("PACE OCI L2", (14, 11))
    assert raster.bands.wavelengths_nm == (412.0, 555.0, 678.0)
    np.testing.assert_allclose(everything(raster), values, rtol=1e-6)
    lies_at(raster)
    ortho = open_raster(tmp_path / "pace.nc", orthorectify=True)
    assert np.nanmax(everything(ortho)) == np.float32(np.nanmax(values))


@pytest.mark.parametrize(
    ("make", "cube"),
    [
        (make_hypso, "products/Lt"),
        (make_pace_l1b, "observation_data/rhot_red"),
        (make_pace_l2, "geophysical_data/Rrs"),
        (make_tanager, "HDFEOS/SWATHS/HYP/Data_Fields/toa_radiance"),
    ],
)
def test_subdatasets_of_gdal_are_the_product_too(tmp_path, make, cube):
    make(tmp_path / "scene.nc")
    named = open_raster(f'HDF5:"{tmp_path / "scene.nc"}"://{cube}')
    assert named.product == open_raster(tmp_path / "scene.nc").product != ""


def test_a_fill_value_that_no_pixel_can_have_is_none(tmp_path):
    make_tanager(tmp_path / "scene.h5")
    with h5py.File(tmp_path / "scene.h5", "r+") as file:
        cube = file["HDFEOS/SWATHS/HYP/Data Fields/toa_radiance"]
        cube.attrs["_FillValue"] = 1e308  # beyond float32
    assert open_raster(tmp_path / "scene.h5").bands.nodata is None
