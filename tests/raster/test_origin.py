"""Which sensor took a scene, when, and how far it was processed: in info, tags and STAC."""

import json
from datetime import datetime, timezone

import made_products as made
import numpy as np
import pytest
import rasterio
import xarray as xr
from commands import bicubic, call, pixels, write

from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.open import open_raster

PRODUCTS = {
    "ENMAP": (
        lambda folder: made.make_enmap(folder / "scene")[0],
        ("EnMAP HSI", "2022-07-24T10:24:02Z/2022-07-24T10:24:06Z", "L2A"),
    ),
    "DESIS": (  # no times in the small one, but in its name
        lambda folder: made.make_desis(folder / "scene")[0],
        ("DESIS", "2020-09-25T10:33:08Z", "L1C"),
    ),
    "PRISMA": (
        lambda folder: _made(made.make_prisma, folder / "prisma.he5"),
        ("PRISMA", "2020-06-17T10:21:30Z/2020-06-17T10:21:34Z", "L2D"),
    ),
    "EMIT": (
        lambda folder: _made(made.make_emit, folder / "emit.nc"),
        ("ISS EMIT", "2023-03-29T14:54:06Z/2023-03-29T14:54:18Z", "L2A"),
    ),
    "NEON": (
        lambda folder: _made(
            made.make_neon, folder / "NEON_D01_HARV_DP1_20190820_170922_reflectance.h5"
        ),
        ("NEON imaging spectrometer", "2019-08-20T17:09:22Z", ""),
    ),
    "Tanager": (
        lambda folder: _made(
            made.make_tanager, folder / "20250514_193937_64_4001_basic_radiance.h5"
        ),
        ("Tanager", "2025-05-14T19:39:37Z", ""),
    ),
    "PACE": (
        lambda folder: _made(made.make_pace_l1b, folder / "pace.nc"),
        ("PACE OCI", "2024-05-01T12:00:00Z/2024-05-01T12:05:00Z", "L1B"),
    ),
    "HYPSO": (lambda folder: _made(made.make_hypso, folder / "h.nc"), ("HYPSO", None, "")),
}


def _made(make, path):
    make(path)
    return path


def told(path):
    sensor, when, level = origin_of(open_raster(path))
    return sensor, when and str(when), level


@pytest.mark.parametrize("mission", PRODUCTS)
def test_products_tell_their_origin(tmp_path, mission):
    make, expected = PRODUCTS[mission]
    assert told(make(tmp_path)) == expected


def tagged(path, domain, **tags):
    write(path, pixels())
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns=domain, **tags)
    return path


@pytest.mark.parametrize(
    ("domain", "tags", "expected"),
    [
        (
            "IMAGERY",
            {"SATELLITEID": "EnMAP", "ACQUISITIONDATETIME": "2022-07-24 10:24:02"},
            ("EnMAP", "2022-07-24T10:24:02Z", ""),
        ),
        (
            None,
            {"platform": "ISS", "instrument": "DESIS", "PROCESSING_LEVEL": "2A"},
            ("ISS DESIS", None, "L2A"),
        ),
        (None, {"Sensor": "HySpex", "acquired": "2021-06-01"},
         ("HySpex", "2021-06-01T00:00:00Z/2021-06-01T23:59:59Z", "")),
        (None, {"SENSOR": "Unknown", "level": "850"}, ("", None, "")),
        ("ENVI", {"sensor_type": "AISA", "acquisition_time": "2019-05-04T10:11:12Z"},
         ("AISA", "2019-05-04T10:11:12Z", "")),
        (None, {"TIFFTAG_DATETIME": "2020:02:03 04:05:06"}, ("", "2020-02-03T04:05:06Z", "")),
    ],
)  # fmt: skip
def test_tags_of_any_raster_tell_it_in_any_spelling(tmp_path, domain, tags, expected):
    assert told(tagged(tmp_path / "scene.tif", domain, **tags)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AV320230926t201618_000_L2A_OE.tif", ("AVIRIS-3", "2023-09-26T20:16:18Z", "L2A")),
        (
            "wyvern_dragonette-001_20240603T174129_7ba6ab22.tif",
            ("Wyvern Dragonette", "2024-06-03T17:41:29Z", "L1B"),
        ),
        ("20240603_174129_x.tif", ("", None, "")),  # of nobody that is known: a date of anything
    ],
)
def test_makers_names_tell_it_last(tmp_path, name, expected):
    assert told(write(tmp_path / name, pixels())) == expected


def test_what_the_attributes_of_a_cube_tell(tmp_path):
    attributes = {"platform": "PACE", "sensor": "OCI", "time_coverage_start": "2024-05-01"}
    cube = xr.DataArray(np.ones((4, 9, 8), "f4"), dims=("wavelength", "y", "x"), name="r")
    dataset = cube.assign_coords(y=9.0 - np.arange(9), x=np.arange(8.0)).to_dataset()
    dataset.assign_attrs(attributes).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    sensor, when, _ = origin_of(open_raster(tmp_path / "a.nc"))
    assert sensor == "PACE OCI"
    assert when.start == datetime(2024, 5, 1, tzinfo=timezone.utc)


def test_info_tags_and_item_say_it(tmp_path):
    scene = made.make_enmap(tmp_path / "scene")[0]
    text = call("info", scene).stdout
    assert "sensor       EnMAP HSI, L2A" in text
    assert "acquired     2022-07-24T10:24:02Z/2022-07-24T10:24:06Z (by time_coverage_start)" in text
    record = json.loads(call("info", scene, "--json").stdout)
    assert (record["sensor"], record["processing_level"]) == ("EnMAP HSI", "L2A")
    assert record["acquired"] == "2022-07-24T10:24:02Z/2022-07-24T10:24:06Z"
    bicubic(scene, tmp_path / "fine.tif", "--stac")
    with rasterio.open(tmp_path / "fine.tif") as fine:
        tags = fine.tags()
    assert tags["HSISR_SENSOR"] == "EnMAP HSI"
    assert tags["HSISR_ACQUIRED"] == record["acquired"]
    assert tags["HSISR_SOURCE_LEVEL"] == "L2A"
    item = json.loads((tmp_path / "fine.stac.json").read_text())["properties"]
    assert item["instruments"] == ["enmap hsi"]
    assert item["start_datetime"] == "2022-07-24T10:24:02Z"
    assert item["hsisr:source_level"] == "L2A"


@pytest.mark.parametrize("name", ["fine.tif", "fine.zarr", "fine.img"])
def test_a_result_tells_the_origin_of_its_input(tmp_path, name):
    scene = made.make_enmap(tmp_path / "scene")[0]
    bicubic(scene, tmp_path / name)
    assert told(tmp_path / name) == told(scene)
