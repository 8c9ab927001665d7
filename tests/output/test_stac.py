"""The STAC item beside an output: valid, and true of it."""

import json
import shutil
import warnings
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pystac.extensions.projection import ProjectionExtension
from pystac.validation import validate_dict
from rasterio.warp import transform as transform_points

from hsisr_geo.api import super_resolve
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import HsisrError, OutputError
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.formats.summary import BandSummary
from hsisr_geo.output.stac.asset import Made
from hsisr_geo.output.stac.item import describe
from hsisr_geo.output.stac.outline import bounding_box, outline
from hsisr_geo.raster.facts.acquisition import acquired
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
NORTH_UP = Affine(30, 0, 364095, 0, -30, 5809965)
UTM33 = rasterio.CRS.from_epsg(32633).to_wkt()
SHA = "0123456789abcdef" * 4


def raster(**changes) -> Raster:
    bands = Bands((Band(name="one", wavelength_nm=640.0, fwhm_nm=9.5, color="red"), Band()))
    plain = Raster("gone.tif", "GTiff", (60, 40), UTM33, NORTH_UP, "int16", bands)
    return replace(plain, **changes)


def item_of(raster: Raster, tags=None, folder=Path("/nowhere")) -> dict:
    summaries = [BandSummary(9, 8, 1, 3, 2, 0.5, 1, 3), BandSummary(9)]
    made = Made("a.tif", "image/tiff", raster, tags or {}, summaries)
    return describe(folder, [made], NOW)


def is_valid(item: dict) -> bool:
    # The core alone: schemas of extensions are not part of pystac, and nothing is fetched here.
    return bool(validate_dict(item, extensions=[]))


@pytest.fixture(scope="module")
def item(scenes, tmp_path_factory):
    """Item and folder of a part of a real tile, by the default model with its uncertainty."""
    folder = tmp_path_factory.mktemp("stac")
    source = shutil.copy(scenes.tile, folder / "scene.tif")
    place = open_raster(source).transform
    (left, top), (right, bottom) = place @ (8, 8), place @ (24, 20)
    super_resolve(
        source,
        folder / "fine.tif",
        resolver=load_resolver("default", upscale=2),
        bounds=(left, bottom, right, top),
        uncertainty=Uncertainty(folder / "sigma.tif", samples=2, bands="mean"),
        write=WriteOptions("cog", stac=True),
    )
    return json.loads((folder / "fine.stac.json").read_text()), folder


def test_pystac_finds_the_item_valid(item):
    found, folder = item
    assert is_valid(found)
    read = pystac.Item.from_file(folder / "fine.stac.json")
    assert read.id == "fine"
    hrefs = {name: Path(asset.get_absolute_href()) for name, asset in read.assets.items()}
    assert hrefs == {"image": folder / "fine.tif", "uncertainty": folder / "sigma.tif"}
    assert not is_valid_after(found, lambda broken: broken.pop("bbox"))


def is_valid_after(item: dict, breaking) -> bool:
    broken = json.loads(json.dumps(item))
    breaking(broken)
    try:
        return is_valid(broken)
    except pystac.errors.STACValidationError:
        return False


def test_projection_is_that_of_the_file(item):
    found, folder = item
    projection = ProjectionExtension.ext(pystac.Item.from_dict(found))
    with rasterio.open(folder / "fine.tif") as dataset:
        assert projection.code == f"EPSG:{dataset.crs.to_epsg()}"
        assert projection.shape == list(dataset.shape)
        assert projection.transform == list(dataset.transform)[:6]
        assert projection.bbox == list(dataset.bounds)
        assert found["assets"]["image"]["raster:spatial_resolution"] == dataset.res[0]


def test_the_outline_is_where_the_corners_are(item):
    found, folder = item
    ring = found["geometry"]["coordinates"][0]
    with rasterio.open(folder / "fine.tif") as dataset:
        box = dataset.bounds
        lons, lats = transform_points(
            dataset.crs, "EPSG:4326", [box.left, box.right], [box.top, box.bottom]
        )
    assert ring[0] == ring[-1] == pytest.approx([lons[0], lats[0]], abs=1e-6)
    assert any(point == pytest.approx([lons[1], lats[1]], abs=1e-6) for point in ring)
    lon, lat = np.array(ring).T
    assert np.sum(lon[:-1] * lat[1:] - lon[1:] * lat[:-1]) > 0  # counterclockwise, as GeoJSON wants
    assert found["bbox"] == [lon.min(), lat.min(), lon.max(), lat.max()]


def test_bands_are_those_of_the_file_in_micrometres(item):
    found, folder = item
    written = open_raster(folder / "fine.tif")
    bands = found["assets"]["image"]["bands"]
    assert len(bands) == len(written.bands)
    for told, band in zip(bands, written.bands, strict=True):
        assert told["name"] == band.label
        assert told["eo:center_wavelength"] == pytest.approx(band.wavelength_nm / 1000, abs=1e-9)
        assert told["eo:full_width_half_max"] == pytest.approx(band.fwhm_nm / 1000, abs=1e-9)
        assert told["raster:scale"] == band.scale
        assert told.get("hsisr:good", True) == band.good
    named = {band["eo:common_name"]: i for i, band in enumerate(bands) if "eo:common_name" in band}
    assert {name: written.bands[i].color for name, i in named.items()} == {
        "red": "red", "green": "green", "blue": "blue"
    }  # fmt: skip
    values = read_window(written, slice(None), slice(None), [0])
    told = bands[0]["statistics"]
    assert told["mean"] * written.bands[0].scale == pytest.approx(np.nanmean(values), rel=1e-5)
    assert told["valid_percent"] == pytest.approx(100 * np.isfinite(values).mean(), abs=1e-3)


def test_it_says_how_it_was_made(item):
    found, folder = item
    properties = found["properties"]
    with rasterio.open(folder / "fine.tif") as dataset:
        tags = dataset.tags()
    assert properties["processing:software"]["hsisr-geo"] == tags["HSISR_VERSION"]
    assert properties["hsisr:model_sha256"] == tags["HSISR_MODEL_SHA256"]
    assert properties["hsisr:detail"] == 0
    assert str(properties["hsisr:consistency_relative"]) == tags["HSISR_CONSISTENCY_RELATIVE"]
    assert tags["HSISR_CONSISTENCY_RELATIVE"] in properties["processing:lineage"]
    source, model = found["links"]
    assert source == {"rel": "derived_from", "href": "scene.tif", "title": "input"}
    assert model["rel"] == "derived_from"
    assert model["mlm:name"] == tags["HSISR_MODEL"]
    assert model["href"] == f"urn:sha256:{tags['HSISR_MODEL_SHA256']}"


def test_the_uncertainty_is_an_asset_beside(item):
    asset = item[0]["assets"]["uncertainty"]
    assert asset["roles"] == ["data", "uncertainty"]
    assert asset["data_type"] == "float32"
    assert asset["nodata"] == "nan"
    assert [band["name"] for band in asset["bands"]] == ["mean standard deviation"]
    assert not (item[1] / "sigma.stac.json").exists()


def test_the_extension_for_wavelengths_is_named_only_where_there_are_some():
    bands = Bands((Band(), Band(name="two")))
    assert not any("/eo/" in name for name in item_of(raster(bands=bands))["stac_extensions"])
    assert any("/eo/" in name for name in item_of(raster())["stac_extensions"])


# ---- where ----


def test_an_outline_of_a_rotated_grid():
    turned = raster(transform=NORTH_UP @ Affine.rotation(30))
    geometry = outline(turned)
    assert geometry["type"] == "Polygon"
    corners = [turned.transform @ (col, row) for row, col in ((0, 0), (60, 0), (60, 40), (0, 40))]
    lons, lats = transform_points("EPSG:32633", "EPSG:4326", *zip(*corners, strict=True))
    for lon, lat in zip(lons, lats, strict=True):
        assert any(p == pytest.approx([lon, lat], abs=1e-6) for p in geometry["coordinates"][0])
    assert is_valid(item_of(turned))


def test_an_outline_by_control_points():
    points = ((0, 0, 10, 50), (60, 0, 10, 49), (0, 40, 11, 50), (60, 40, 11, 49))
    place = {
        "crs": None, "transform": Affine.identity(), "gcps": tuple(Gcp(*p) for p in points),
        "gcp_crs": rasterio.CRS.from_epsg(4326).to_wkt(),
    }  # fmt: skip
    assert item_of(raster(**place))["bbox"] == pytest.approx([10, 49, 11, 50])
    assert is_valid(item_of(raster(**place)))


@pytest.mark.parametrize(
    "place",
    [
        {"crs": None},
        {"crs": None, "transform": Affine.identity()},
        {"transform": Affine.identity()},
    ],
)
def test_no_outline_without_a_place(place):
    item = item_of(raster(**place))
    assert item["geometry"] is None
    assert "bbox" not in item
    assert is_valid(item)


def test_across_the_antimeridian_the_outline_is_cut_and_west_is_larger_than_east():
    place = {"crs": rasterio.CRS.from_epsg(4326).to_wkt(), "shape": (10, 20)}
    geometry = outline(raster(**place, transform=Affine(0.1, 0, 179, 0, -0.1, 10)))
    assert geometry["type"] == "MultiPolygon"
    assert bounding_box(geometry) == pytest.approx([179, 9, -179, 10])
    one = outline(raster(**place, transform=Affine(0.1, 0, 178, 0, -0.1, 10)))
    assert one["type"] == "Polygon"
    assert bounding_box(one) == pytest.approx([178, 9, 180, 10])
    utm = {"crs": rasterio.CRS.from_epsg(32601).to_wkt(), "shape": (10, 20)}
    west, _, east, _ = bounding_box(
        outline(raster(**utm, transform=Affine(1e4, 0, 1e5, 0, -1e4, 1e5)))
    )
    assert 179 < west < 180
    assert -179 < east < -177


def test_an_outline_round_a_pole_goes_up_to_it():
    polar = rasterio.CRS.from_epsg(3995).to_wkt()
    place = {"crs": polar, "shape": (40, 40), "transform": Affine(5e4, 0, -1e6, 0, -5e4, 1e6)}
    west, south, east, north = item_of(raster(**place))["bbox"]
    assert (west, east, north) == (-180, 180, 90)
    assert 75 < south < 80
    assert is_valid(item_of(raster(**place)))


def test_a_crs_without_a_code_is_told_in_words():
    wkt = rasterio.CRS.from_string("+proj=laea +lat_0=51 +lon_0=9 +ellps=bessel").to_wkt()
    properties = item_of(raster(crs=wkt))["properties"]
    assert properties["proj:code"] is None
    assert properties["proj:wkt2"] == wkt


# ---- when ----


@pytest.mark.parametrize(
    ("tags", "start", "end"),
    [
        ({"IMAGERY": {"ACQUISITIONDATETIME": "2022-07-24T10:12:34.5Z"}}, "10:12:34", None),
        ({"IMAGERY": {"ACQUISITIONDATETIME": "2022-07-24T12:12:34+02:00"}}, "10:12:34", None),
        ({"ENVI": {"acquisition_time": "2022-07-24T10:12:34.00Z"}}, "10:12:34", None),
        ({"ENVI": {"acquisition_time": "2022-07-24"}}, "00:00:00", "23:59:59"),
        (
            {"": {"NC_GLOBAL#time_coverage_start": "2022-07-24T10:12:34+0000",
                  "NC_GLOBAL#time_coverage_end": "2022-07-24T10:12:46+0000"}},
            "10:12:34", "10:12:46",
        ),
        ({"": {"TIFFTAG_DATETIME": "2022:07:24 10:12:34"}}, "10:12:34", None),
    ],
)  # fmt: skip
def test_the_time_of_the_scene_is_found(tags, start, end):
    properties = item_of(raster(tags=tags))["properties"]
    first, last = f"2022-07-24T{start}Z", f"2022-07-24T{end}Z"
    if end is None:
        assert properties["datetime"] == first
    else:
        assert properties["datetime"] is None
        assert (properties["start_datetime"], properties["end_datetime"]) == (first, last)
    assert is_valid(item_of(raster(tags=tags)))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2022-13-01", "24.07.2022", "2022-07-24T25:00:00Z"]
)
def test_a_time_that_is_none_is_not_believed(text):
    tags = {"IMAGERY": {"ACQUISITIONDATETIME": text}}
    properties = item_of(raster(tags=tags))["properties"]
    assert properties["datetime"] is None
    assert properties["start_datetime"] == "1982-01-01T00:00:00Z"
    assert properties["end_datetime"] == "2026-11-24T12:00:00Z"
    assert "does not tell" in properties["hsisr:datetime_note"]
    assert is_valid(item_of(raster(tags=tags)))


@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_any_moment_in_any_zone_is_understood(moment, minutes):
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = moment.isoformat(timespec="microseconds") + zone
    found = acquired({"IMAGERY": {"ACQUISITIONDATETIME": text}})
    assert found.start == found.end == datetime.fromisoformat(text)


# ---- from what ----


def test_the_item_of_the_input_is_linked_where_there_is_one(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "scene.tif").touch()
    (tmp_path / "in" / "scene.stac.json").touch()
    link = item_of(raster(path=str(tmp_path / "in" / "scene.tif")), folder=tmp_path)["links"][0]
    assert link["href"] == "in/scene.stac.json"
    assert link["type"] == "application/geo+json"


def test_names_are_addresses(tmp_path):
    (tmp_path / "ein # Bild.tif").touch()
    link = item_of(raster(path=str(tmp_path / "ein # Bild.tif")), folder=tmp_path)["links"][0]
    assert link["href"] == "ein%20%23%20Bild.tif"


@pytest.mark.parametrize(
    ("source", "href"),
    [
        ("/vsicurl/https://me:secret@host/a.tif?sig=secret", "/vsicurl/https://host/a.tif"),
        ("/vsis3/bucket/a.tif", "/vsis3/bucket/a.tif"),
        ('NETCDF:"a.nc":reflectance', 'NETCDF:"a.nc":reflectance'),
    ],
)
def test_no_password_and_no_signature_gets_into_the_item(source, href):
    link = item_of(raster(path=source))["links"][0]
    assert link["href"] == href


def test_figures_of_provenance_are_numbers_and_hashes_are_text():
    tags = {"HSISR_SEED": "7", "HSISR_MODEL_SHA256": "1" * 64, "HSISR_FINGERPRINT": "12e45"}
    tags |= {"HSISR_CONSISTENCY_RMS": "0.012", "HSISR_VALUES_CUT": "0.098", "OTHER": "1"}
    properties = item_of(raster(), tags)["properties"]
    assert properties["hsisr:seed"] == 7
    assert (properties["hsisr:consistency_rms"], properties["hsisr:values_cut"]) == (0.012, 0.098)
    assert properties["hsisr:model_sha256"] == "1" * 64
    assert properties["hsisr:fingerprint"] == "12e45"
    assert not any(name.lower().endswith("other") for name in properties)


# ---- its life ----


def write_scene(path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with rasterio.open(
            path, "w", driver="GTiff", count=2, height=20, width=20, dtype="int16",
            crs="EPSG:32633", transform=NORTH_UP,
        ) as dataset:  # fmt: skip
            dataset.write(np.ones((2, 20, 20), np.int16))
    return path


def run(source, path, **options):
    write = WriteOptions(stac=options.pop("stac", True), style=False)
    super_resolve(source, path, resolver=BicubicResolver(2), write=write, **options)


def test_the_item_appears_with_the_raster_and_goes_with_it(tmp_path):
    source, path = write_scene(tmp_path / "scene.tif"), tmp_path / "a.tif"
    run(source, path)
    assert is_valid(json.loads((tmp_path / "a.stac.json").read_text()))
    path.unlink()
    with pytest.raises(OutputError, match=r"a\.stac\.json exists"):
        run(source, path)
    run(source, path, stac=False, overwrite=True)  # what the old item says is not true any more
    assert {p.name for p in tmp_path.iterdir()} == {"scene.tif", "a.tif"}


def test_a_run_that_fails_leaves_the_older_item(tmp_path):
    source, path = write_scene(tmp_path / "scene.tif"), tmp_path / "a.tif"
    run(source, path)
    before = (tmp_path / "a.stac.json").read_bytes()

    def stop(done, total):
        if done:
            raise HsisrError("stop")

    with pytest.raises(HsisrError, match="stop"):
        run(source, path, overwrite=True, progress=stop)
    assert (tmp_path / "a.stac.json").read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"scene.tif", "a.tif", "a.stac.json"}


def test_the_item_of_the_input_is_not_replaced(tmp_path):
    source = write_scene(tmp_path / "scene.tif")
    with pytest.raises(OutputError, match="its STAC item would be that of"):
        run(source, tmp_path / "scene.img")
