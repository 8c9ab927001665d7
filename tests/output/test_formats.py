"""Each format holds the same raster, and its own readers find everything in it."""

import json
import os
import re
import shutil
import subprocess
import warnings
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import h5py
import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401  (gives xarray its .rio)
import spectral
import xarray as xr
from affine import Affine
from commands import bicubic
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from rasterio.errors import NotGeoreferencedWarning
from rio_cogeo import cog_validate
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import HsisrError, OptionError, OutputError
from hsisr_geo.output.formats.blocks import BlocksPart
from hsisr_geo.output.formats.choice import FORMATS, WriteOptions, choose_format
from hsisr_geo.output.formats.creation import parse_options
from hsisr_geo.output.formats.geotiff import GeoTiff
from hsisr_geo.output.formats.summary import BandSummary, Tally
from hsisr_geo.output.style import style_text
from hsisr_geo.raster.facts.acquisition import acquired
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BicubicResolver

NORTH_UP = Affine(30, 0, 364095, 0, -30, 5809965)
ROTATED = NORTH_UP @ Affine.rotation(20)
WAVELENGTHS = (420.5, 465.25, 505.0, 550.125, 600.0, 645.75, 700.0, 860.0)
NAMES = {
    "gtiff": "a.tif", "cog": "b.tif", "envi": "c.img", "zarr": "d.zarr", "vrt": "e.vrt",
    "netcdf": "f.nc",
}  # fmt: skip
BY_CF = ("zarr", "netcdf")
DIRECT = [name for name in FORMATS if name not in BY_CF]  # all of it in what GDAL looks at

requires_gdal = pytest.mark.skipif(
    shutil.which("gdalinfo") is None, reason="gdalinfo is not on PATH (Debian: gdal-bin)"
)


def scene(folder: Path, name="scene.tif", *, shape=(150, 140), dtype="int16", **place) -> Path:
    """Write a scene of eight bands with all that a format has to carry."""
    rng = np.random.default_rng(0)
    rows, cols = shape
    cube = 1000 + 800 * np.sin(np.arange(rows)[:, None] / 9) * np.cos(np.arange(cols) / 7)
    cube = (cube + 40 * np.arange(8)[:, None, None] + rng.normal(0, 20, (8, rows, cols))).round()
    profile = {"crs": "EPSG:32633", "transform": NORTH_UP, "nodata": -9999} | place
    if profile["nodata"] is not None:
        cube[:, : rows // 3, : cols // 4] = profile["nodata"]
    path = folder / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", count=8, height=rows, width=cols, dtype=dtype, **profile
        ) as dataset:
            dataset.scales = [1e-4] * 8
            for i, centre in enumerate(WAVELENGTHS):
                tags = {"wavelength": centre, "wavelength_units": "Nanometers", "fwhm": 9.5 + i}
                dataset.update_tags(i + 1, bbl=int(i != 6), **tags)
                dataset.set_band_description(i + 1, f"band {i + 1}, at {centre} nm")
            dataset.update_tags(sensor="made up")
            dataset.update_tags(ns="IMAGERY", ACQUISITIONDATETIME="2022-07-24T10:12:34.5Z")
            dataset.write(cube.astype(dtype))
    return path


def make(source, path, **write) -> Path:
    options = WriteOptions(**write)
    super_resolve(source, path, resolver=BicubicResolver(2), write=options, again=True)
    return Path(path)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The same scene in every format, by the format's name."""
    folder = tmp_path_factory.mktemp("made")
    source = scene(tmp_path_factory.mktemp("scene"))
    written = {name: make(source, folder / file, format=name) for name, file in NAMES.items()}
    assert names_in(folder) == {
        *NAMES.values(), "c.hdr", "c.img.aux.xml", "e.parts", *(f"{n}.qml" for n in "abcdef")
    }  # fmt: skip
    return written


# ---- the same raster in all of them ----


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_same_pixels_and_place(made, name):
    with rasterio.open(made["gtiff"]) as first, rasterio.open(made[name]) as dataset:
        np.testing.assert_array_equal(dataset.read(), first.read())
        assert dataset.dtypes == first.dtypes
        assert dataset.nodatavals == first.nodatavals
        assert dataset.scales == first.scales
        assert dataset.crs == first.crs
        assert tuple(dataset.transform) == tuple(first.transform)


@pytest.mark.parametrize("name", FORMATS)
def test_our_own_reader_finds_the_same_bands_in_every_format(made, name):
    expected, found = open_raster(made["gtiff"]), open_raster(made[name])
    plain = [
        # ENVI's lists are parted by commas
        [replace(band, name=band.name.replace(",", ";"), color=None) for band in raster.bands]
        for raster in (expected, found)
    ]
    assert plain[0] == plain[1]
    if name not in BY_CF:
        assert [band.color for band in found.bands][1::2] == ["blue", "green", "red", None]
    assert expected.tags[""].items() <= found.tags[""].items()
    assert acquired(found.tags).start == datetime(2022, 7, 24, 10, 12, 34, 500_000, timezone.utc)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_how_it_was_made(made, name):
    with rasterio.open(made[name]) as dataset:
        tags = {key.rpartition("#")[2]: text for key, text in dataset.tags().items()}
    assert tags["HSISR_MODEL"] == "bicubic"
    assert tags["HSISR_SOURCE"] == "scene.tif"
    assert float(tags["HSISR_CONSISTENCY_RELATIVE"]) < 0.2


@requires_gdal
@pytest.mark.parametrize("name", DIRECT)
def test_gdal_of_the_system_reads_it(made, name):
    done = subprocess.run(
        ["gdalinfo", "-json", str(made[name])], check=True, capture_output=True, text=True
    )
    info = json.loads(done.stdout)
    assert info["size"] == [280, 300]
    assert 'ID["EPSG",32633]' in info["coordinateSystem"]["wkt"] or name == "envi"
    band = info["bands"][3]
    assert band["colorInterpretation"] == "Green"
    assert float(band["metadata"][""]["wavelength"]) == 550.125
    assert {"min", "max", "mean", "stdDev"} <= set(band)  # without computing them
    assert band["min"] == read_pixels(made[name])[3][read_pixels(made[name])[3] != -9999].min()


@pytest.mark.parametrize("name", DIRECT)
def test_statistics_are_those_of_the_stored_numbers(made, name):
    pixels = read_pixels(made[name]).astype(float)
    pixels[pixels == -9999] = np.nan
    with rasterio.open(made[name]) as dataset:
        for number, plane in enumerate(pixels, start=1):
            tags = dataset.tags(number)
            found = [float(tags[f"STATISTICS_{k}"]) for k in ("MINIMUM", "MAXIMUM", "MEAN")]
            assert found == pytest.approx([np.nanmin(plane), np.nanmax(plane), np.nanmean(plane)])
            assert float(tags["STATISTICS_STDDEV"]) == pytest.approx(np.nanstd(plane))


# ---- the choice of a format ----


@pytest.mark.parametrize(
    ("path", "asked", "name"),
    [
        ("a.tif", None, "gtiff"), ("a.TIFF", None, "gtiff"), ("a.tif", "cog", "cog"),
        ("a.dat", None, "envi"), ("a.bip", None, "envi"), ("a.zarr", None, "zarr"),
        ("a.vrt", None, "vrt"), ("scene", "envi", "envi"), ("scene_2022.07", "cog", "cog"),
    ],
)  # fmt: skip
def test_the_ending_or_the_option_tells_the_format(path, asked, name):
    assert choose_format(path, WriteOptions(asked)).name == name


@pytest.mark.parametrize(
    ("path", "asked", "message"),
    [
        ("a.png", None, r"a\.png: no format for the ending '\.png': .*\.zarr.*--format"),
        ("scene", None, "no format for the ending ''"),
        ("fine/", None, "fine/ is a folder: name the raster in it, e.g. fine/fine.tif"),
        ("a.hdr", None, r"name the data, a\.img: its header is written beside it"),
        ("a.img", "cog", r"the ending \.img is not one of cog: use \.tif \.tiff"),
        ("a.tif", "zarr", r"not one of zarr: use \.zarr"),
    ],
)
def test_a_name_without_a_format_or_with_another_is_refused(path, asked, message):
    with pytest.raises(OutputError, match=message):
        choose_format(path, WriteOptions(asked))


def test_a_second_raster_has_the_format_of_the_first_unless_its_name_tells_another():
    write = WriteOptions("cog", {"compress": "lzw"}, stac=True)
    assert write.beside("a.tif", "b.tif") == WriteOptions("cog", {"COMPRESS": "lzw"})
    assert write.beside("a.tif", "b.img") == WriteOptions()
    assert WriteOptions(creation={"X": "1"}).beside("a.bil", "b.img").creation == {"X": "1"}
    assert WriteOptions(creation={"X": "1"}).beside("a.bil", "b.tif").creation == {}


def test_an_unknown_format_is_refused():
    with pytest.raises(OptionError, match="'png' is none of gtiff, cog"):
        WriteOptions("png")


def test_a_name_without_an_ending_is_kept(tmp_path):
    path = make(scene(tmp_path, shape=(20, 20)), tmp_path / "fine", format="envi")
    assert names_in(tmp_path) == {"scene.tif", "fine", "fine.hdr", "fine.aux.xml", "fine.qml"}
    assert open_raster(path).driver == "ENVI"


# ---- creation options ----


@given(st.dictionaries(st.text("ABYZ_", min_size=1, max_size=5), st.text(max_size=9)))
def test_options_are_read_as_they_are_given(options):
    found = parse_options([f"{name.lower()}={value}" for name, value in options.items()])
    assert found == {name: value.strip() for name, value in options.items()}


@pytest.mark.parametrize("text", ["COMPRESS", "=LZW", ""])
def test_what_is_no_option_is_refused(text):
    with pytest.raises(OptionError, match="NAME=VALUE"):
        parse_options([text])
    with pytest.raises(OptionError, match="COMPRESS is given twice"):
        parse_options(["COMPRESS=LZW", "compress=ZSTD"])


def test_creation_options_reach_the_file(tmp_path):
    creation = {"compress": "LZW", "interleave": "PIXEL", "blockxsize": "64", "blockysize": "64"}
    path = make(scene(tmp_path), tmp_path / "a.tif", creation=creation)
    with rasterio.open(path) as dataset:
        assert dataset.profile["compress"] == "lzw"
        assert dataset.profile["interleave"] == "pixel"
        assert dataset.block_shapes[0] == (64, 64)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "2"


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("a.tif", "COMPRES=LZW", "GDAL refuses.*does not support creation option COMPRES"),
        ("a.tif", "COMPRESS=FOO", "GDAL refuses.*'FOO' is an unexpected value for COMPRESS"),
        ("a.tif", "INTERLEAVE=BIL", "GDAL refuses.*'BIL'"),
        ("a.tif", "NBITS=12", "NBITS=12 would change the numbers"),
        ("a.tif", "DISCARD_LSB=2", "would change the numbers"),
        ("a.tif", "MAX_Z_ERROR=1", "would change the numbers"),
        ("a.tif", "COMPRESS=JPEG", "would change the numbers"),
        ("a.tif", "TILED=NO", "TILED=NO would make strips"),
        ("a.tif", "SPARSE_OK=TRUE", "full disk"),
        ("a.tif", "PROFILE=BASELINE", "leave out wavelengths"),
        ("a.tif", "PHOTOMETRIC=RGB", "their wavelengths do"),
        ("a.tif", "BLOCKXSIZE=512", "BLOCKXSIZE and BLOCKYSIZE the same value"),
        ("a.tif", "TFW=YES", "second file"),
        ("a.img", "INTERLEAVE=ROW", "GDAL refuses.*'ROW'"),
        ("a.img", "SUFFIX=ADD", "another name"),
        ("a.zarr", "CHUNK=5", "none of COMPRESS, VERSION, SHARDS, BLOCKSIZE"),
        ("a.zarr", "COMPRESS=LZW", "none of BLOSC, ZSTD"),
        ("a.zarr", "BLOCKSIZE=8,64,32", "rows equal to cols"),
        ("a.vrt", "PARTSIZE=300", "multiple of the block, 256"),
        ("a.vrt", "NBITS=12", "would change the numbers"),
    ],
)
def test_options_that_cannot_be_had_are_refused_before_any_work(tmp_path, name, option, message):
    class Never(BicubicResolver):
        def fit(self, statistics):
            raise AssertionError("work was begun")

    source = scene(tmp_path, shape=(20, 20))
    write = WriteOptions(creation=parse_options([option]))
    with pytest.raises(OutputError, match=message) as error:
        super_resolve(source, tmp_path / name, resolver=Never(2), write=write)
    assert str(error.value).startswith(str(tmp_path / name))
    assert names_in(tmp_path) == {"scene.tif"}


def test_an_unknown_resampling_of_overviews_is_refused(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    with pytest.raises(OutputError, match="OVERVIEW_RESAMPLING must be one of AVERAGE"):
        make(source, tmp_path / "a.tif", format="cog", creation={"overview_resampling": "max"})


# ---- GeoTIFF ----


def test_offsets_of_64_bits_where_32_may_not_do(tmp_path):
    for side, magic in ((30_000, 43), (3_000, 42)):  # 12.9 GB and 129 MB before compression
        path = tmp_path / f"{side}.tif"
        profile = GeoTiff().profile("int16", 256)
        size = {"width": side, "height": side, "count": 7, "dtype": "int16"}
        rasterio.open(
            path, "w", **size, **profile, sparse_ok="YES", crs="EPSG:32633", transform=NORTH_UP
        ).close()
        assert path.read_bytes()[:4] == b"II" + bytes([magic, 0])


def test_bigtiff_is_not_refused_to_what_needs_it(tmp_path):
    raster = open_raster(scene(tmp_path, shape=(20, 20)))
    large = replace(raster, shape=(30_000, 30_000))
    GeoTiff({"BIGTIFF": "NO"}).check(tmp_path / "a.tif", raster)
    GeoTiff({"BIGTIFF": "YES"}).check(tmp_path / "a.tif", large)
    with pytest.raises(OutputError, match=r"BIGTIFF=NO holds 4 GiB, and these are 13\.4 GiB"):
        GeoTiff({"BIGTIFF": "NO"}).check(tmp_path / "a.tif", large)


# ---- COG ----


def test_rio_cogeo_finds_nothing_to_complain_of(made):
    valid, errors, complaints = cog_validate(made["cog"], strict=True)
    assert (valid, errors, complaints) == (True, [], [])
    with rasterio.open(made["cog"]) as dataset:
        assert dataset.overviews(1) == [2]
        assert dataset.profile["interleave"] == "band"
    assert not cog_validate(made["gtiff"], strict=True)[0]  # the test would else show nothing


def test_overviews_are_means_of_what_has_a_value(made):
    with rasterio.open(made["cog"]) as dataset:
        full = dataset.read(1).astype(float)
    with rasterio.open(made["cog"], overview_level=0) as dataset:
        half = dataset.read(1)
    full[full == -9999] = np.nan
    quads = full.reshape(150, 2, 140, 2).transpose(0, 2, 1, 3).reshape(150, 140, 4)
    holes = np.isnan(quads).all(axis=2)
    np.testing.assert_array_equal(half == -9999, holes)
    expected = np.nanmean(quads[~holes], axis=1)
    assert np.abs(half[~holes] - expected).max() <= 0.5 + 1e-6


def test_overviews_go_down_to_one_block(tmp_path):
    creation = {"blockxsize": "64", "blockysize": "64", "overview_resampling": "nearest"}
    path = make(scene(tmp_path), tmp_path / "a.tif", format="cog", creation=creation)
    with rasterio.open(path) as dataset:
        assert dataset.overviews(1) == [2, 4, 8]
    assert cog_validate(path, strict=True)[0]
    assert names_in(tmp_path) == {"scene.tif", "a.tif", "a.qml"}


@pytest.mark.parametrize("name", ["gtiff", "cog", "vrt", "zarr"])
def test_masks_of_integers_without_nodata_are_kept(tmp_path, name):
    source = tmp_path / "scene.tif"
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            source, "w", driver="GTiff", count=3, height=200, width=190, dtype="uint8",
            crs="EPSG:32633", transform=NORTH_UP,
        ) as dataset,
    ):  # fmt: skip
        dataset.write(np.full((3, 200, 190), 7, np.uint8))
        valid = np.ones((200, 190), bool)
        valid[50:90, 150:] = False
        dataset.write_mask(valid)
    creation = {"PARTSIZE": "256"} if name == "vrt" else {}
    path = make(source, tmp_path / NAMES[name], format=name, creation=creation)
    found = read_window(open_raster(path), slice(None), slice(None))
    expected = np.where(valid.repeat(2, 0).repeat(2, 1), np.float32(7), np.nan)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-6)
    if name == "cog":
        assert cog_validate(path, strict=True)[0]


# ---- ENVI ----


@pytest.mark.parametrize(
    ("file", "creation", "interleave"),
    [
        ("a.img", {}, "bsq"), ("a.dat", {"INTERLEAVE": "BIL"}, "bil"), ("a.bip", {}, "bip"),
        ("a.bil", {}, "bil"),
    ],
)  # fmt: skip
def test_an_envi_reader_finds_everything_in_the_header(tmp_path, made, file, creation, interleave):
    path = make(scene(tmp_path), tmp_path / file, creation=creation)
    image = spectral.open_image(tmp_path / "a.hdr")
    header = image.metadata
    assert header["interleave"] == interleave
    assert tuple(image.bands.centers) == WAVELENGTHS
    assert tuple(image.bands.bandwidths) == tuple(9.5 + i for i in range(8))
    assert header["wavelength units"] == "Nanometers"
    assert [int(flag) for flag in header["bbl"]] == [1] * 6 + [0, 1]
    assert header["band names"][3] == "band 4; at 550.125 nm"
    assert header["default bands"] == ["6", "4", "2"]
    assert float(header["data ignore value"]) == -9999
    assert float(header["reflectance scale factor"]) == 10_000
    assert [float(gain) for gain in header["data gain values"]] == [1e-4] * 8
    assert header["map info"][:7] == ["UTM", "1", "1", "364095", "5809965", "15", "15"]
    assert "UTM" in header["coordinate system string"][0]
    assert header["description"].strip() == file
    np.testing.assert_array_equal(
        np.moveaxis(image.open_memmap(), -1, 0), read_pixels(made["gtiff"])
    )
    assert (
        open_raster(path).interleave == {"bsq": "band", "bil": "line", "bip": "pixel"}[interleave]
    )


def test_no_reflectance_factor_where_values_have_a_unit(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    with rasterio.open(source, "r+") as dataset:
        dataset.units = ["W m-2 sr-1 nm-1"] * 8
    make(source, tmp_path / "a.img")
    assert "reflectance scale factor" not in (tmp_path / "a.hdr").read_text()


# ---- Zarr ----


def test_xarray_finds_coordinates_and_place(made):
    with xr.open_dataset(made["zarr"], engine="zarr", decode_coords="all") as dataset:
        cube = dataset["cube"]
        assert cube.dims == ("wavelength", "y", "x")
        assert tuple(dataset.wavelength.values) == WAVELENGTHS
        assert dataset.wavelength.attrs["units"] == "nm"
        assert tuple(dataset.fwhm.values) == tuple(9.5 + i for i in range(8))
        assert dataset.good.values.tolist() == [1] * 6 + [0, 1]
        assert str(dataset.band_name.values[3]) == "band 4, at 550.125 nm"
        assert cube.rio.crs.to_epsg() == 32633
        with warnings.catch_warnings():  # rioxarray composes transforms by `*`
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            assert tuple(cube.rio.transform()) == tuple(NORTH_UP @ Affine.scale(0.5))
        assert cube.rio.encoded_nodata == -9999
        assert cube.attrs["HSISR_MODEL"] == dataset.attrs["HSISR_MODEL"] == "bicubic"
        expected = read_window(open_raster(made["gtiff"]), slice(None), slice(None))
        np.testing.assert_allclose(cube.values, expected, rtol=1e-6)


def test_gdal_opens_the_folder_with_place_scale_and_wavelengths(made):
    with rasterio.open(made["zarr"]) as dataset:
        assert dataset.driver == "Zarr"
        assert dataset.crs.to_epsg() == 32633
        assert float(dataset.tags(4)["DIM_wavelength_VALUE"]) == 550.125
        assert dataset.tags(4)["DIM_wavelength_UNIT"] == "nm"
        assert dataset.scales[0] == 1e-4


def test_chunks_are_as_wide_as_blocks_and_as_deep_as_asked(tmp_path):
    creation = {"blocksize": "3,64,64", "compress": "zstd"}
    path = make(scene(tmp_path, nodata=None), tmp_path / "a.zarr", creation=creation)
    layout = json.loads((path / "cube" / ".zarray").read_text())
    assert layout["chunks"] == [3, 64, 64]
    assert layout["compressor"]["id"] == "zstd"
    assert len(list((path / "cube").glob("*.*.*"))) == 3 * 5 * 5


def test_bands_of_several_scales_become_physical_values(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    with rasterio.open(source, "r+") as dataset:
        dataset.scales = [1e-4] * 4 + [2e-4] * 4
    plain = make(source, tmp_path / "a.tif")
    path = make(source, tmp_path / "b.zarr")
    expected = read_window(open_raster(plain), slice(None), slice(None))
    with rasterio.open(path) as dataset:
        assert dataset.dtypes[0] == "float32"
        np.testing.assert_allclose(dataset.read(), expected, atol=1e-4)  # before rounding to DN


def test_bands_without_wavelengths_are_numbered(tmp_path):
    source = tmp_path / "scene.tif"
    with rasterio.open(
        source, "w", driver="GTiff", count=4, height=20, width=20, dtype="float32",
        crs="EPSG:4326", transform=Affine(0.01, 0, 10, 0, -0.01, 50),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((4, 20, 20), np.float32))
    with xr.open_dataset(make(source, tmp_path / "a.zarr"), engine="zarr") as dataset:
        assert dataset["cube"].dims == ("band", "y", "x")
        assert dataset.band.values.tolist() == [1, 2, 3, 4]
        assert dataset.x.attrs["standard_name"] == "longitude"
        np.testing.assert_allclose(dataset.x.values[:2], [10.0025, 10.0075])


def test_places_that_coordinates_cannot_tell_are_refused(tmp_path):
    source = scene(tmp_path, shape=(20, 20), transform=ROTATED)
    with pytest.raises(OutputError, match="rotated grid: use GeoTIFF"):
        make(source, tmp_path / "a.zarr")
    points = [rasterio.control.GroundControlPoint(*p) for p in ((0, 0, 1, 1), (9, 9, 2, 0))]
    source = scene(tmp_path, "b.tif", shape=(20, 20), transform=None, gcps=points)
    with pytest.raises(OutputError, match="control points or RPCs: use GeoTIFF"):
        make(source, tmp_path / "a.zarr")
    assert names_in(tmp_path) == {"scene.tif", "b.tif"}


def test_only_a_zarr_is_replaced_and_only_on_request(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    path = make(source, tmp_path / "a.zarr")
    (path / "old").touch()
    with pytest.raises(OutputError, match=r"a\.zarr exists"):
        make(source, path)
    super_resolve(source, path, resolver=BicubicResolver(2), overwrite=True)
    assert not (path / "old").exists()
    (tmp_path / "b.zarr").mkdir()
    (tmp_path / "b.zarr" / "thesis.doc").touch()
    with pytest.raises(OutputError, match=r"b\.zarr is a folder"):
        super_resolve(source, tmp_path / "b.zarr", resolver=BicubicResolver(2), overwrite=True)
    assert names_in(tmp_path / "b.zarr") == {"thesis.doc"}
    assert names_in(tmp_path) == {"scene.tif", "a.zarr", "a.qml", "b.zarr"}


@pytest.mark.parametrize("module", [None, SimpleNamespace(__version__="2.18.3")], ids=str)
def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch, module):
    monkeypatch.setitem(__import__("sys").modules, "zarr", module)
    with pytest.raises(OutputError, match=r"pip install 'hsisr-geo\[zarr\]'"):
        make(scene(tmp_path, shape=(20, 20)), tmp_path / "a.zarr")


# ---- a mosaic of parts ----


def test_parts_are_found_wherever_the_mosaic_is_moved(tmp_path, made):
    (tmp_path / "made").mkdir()
    path = make(scene(tmp_path), tmp_path / "made" / "a.vrt", creation={"PARTSIZE": "256"})
    parts = sorted(names_in(tmp_path / "made" / "a.parts"))
    assert parts == [f"a_r{row}_c{col}.tif" for row in ("000", "256") for col in ("000", "256")]
    (tmp_path / "made").rename(tmp_path / "moved")
    path = tmp_path / "moved" / "a.vrt"
    np.testing.assert_array_equal(read_pixels(path), read_pixels(made["gtiff"]))
    for part in (tmp_path / "moved" / "a.parts").iterdir():
        with rasterio.open(part) as dataset, rasterio.open(path) as mosaic:
            left, _, _, top = dataset.bounds
            row, col = mosaic.index(left, top, op=round)
            window = rasterio.windows.Window(col, row, dataset.width, dataset.height)
            np.testing.assert_array_equal(dataset.read(), mosaic.read(window=window))
            assert dataset.tags()["HSISR_MODEL"] == "bicubic"
            assert dataset.tags(4)["wavelength"] == "550.125"
    assert "/made/" not in path.read_text()


def test_a_rotated_mosaic_lies_where_its_parts_lie(tmp_path):
    source = scene(tmp_path, transform=ROTATED)
    path = make(source, tmp_path / "a.vrt", creation={"PARTSIZE": "256"})
    with rasterio.open(path) as mosaic:
        assert tuple(mosaic.transform) == pytest.approx(tuple(ROTATED @ Affine.scale(0.5)))
        corner = mosaic.transform @ (256, 256)
    with rasterio.open(tmp_path / "a.parts" / "a_r256_c256.tif") as part:
        assert part.transform @ (0, 0) == pytest.approx(corner)


def test_a_mosaic_is_replaced_with_all_its_parts(tmp_path):
    source = scene(tmp_path)
    path = make(source, tmp_path / "a.vrt", creation={"PARTSIZE": "256"})
    with pytest.raises(OutputError, match=r"a\.parts exists"):
        make(source, path)
    super_resolve(source, path, resolver=BicubicResolver(2), overwrite=True)
    assert names_in(tmp_path / "a.parts") == {"a_r000_c000.tif"}
    assert names_in(tmp_path) == {"scene.tif", "a.vrt", "a.parts", "a.qml"}


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 3), st.integers(1, 3))
def test_parts_give_every_block_once(rows, cols, down, right):
    class Numbers:
        block = 16

        def blocks(self, shape):
            for top in range(0, shape[0], 16):
                for left in range(0, shape[1], 16):
                    yield (
                        slice(top, min(top + 16, shape[0])),
                        slice(left, min(left + 16, shape[1])),
                    )

        def read(self, rows, cols, bands=slice(None)):
            return whole[None, rows, cols], np.ones((1, 1), bool)

    whole = np.arange(rows * cols).reshape(rows, cols)
    found = np.full((rows, cols), -1)
    for top in range(0, rows, 16 * down):
        for left in range(0, cols, 16 * right):
            place = (
                slice(top, min(top + 16 * down, rows)),
                slice(left, min(left + 16 * right, cols)),
            )
            part, view = BlocksPart(Numbers(), *place), found[place]
            for block in part.blocks(view.shape):
                view[block] = part.read(*block)[0][0]
    np.testing.assert_array_equal(found, whole)


# ---- true colour ----


def test_the_style_shows_red_green_and_blue_stretched_in_physical_values(made):
    text = made["gtiff"].with_suffix(".qml").read_text()
    renderer = ET.fromstring(text).find("pipe/rasterrenderer")
    assert [renderer.get(f"{c}Band") for c in ("red", "green", "blue")] == ["6", "4", "2"]
    values = read_window(open_raster(made["gtiff"]), slice(None), slice(None), [5])
    low, high = np.nanpercentile(values, [2, 98])
    stretch = renderer.find("redContrastEnhancement")
    assert float(stretch.find("minValue").text) == pytest.approx(low, rel=1e-3)
    assert float(stretch.find("maxValue").text) == pytest.approx(high, rel=1e-3)


def test_someone_elses_style_is_never_touched(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    (tmp_path / "a.qml").write_text("<qgis/>")
    path = make(source, tmp_path / "a.tif")
    super_resolve(source, path, resolver=BicubicResolver(2), overwrite=True)
    write = WriteOptions(style=False)
    super_resolve(source, path, resolver=BicubicResolver(2), overwrite=True, write=write)
    assert (tmp_path / "a.qml").read_text() == "<qgis/>"


def test_our_style_goes_with_the_raster_that_it_was_for(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    path = make(source, tmp_path / "a.tif")
    assert names_in(tmp_path) == {"scene.tif", "a.tif", "a.qml"}
    write = WriteOptions(style=False)
    super_resolve(source, path, resolver=BicubicResolver(2), overwrite=True, write=write)
    assert names_in(tmp_path) == {"scene.tif", "a.tif"}


def test_what_belongs_to_another_raster_of_that_name_stays(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    make(source, tmp_path / "a--b&c.tif", stac=True)  # a name that XML has to escape
    beside = [tmp_path / f"a--b&c{ending}" for ending in (".qml", ".stac.json")]
    before = [path.read_bytes() for path in beside]
    make(source, tmp_path / "a--b&c.img")
    assert [path.read_bytes() for path in beside] == before
    super_resolve(
        source, tmp_path / "a--b&c.tif", resolver=BicubicResolver(2), overwrite=True,
        write=WriteOptions(style=False),
    )  # fmt: skip
    assert not any(path.exists() for path in beside)


def test_the_style_of_the_input_stays_when_the_output_is_called_like_it(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    style = make(source, tmp_path / "fine.tif").with_suffix(".qml")
    before = style.read_bytes()
    make(tmp_path / "fine.tif", tmp_path / "fine.img")
    assert style.read_bytes() == before


def summaries(*limits):
    return [BandSummary(9, 9, low, high, 0, 1, low, high) for low, high in limits]


def test_no_style_where_it_would_not_help():
    rgb = Bands(tuple(Band(color=c) for c in ("red", "green", "blue")))
    assert style_text("a", rgb, summaries((0, 1), (0, 1), (0, 1))) is None
    assert style_text("a", Bands((Band(),)), summaries((0, 1))) is None
    flat = Bands(tuple(Band(wavelength_nm=w) for w in (470.0, 550.0, 640.0)))
    assert style_text("a", flat, summaries((0, 1), (3, 3), (0, 1))) is None
    assert style_text("a", flat, summaries((0, 1), (3, 4), (0, 1))) is not None


def test_of_two_bands_the_first_is_shown_in_grey():
    """As of an index and its deviation, which QGIS would mix as red and green."""
    text = style_text("a", Bands((Band(), Band())), summaries((0.2, 0.7), (3, 3)))
    assert 'type="singlebandgray" opacity="1" grayBand="1"' in text
    assert "<minValue>0.2</minValue>" in text


def test_a_negative_scale_turns_the_stretch_round():
    bands = Bands(tuple(Band(wavelength_nm=w, scale=-2.0, offset=1) for w in (470.0, 550.0, 640.0)))
    text = style_text("a", bands, summaries((0, 1), (0, 1), (0, 1)))
    assert "<minValue>-1</minValue>" in text
    assert "<maxValue>1</maxValue>" in text


# ---- figures ----


@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from(["int16", "float32"]),
    st.integers(0, 2**32 - 1), st.booleans(),
)  # fmt: skip
def test_figures_do_not_depend_on_the_blocks(rows, cols, dtype, seed, masked):
    rng = np.random.default_rng(seed)
    cube = rng.integers(-5, 5, (2, rows, cols)).astype(dtype)
    valid = rng.random((rows, cols)) < (0.6 if masked else 2)
    bands = Bands((Band(nodata=0.0), Band(nodata=0.0)))
    raster = Raster("gone", "GTiff", (rows, cols), None, Affine.identity(), dtype, bands)

    class Blocks:
        def __init__(self, side):
            self.block = side

        def blocks(self, shape):
            for top in range(0, rows, self.block):
                for left in range(0, cols, self.block):
                    yield (
                        slice(top, min(top + self.block, rows)),
                        slice(left, min(left + self.block, cols)),
                    )

        def read(self, rows, cols, bands=slice(None)):
            return cube[bands, rows, cols], valid[rows, cols]

    for side in (16, 48):
        tally = Tally(raster, Blocks(side))
        for window in tally.blocks((rows, cols)):
            tally.read(*window)
        for plane, found in zip(cube, tally.summaries(), strict=True):
            values = plane[valid & (plane != 0)].astype(float)
            assert (found.valid, found.pixels) == (values.size, plane.size)
            if not values.size:
                assert found.items() == {}
                continue
            assert (found.minimum, found.maximum) == (values.min(), values.max())
            assert found.mean == pytest.approx(values.mean(), abs=1e-9)
            assert found.deviation == pytest.approx(values.std(), abs=1e-9)
            low, high = np.percentile(values, [2, 98])
            assert (found.low, found.high) == pytest.approx((low, high))


# ---- from the command line ----


def test_formats_and_their_options_by_command(tmp_path):
    source = scene(tmp_path)
    bicubic(source, tmp_path / "a.tif", "--format", "COG", "--co", "compress=deflate", "--stac")
    assert names_in(tmp_path) == {"scene.tif", "a.tif", "a.qml", "a.stac.json"}
    assert cog_validate(tmp_path / "a.tif", strict=True)[0]
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.profile["compress"] == "deflate"
    bicubic(source, tmp_path / "b.img", "--no-style")
    assert not (tmp_path / "b.qml").exists()


def test_a_cog_to_stdout_is_the_one_of_a_file(tmp_path):
    source = scene(tmp_path)
    bicubic(source, tmp_path / "a.tif", "--format", "cog")
    piped = bicubic(source, "-", "--format", "cog").stdout_bytes
    (tmp_path / "b.tif").write_bytes(piped)
    assert cog_validate(tmp_path / "b.tif", strict=True)[0]
    np.testing.assert_array_equal(read_pixels(tmp_path / "b.tif"), read_pixels(tmp_path / "a.tif"))


@pytest.mark.parametrize(
    ("dst", "options", "code", "message"),
    [
        ("-", ["--format", "zarr"], 2, "stdout takes gtiff and cog: name a file for zarr"),
        ("-", ["--stac"], 2, "a STAC item lies beside a file"),
        ("a.tif", ["--format", "png"], 2, "'png' is not one of"),
        ("a.png", [], 1, r"a\.png: no format for the ending '\.png'"),
        ("a.tif", ["--format", "envi"], 1, r"the ending \.tif is not one of envi: use \.img"),
        ("a.tif", ["--co", "COMPRESS"], 1, "creation option 'COMPRESS' must be NAME=VALUE"),
        ("a.tif", ["--co", "COMPRES=LZW"], 1, "does not support creation option COMPRES"),
    ],
)
def test_what_cannot_be_written_so_is_told_in_a_line(tmp_path, dst, options, code, message):
    source = scene(tmp_path, shape=(20, 20))
    result = bicubic(source, dst if dst == "-" else tmp_path / dst, *options, code=code)
    assert re.search(message, result.stderr)
    assert names_in(tmp_path) == {"scene.tif"}


# ---- what goes wrong ----


@pytest.mark.parametrize("name", FORMATS)
def test_a_failure_leaves_nothing_of_any_format(tmp_path, name):
    def stop(done, total):
        if done:
            raise HsisrError("stop")

    source = scene(tmp_path, shape=(40, 40))
    with pytest.raises(HsisrError, match="stop"):
        super_resolve(
            source, tmp_path / NAMES[name], resolver=BicubicResolver(2), progress=stop,
            write=WriteOptions(name, stac=True),
        )  # fmt: skip
    assert names_in(tmp_path) == {"scene.tif"}


@pytest.mark.parametrize("name", FORMATS)
def test_an_interrupted_run_goes_on_to_the_same_output(tmp_path, name):
    if name == "netcdf" and Version(h5py.__version__) < Version("3.15"):
        pytest.skip("older h5py writes the time into each group")

    def stop(done, total):
        if done == 2:
            raise HsisrError("stop")

    source, path = scene(tmp_path), tmp_path / NAMES[name]
    options = {"resolver": BicubicResolver(2), "tile": 64, "resume": True}
    write = WriteOptions(name, stac=True)
    with pytest.raises(HsisrError, match="stop"):
        super_resolve(source, path, progress=stop, write=write, **options)
    super_resolve(source, path, write=write, **options)
    (tmp_path / "whole").mkdir()
    whole = tmp_path / "whole" / NAMES[name]
    super_resolve(source, whole, write=write, **{**options, "resume": False})
    for file in (tmp_path / "whole").rglob("*"):
        twin = tmp_path / file.relative_to(tmp_path / "whole")
        if file.is_file() and not file.name.endswith(".stac.json"):  # it tells when
            assert twin.read_bytes() == file.read_bytes(), file.name
    assert path.with_suffix(".stac.json").exists()


def test_what_is_kept_of_a_run_is_not_taken_for_other_numbers(tmp_path):
    def stop(done, total):
        if done == 2:
            raise HsisrError("stop")

    source, path = scene(tmp_path), tmp_path / "fine"
    with rasterio.open(source, "r+") as dataset:
        dataset.scales = [1e-4] * 4 + [2e-4] * 4  # Zarr will have physical values
    options = {"resolver": BicubicResolver(2), "tile": 64, "resume": True}
    with pytest.raises(HsisrError, match="stop"):
        super_resolve(source, path, progress=stop, write=WriteOptions("gtiff"), **options)
    with pytest.raises(OutputError, match=r"stored numbers was int16.*, is float32"):
        super_resolve(source, path, write=WriteOptions("zarr"), **options)


FULL_DISK = """
import json, resource, signal, sys
import numpy as np
from hsisr_geo.errors import OutputError
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.raster.open import open_raster
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing beyond the limit fails, as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
raster, targets = open_raster(sys.argv[1]), json.loads(sys.argv[2])
noise = np.random.default_rng(0).random((8, *raster.shape), np.float32)
for name, target in targets.items():
    try:
        write_raster(target, raster, noise, write=WriteOptions(name))
    except OutputError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_full_disk_is_told_in_any_format(tmp_path):
    source = scene(tmp_path, shape=(300, 280))
    targets = {name: str(tmp_path / file) for name, file in NAMES.items()}
    command = [os.sys.executable, "-c", FULL_DISK, source, json.dumps(targets)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for said, target in zip(run.stdout.splitlines(), targets.values(), strict=True):
        assert said.startswith(f"{target}: cannot be written")
    assert names_in(tmp_path) == {"scene.tif"}


# ---- cubes by CF, opened by xarray ----


SHARDED = {"VERSION": "3", "SHARDS": "YES", "BLOCKSIZE": "3,64,64", "COMPRESS": "ZSTD"}


@pytest.mark.parametrize(
    ("file", "creation", "dtype"),
    [
        ("a.nc", {}, "int16"),
        ("a.nc", {"COMPRESS": "NONE"}, "float32"),
        ("a.zarr", {"VERSION": "3"}, "float32"),
        ("a.zarr", SHARDED, "int16"),
    ],
)
@pytest.mark.filterwarnings("ignore:Use `@` matmul")  # within rioxarray
def test_xarray_and_rioxarray_find_place_bands_and_holes(tmp_path, file, creation, dtype):
    source = scene(tmp_path, shape=(50, 45), dtype=dtype)
    path = make(source, tmp_path / file, creation=creation)
    plain = make(source, tmp_path / "plain.tif")
    engine = "h5netcdf" if file.endswith(".nc") else "zarr"
    with xr.open_dataset(path, engine=engine, decode_coords="all") as opened:
        cube = opened["cube"].load()
    with rasterio.open(plain) as dataset:
        expected = dataset.read(masked=True).astype("f8").filled(np.nan) * 1e-4
        assert cube.rio.crs == dataset.crs
        assert cube.rio.transform().almost_equals(dataset.transform)
    np.testing.assert_allclose(cube.values, expected, rtol=1e-6)
    assert tuple(cube.wavelength.values) == WAVELENGTHS
    assert cube.wavelength.attrs["units"] == "nm"
    assert list(cube.good.values) == [1, 1, 1, 1, 1, 1, 0, 1]
    assert list(cube.fwhm.values) == [9.5 + i for i in range(8)]
    found, known = open_raster(path), open_raster(plain)
    assert found.bounds == known.bounds
    whole = slice(0, known.rows), slice(0, known.cols)
    np.testing.assert_array_equal(read_window(found, *whole), read_window(known, *whole))


def test_a_shard_of_zarr_holds_what_is_written_at_once(tmp_path):
    import zarr

    path = make(scene(tmp_path, shape=(50, 45)), tmp_path / "a.zarr", creation=SHARDED)
    cube = zarr.open_array(str(path / "cube"), mode="r")
    assert (cube.metadata.zarr_format, cube.chunks, cube.shards) == (3, (3, 64, 64), (9, 64, 64))
    assert len(list((path / "cube" / "c").rglob("*/0"))) >= 1
    with pytest.raises(OutputError, match="SHARDS=YES needs VERSION=3"):
        make(tmp_path / "scene.tif", tmp_path / "b.zarr", creation={"SHARDS": "YES"})


def test_netcdf_refuses_what_it_cannot_hold(tmp_path):
    turned = scene(tmp_path, shape=(20, 20), transform=ROTATED)
    with pytest.raises(OutputError, match="netCDF cannot tell the place of a rotated grid"):
        make(turned, tmp_path / "a.nc")
    with pytest.raises(OutputError, match="COMPRESS=LZW is none of DEFLATE, NONE"):
        make(scene(tmp_path, shape=(20, 20)), tmp_path / "a.nc", creation={"COMPRESS": "LZW"})


# ---- a header beside a GeoTIFF ----


@pytest.mark.parametrize("name", ["fine.tif", "cog.tif"])
def test_a_header_beside_a_geotiff_says_what_its_bands_are(tmp_path, name):
    how = {"format": "cog"} if name == "cog.tif" else {}
    path = make(scene(tmp_path), tmp_path / name, header=True, **how)
    header = spectral.io.envi.read_envi_header(str(path.with_suffix(".hdr")))
    assert header["file type"] == "TIFF"
    assert tuple(map(float, header["wavelength"])) == WAVELENGTHS
    assert header["wavelength units"] == "Nanometers"
    assert [float(width) for width in header["fwhm"]] == [9.5 + i for i in range(8)]
    assert list(map(int, header["bbl"])) == [1, 1, 1, 1, 1, 1, 0, 1]
    assert header["band names"][0] == "band 1; at 420.5 nm"
    assert float(header["data ignore value"]) == -9999
    assert set(map(float, header["data gain values"])) == {1e-4}
    assert header["default bands"] == ["6", "4", "2"]
    assert header["acquisition time"] == "2022-07-24T10:12:34Z"
    found = open_raster(path)
    assert found.bands.wavelengths_nm == WAVELENGTHS
    assert not found.notes
    super_resolve(
        tmp_path / "scene.tif", path, resolver=BicubicResolver(2), overwrite=True,
        write=WriteOptions(**how),
    )  # fmt: skip
    assert not path.with_suffix(".hdr").exists()  # it goes with the raster it was made for


def test_a_header_that_is_not_ours_stays(tmp_path):
    source = scene(tmp_path, shape=(20, 20))
    (tmp_path / "fine.hdr").write_text("ENVI\nof somebody\n")
    result = bicubic(source, tmp_path / "fine.tif", "--header", "--overwrite", code=1)
    assert "was not made for fine.tif" in result.stderr
    assert (tmp_path / "fine.hdr").read_text() == "ENVI\nof somebody\n"
    bicubic(source, tmp_path / "fine.tif")
    assert (tmp_path / "fine.hdr").read_text() == "ENVI\nof somebody\n"
    assert "is for GeoTIFF" in bicubic(source, tmp_path / "a.img", "--header", code=1).stderr


def test_the_four_points_in_an_envi_header_span_the_swath(tmp_path):
    """GDAL puts the first four there, and all of them where no other program looks."""
    points = [
        rasterio.control.GroundControlPoint(row + 0.5, col + 0.5, 10 + col / 10, 50 - row / 10, 0.0)
        for row in range(0, 20, 4) for col in range(0, 20, 4)
    ]  # fmt: skip
    source = scene(tmp_path, "b.tif", shape=(20, 20), transform=None, gcps=points)
    make(source, tmp_path / "a.img")
    told = spectral.envi.read_envi_header(str(tmp_path / "a.hdr"))["geo points"]
    numbers = np.reshape([float(text) for text in told], (4, 4))
    assert sorted(map(tuple, numbers[:, 2:])) == [(48.4, 10), (48.4, 11.6), (50, 10), (50, 11.6)]
    assert numbers[:, :2].max() - numbers[:, :2].min() == 32  # 16 pixels of the scene
    with rasterio.open(tmp_path / "a.img") as dataset:
        assert len(dataset.gcps[0]) == len(points)
