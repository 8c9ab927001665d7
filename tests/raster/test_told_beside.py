"""Wavelengths that a raster has in an item of STAC or a table beside it, or in SNAP's tag."""

import json

import numpy as np
import pytest
import rasterio
import tifffile
from commands import bicubic, call

from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

CENTRES, WIDTHS = (450.5, 550.25, 2200.125), (9.9, 10.1, 12.3)
PLACE = {"crs": "EPSG:32633", "transform": rasterio.Affine(30, 0, 366000, 0, -30, 5808000)}


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "scene.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=12, height=10, count=3, dtype="int16", **PLACE
    ) as file:
        file.write(np.arange(360, dtype=np.int16).reshape(3, 10, 12))
    return path


def eo_bands(prefix="", **more):
    told = zip(CENTRES, WIDTHS, strict=True)
    return [
        {"name": f"b{i}", f"{prefix}center_wavelength": round(c / 1e3, 9),
         f"{prefix}full_width_half_max": round(w / 1e3, 9), **more}
        for i, (c, w) in enumerate(told)
    ]  # fmt: skip


ENVI = {"wavelength": list(CENTRES), "wavelength_units": "Nanometers", "fwhm": list(WIDTHS),
        "bbl": [1, 1, 1], "band_names": ["b0", "b1", "b2"]}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("scene.tif.stac.json", {"properties": {"eo:bands": eo_bands()}}),  # EnMAP-Box
        ("scene.tif.stac.json", {"properties": {"envi:metadata": ENVI}}),  # EnMAP-Box, as ENVI's
        ("scene.stac.json", {"assets": {"a": {"href": "x/scene.tif", "bands": eo_bands("eo:")}}}),
        ("scene.json", {"stac_version": "1.0.0", "assets": {"t": {}, "a": {
            "href": "https://a.b/scene.tif", "eo:bands": eo_bands()}}}),
    ],
)  # fmt: skip
def test_the_item_beside_a_raster_tells_its_wavelengths(plain, name, item):
    (plain.parent / name).write_text(json.dumps(item))
    raster = open_raster(plain)
    assert raster.bands.wavelengths_nm == CENTRES
    assert raster.bands.fwhm_nm == WIDTHS
    assert [band.name for band in raster.bands] == ["b0", "b1", "b2"]
    assert f"its wavelengths are those that {name} beside it tells" in raster.notes
    bicubic(plain, plain.parent / "fine.tif")
    assert open_raster(plain.parent / "fine.tif").bands.wavelengths_nm == CENTRES


def test_of_several_assets_the_files_own_counts(plain):
    other = [{"center_wavelength": 0.4 + 0.1 * i} for i in range(3)]
    assets = {"b": {"href": "other.tif", "eo:bands": other},
              "a": {"href": "./scene.tif", "eo:bands": eo_bands()}}  # fmt: skip
    plain.with_suffix(".stac.json").write_text(json.dumps({"assets": assets}))
    assert open_raster(plain).bands.wavelengths_nm == CENTRES


def test_bad_bands_of_enmap_box_are_bad(plain):
    bands = eo_bands()
    bands[1]["enmapbox:bad_band_multiplier"] = 0
    beside = plain.with_name("scene.tif.stac.json")
    beside.write_text(json.dumps({"properties": {"eo:bands": bands}}))
    assert open_raster(plain).bands.good_indices == (0, 2)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"properties": {"eo:bands": [{"center_wavelength": 0.5}]}}',
             '{"properties": {"eo:bands": [{}, {}, {}]}}', '{"assets": [1]}', '{"a": NaN}'],
)  # fmt: skip
def test_an_item_of_something_else_says_nothing(plain, text):
    plain.with_suffix(".stac.json").write_text(text)
    raster = open_raster(plain)
    assert raster.bands.wavelengths_nm is None
    assert raster.notes == ()


def test_what_the_raster_says_itself_goes_before_the_item(plain):
    with rasterio.open(plain, "r+") as file:
        for number in file.indexes:
            file.update_tags(number, wavelength=500 + 10 * number)
    plain.with_suffix(".stac.json").write_text(json.dumps({"properties": {"eo:bands": eo_bands()}}))
    assert open_raster(plain).bands.wavelengths_nm == (510, 520, 530)


def snap(path, *, bands=3, **layout):
    """Write what SNAP's writer of GeoTIFF does: stored numbers, and the header in tag 65000."""
    lines = "".join(
        f"<Spectral_Band_Info><BAND_INDEX>{i}</BAND_INDEX><BAND_NAME>b{i}</BAND_NAME>"
        "<DATA_TYPE>int16</DATA_TYPE><PHYSICAL_UNIT>mW/m^2/sr/nm</PHYSICAL_UNIT>"
        f"<BAND_WAVELEN>{c}</BAND_WAVELEN><BANDWIDTH>{w}</BANDWIDTH>"
        "<SCALING_FACTOR>1.0E-4</SCALING_FACTOR><SCALING_OFFSET>0.5</SCALING_OFFSET>"
        "<LOG10_SCALED>false</LOG10_SCALED><NO_DATA_VALUE_USED>true</NO_DATA_VALUE_USED>"
        "<NO_DATA_VALUE>-9999.0</NO_DATA_VALUE></Spectral_Band_Info>"
        for i, (c, w) in reversed(list(enumerate(zip(CENTRES, WIDTHS, strict=True))))
    )
    lines += "<Spectral_Band_Info><BAND_INDEX>3</BAND_INDEX><VIRTUAL_BAND>true</VIRTUAL_BAND>"
    document = f"<Image_Interpretation>{lines}</Spectral_Band_Info></Image_Interpretation>"
    text = f'<?xml version="1.0"?><Dimap_Document name="p.dim">{document}</Dimap_Document>'
    cube = np.arange(bands * 120, dtype=np.int16).reshape(bands, 10, 12)
    cube[:, 0, 0] = -9999
    geo = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)
    tifffile.imwrite(
        path, cube, photometric="minisblack", planarconfig="separate", metadata=None, **layout,
        extratags=[
            (65000, "s", 0, text, True),
            (33550, "d", 3, (30.0, 30.0, 0.0), True),
            (33922, "d", 6, (0.0, 0.0, 0.0, 366000.0, 5808000.0, 0.0), True),
            (34735, "H", len(geo), geo, True),
        ],
    )  # fmt: skip
    return path


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_a_geotiff_of_snap_has_the_bands_that_its_header_tells(tmp_path, big, order):
    path = snap(tmp_path / "a.tif", bigtiff=big, byteorder=order)
    raster = open_raster(path)
    assert raster.bands.wavelengths_nm == CENTRES
    assert raster.bands.fwhm_nm == WIDTHS
    assert {band.unit for band in raster.bands} == {"mW/m^2/sr/nm"}
    assert raster.transform == PLACE["transform"]
    values = read_window(raster, slice(0, 2), slice(0, 12))
    assert np.isnan(values[:, 0, 0]).all()
    assert values[0, 0, 1] == pytest.approx(1e-4 + 0.5)
    assert values[2, 1, 3] == pytest.approx((240 + 15) * 1e-4 + 0.5)
    bicubic(path, tmp_path / "fine.tif")
    with rasterio.open(tmp_path / "fine.tif") as fine:
        assert fine.scales == (1e-4,) * 3
        assert fine.nodata == -9999


def test_a_header_of_snap_for_other_bands_is_left_out_and_said(tmp_path):
    raster = open_raster(snap(tmp_path / "a.tif", bands=2))
    assert raster.bands.wavelengths_nm is None
    assert "SNAP's header in it tells of 3 bands, not 2: left out" in raster.notes


def test_info_tells_how_to_give_wavelengths_that_nothing_tells(plain):
    told = call("info", plain).stdout
    assert "none: bands are taken in file order; a header of ENVI beside it, scene.hdr" in told
    header = "ENVI\nwavelength = {450.5, 550.25, 2200.125}\n"
    plain.with_suffix(".hdr").write_text(header)
    assert open_raster(plain).bands.wavelengths_nm == CENTRES
    assert "450.5 to 2200.12 nm" in call("info", plain).stdout


def lines(*rows, apart=" "):
    return "".join(f"{apart.join(map(str, row))}\n" for row in rows)


ROWS = list(zip((1, 2, 3), CENTRES, WIDTHS, strict=True))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scene.wvl", '"band" "orband" "wl" "fwhm"\n'
         + lines(*((i, i + 4, c, w) for i, c, w in ROWS))),  # prismaread
        ("scene_meta.txt", '"band" "wl" "fwhm"\n' + lines(*ROWS)),  # as it was before
        ("scene.wvl", lines(*ROWS, apart="\t")),  # HYDICE
        ("scene.tif.wvl", "band,wavelength (um),fwhm\n"
         + lines(*((i, c / 1e3, w / 1e3) for i, c, w in ROWS), apart=", ")),
    ],
    ids=["prismaread", "older", "HYDICE", "micrometres"],
)  # fmt: skip
def test_a_table_beside_a_raster_tells_its_wavelengths(plain, name, text):
    plain.with_name(name).write_text(text)
    raster = open_raster(plain)
    assert raster.bands.wavelengths_nm == CENTRES
    assert raster.bands.fwhm_nm == pytest.approx(WIDTHS)
    assert raster.notes == (f"its wavelengths are those that {name} beside it tells",)
    bicubic(plain, plain.parent / "fine.tif")
    assert open_raster(plain.parent / "fine.tif").bands.wavelengths_nm == CENTRES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lines(*ROWS[:2]), ("scene.wvl beside it tells of 2 bands, not 3: left out",)),
        ("date sunzen sunaz\n2020 40.1 150.2\n", ()), ("", ()), ("a note\nof 2 lines\n", ()),
        (lines(*((i, f"B{i}", "") for i in (1, 2, 3))), ()),
    ],
)  # fmt: skip
def test_a_table_of_something_else_says_nothing(plain, text, said):
    plain.with_suffix(".wvl").write_text(text)
    raster = open_raster(plain)
    assert raster.bands.wavelengths_nm is None
    assert raster.notes == said
