"""Arrays whose grid others tell: GeoZarr's and turned ones by rioxarray, and stackstac's."""

import numpy as np
import pytest
import rasterio
import rioxarray
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

import hsisr_geo.xarray as hx
from hsisr_geo.raster.open import open_raster

PLACE = Affine(30, 0, 366000, 0, -30, 5808000)
FINE = Affine(15, 0, 366000, 0, -15, 5808000)
CUBE = np.random.default_rng(0).random((3, 12, 10)).astype("f4")
UTM = CRS.from_epsg(32633)


def array(*, corner=(0.0, 0.0), **attributes):
    x = 366000 + 30.0 * (np.arange(10) + corner[0])
    y = 5808000 - 30.0 * (np.arange(12) + corner[1])
    return xr.DataArray(CUBE, {"y": y, "x": x, "epsg": 32633}, ("band", "y", "x"), "c", attributes)


def finer(coarse):
    return coarse.hsisr.super_resolve(upscale=2, model="bicubic")


class Spec:
    """As stackstac's: an object."""

    resolutions_xy = (30.0, 30.0)


@pytest.mark.parametrize("part", [slice(None), slice(3, None)])
def test_labels_at_corners_stay_there_and_attributes_follow(tmp_path, part):
    told = {"transform": PLACE, "crs": "epsg:32633", "resolution": 30.0, "spec": Spec()}
    coarse = array(**told).isel(x=part, y=part)
    fine = finer(coarse)
    offset = part.start or 0
    assert fine.x.values[:3].tolist() == [366000 + 30 * offset + k * 15 for k in range(3)]
    assert fine.attrs["transform"] == FINE
    assert fine.attrs["resolution"] == 15
    assert "spec" not in fine.attrs
    for number, (each, place) in enumerate(((coarse, PLACE), (fine, FINE))):
        path = tmp_path / f"{number}.tif"
        hx.to_raster(each, path)
        with rasterio.open(path) as written:
            begin = offset * (number + 1)
            assert written.transform == place @ Affine.translation(begin, begin)
            assert written.crs == UTM


@pytest.mark.parametrize("centred", [True, False])
def test_a_transform_beside_centres_leaves_them_centres(centred):
    told = {"transform": tuple(PLACE)[:6], "res": (30.0, 30.0)} if centred else {}
    fine = finer(array(corner=(0.5, 0.5), **told))
    assert fine.x.values[:2].tolist() == [366007.5, 366022.5]
    assert fine.attrs.get("res", [15, 15]) == [15, 15]


@pytest.mark.parametrize("node", [True, False])
def test_geozarrs_attributes_tell_the_finer_grid(node):
    half = Affine.translation(0.5, 0.5) if node else Affine.identity()
    told = {
        "proj:code": "EPSG:32633",
        "spatial:transform": list(PLACE @ half)[:6],
        "spatial:shape": [12, 10],
        "spatial:registration": "node" if node else "pixel",
    }
    coarse = array(corner=(0.5, 0.5), **told)
    assert finer(coarse).x.values[:2].tolist() == [366007.5, 366022.5]
    fine = finer(coarse.drop_vars(["x", "y"]))
    assert fine.attrs["spatial:transform"] == list(FINE @ half)[:6]
    assert fine.attrs["spatial:shape"] == [24, 20]


TURNED = Affine.translation(366000, 5808000) @ Affine.rotation(30) @ Affine.scale(10, -8)


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    path = tmp_path_factory.mktemp("turned") / "turned.tif"
    profile = {"driver": "GTiff", "count": 3, "height": 12, "width": 10, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=UTM, transform=TURNED) as file:
        file.write(CUBE)
    return path


def counted_by_odc(path):
    """As odc.geo.xr.wrap_xr labels a turned grid."""
    x, y = (("x", np.arange(10) + 0.5), ("y", np.arange(12) + 0.5))
    told = {"crs_wkt": UTM.to_wkt(), "GeoTransform": " ".join(map(repr, TURNED.to_gdal()))}
    coords = {n: (n, v.astype("f4"), {"units": "pixel"}) for n, v in (x, y)}
    coords["spatial_ref"] = ((), 32633, told)
    found = xr.DataArray(CUBE, coords, ("band", "y", "x"), "c")
    found.encoding["grid_mapping"] = "spatial_ref"
    return found


def indexed_by_rasterix(path):
    """As rasterix.assign_index leaves it: its index labels centres, and GeoTransform is gone."""
    found = hx.open_dataarray(path)
    del found.spatial_ref.attrs["GeoTransform"]
    return found


@pytest.mark.filterwarnings("ignore:Use `@`:PendingDeprecationWarning")  # rioxarray
@pytest.mark.parametrize(
    ("opened", "rows", "step"),
    [
        (rioxarray.open_rasterio, slice(3, 9), 1),
        (counted_by_odc, slice(3, 9), 1),
        (indexed_by_rasterix, slice(3, 9), 1),
        (hx.open_dataarray, slice(3, 4), 1),
        (hx.open_dataarray, slice(3, 9), 2),
    ],
)
def test_a_part_of_a_turned_grid_lies_where_it_was_cut(tmp_path, turned, opened, rows, step):
    part = opened(turned).isel(y=slice(rows.start, rows.stop, step), x=slice(4, 10, step))
    place = TURNED @ Affine.translation(4, 3) @ Affine.scale(step)
    if step == 2:  # the first pixel of each pair, at its own centre
        place = place @ Affine.translation(-0.25, -0.25)
    fine, finer_place = finer(part), place @ Affine.scale(0.5)
    for number, (each, grid) in enumerate([(part, place), (fine, finer_place)]):
        path = tmp_path / f"{number}.tif"
        hx.to_raster(each, path)
        with rasterio.open(path) as written:
            assert written.transform.almost_equals(grid, 1e-6)
    label = float(fine.xc[0, 0]), float(fine.yc[0, 0])
    assert label == pytest.approx(finer_place @ (0.5, 0.5), rel=1e-12)
    if "GeoTransform" in part.spatial_ref.attrs:
        told = map(float, fine.spatial_ref.attrs["GeoTransform"].split())
        assert Affine.from_gdal(*told).almost_equals(finer_place, 1e-6)


def test_a_part_of_a_turned_grid_counted_by_odc_lies_there_in_netcdf_too(tmp_path):
    part = counted_by_odc(None).isel(y=slice(3, 9), x=slice(4, None))
    part.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    expected = TURNED @ Affine.translation(4, 3)
    assert open_raster(tmp_path / "a.nc").transform.almost_equals(expected, 1e-6)
