"""Arrays that tell their grid in attributes: GeoZarr's by rioxarray, and stackstac's."""

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

import hsisr_geo.xarray as hx

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
