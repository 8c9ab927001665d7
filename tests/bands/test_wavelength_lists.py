"""Wavelengths and bad bands as other people's software writes them."""

import numpy as np
import pytest
import rasterio

from hsisr_geo.bands.lists import split_list, to_flag
from hsisr_geo.raster.open import open_raster

CENTRES = [402.1, 450.5, 500.2, 550.9, 600.4, 700.7, 850.3, 990.6]
TEXTS = [str(nm) for nm in CENTRES]


def envi(path, fields, count=8):
    np.ones((count, 6, 5), "<f4").tofile(path)
    layout = "samples = 5\nlines = 6\ndata type = 4\ninterleave = bsq\nbyte order = 0\n"
    path.with_suffix(".hdr").write_text(f"ENVI\nbands = {count}\n{layout}{fields}\n")
    return path


def geotiff(path, count=4):
    return rasterio.open(
        path, "w", driver="GTiff", height=3, width=4, count=count, dtype="float32",
        crs="EPSG:32633", transform=rasterio.Affine(30, 0, 5e5, 0, -30, 58e5),
    )  # fmt: skip


def centres(path):
    return [band.wavelength_nm for band in open_raster(path).bands]


@pytest.mark.parametrize(
    "text",
    [
        "{" + ", ".join(TEXTS) + "}",
        "{ " + " , ".join(TEXTS) + " ,}",
        "{" + " ".join(TEXTS) + "}",
        "[" + ", ".join(TEXTS) + "]",
        "[ " + "   ".join(TEXTS) + "]",
        "(" + ", ".join(TEXTS) + ")",
        "{" + "; ".join(TEXTS) + "}",
        "{" + ", ".join(f"'{text}'" for text in TEXTS) + "}",
        "{" + ",".join(TEXTS).replace(".", ",") + "}",
        "{" + ", ".join(text.replace(".", ",") for text in TEXTS) + "}",
        "{" + ", ".join(f"{text} nm" for text in TEXTS) + "}",
        "[" + ",\n ".join(TEXTS) + "]",
    ],
)
@pytest.mark.parametrize("key", ["wavelength", "wavelengths", "center wavelengths"])
def test_a_list_is_read_however_it_is_written(tmp_path, text, key):
    path = envi(tmp_path / "a.img", f"{key} = {text}\nwavelength units = nm")
    assert centres(path) == CENTRES
    assert open_raster(path).notes == ()


@pytest.mark.parametrize(
    "text", ["400 to 900 nm", "see the header file", "VNIR", "0.4-2.5 micrometers (VNIR and SWIR)"]
)
def test_prose_is_no_list_and_this_is_said(tmp_path, text):
    with geotiff(tmp_path / "a.tif") as dataset:
        dataset.update_tags(WAVELENGTHS=text)
    raster = open_raster(tmp_path / "a.tif")
    assert [band.wavelength_nm for band in raster.bands] == [None] * 4
    assert "wavelengths in the tags of the file is text, no list: left out" in raster.notes


@pytest.mark.parametrize("text", ["400 nm 500 nm", "400nm 500nm", "402,1 450,5", "NaN 500"])
def test_units_and_missing_values_make_no_prose(tmp_path, text):
    with geotiff(tmp_path / "a.tif", count=2) as dataset:
        dataset.update_tags(WAVELENGTHS=text)
    assert not any("is text" in note for note in open_raster(tmp_path / "a.tif").notes)


@pytest.mark.parametrize("number", [4, 7, 9, 12])
def test_a_list_of_another_length_is_left_out_and_this_is_said(tmp_path, number):
    listed = ", ".join(str(400 + 50 * i) for i in range(number))
    path = envi(tmp_path / "a.img", f"wavelength = {{{listed}}}")
    assert centres(path) == [None] * 8
    (note,) = open_raster(path).notes
    assert f"{number} values for 8 bands" in note


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("bbl", "{True, False, True, True, True, True, True, False}"),
        ("bbl", "{1, 0, 1, 1, 1, 1, 1, 0,}"),
        ("bbl", "{1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0}"),
        ("good_wavelengths", "{ 1 , 0 , 1 , 1 , 1 , 1 , 1 , 0 }"),
    ],
)
def test_bad_bands(tmp_path, key, text):
    bands = open_raster(envi(tmp_path / "a.img", f"{key} = {text}")).bands
    assert bands.good_indices == (0, 2, 3, 4, 5, 6)


def test_a_bracket_that_belongs_to_a_name_stays():
    assert split_list("{B1 (402 nm), B2 (450 nm)}", 2) == ["B1 (402 nm)", "B2 (450 nm)"]


@pytest.mark.parametrize(
    ("text", "flag"), [("1", True), ("0", False), ("FALSE", False), ("yes", True), ("?", None)]
)
def test_flags(text, flag):
    assert to_flag(text) is flag


@pytest.mark.parametrize(
    ("domain", "items"),
    [
        ("ENVI", lambda nm: {"wavelength": str(nm), "wavelength units": "nm"}),
        ("ENVI", lambda nm: {"wavelength": str(nm / 1e3), "wavelength_units": "micrometers"}),
        ("FORCE", lambda nm: {"Wavelength": str(nm / 1e3), "Wavelength_unit": "micrometers"}),
    ],
)
def test_band_domains_of_other_software(tmp_path, domain, items):
    with geotiff(tmp_path / "a.tif") as file:
        for i, nm in enumerate(CENTRES[:4], 1):
            file.update_tags(i, ns=domain, **items(nm), bbl=str(int(i != 2)))
    assert centres(tmp_path / "a.tif") == CENTRES[:4]
    assert open_raster(tmp_path / "a.tif").bands.good_indices == (0, 2, 3)


@pytest.mark.parametrize(
    ("pattern", "rounded"),
    [("Band_{:.0f}", 0), ("X{}", 1), ("band_{:.0f}nm", 0), ("{}nm", 1), ("refl_{:.1f} nm", 1)],
)
def test_band_names(tmp_path, pattern, rounded):
    with geotiff(tmp_path / "a.tif") as file:
        file.descriptions = [pattern.format(nm) for nm in CENTRES[:4]]
    assert centres(tmp_path / "a.tif") == [round(nm, rounded) for nm in CENTRES[:4]]


@pytest.mark.parametrize("names", [
    [f"band_{i}" for i in range(100, 104)], ["B1", "B2", "B3", "B4"], ["a402", "b450", "c5", "d"],
    ["X900", "X800", "X700", "X600"],
])  # fmt: skip
def test_names_that_only_count_are_no_wavelengths(tmp_path, names):
    with geotiff(tmp_path / "a.tif") as file:
        file.descriptions = names
    assert centres(tmp_path / "a.tif") == [None] * 4


def test_an_envi_header_beside_a_geotiff(tmp_path):
    geotiff(tmp_path / "a.tif").close()
    listed = ", ".join(TEXTS[:4])
    (tmp_path / "a.hdr").write_text(
        "ENVI\nsamples = 4\nlines = 3\nbands = 4\nfile type = TIFF\n"
        f"wavelength units = Nanometers\nwavelength = {{{listed}}}\nbbl = {{0, 1, 1, 1}}\n"
    )
    assert centres(tmp_path / "a.tif") == CENTRES[:4]
    assert open_raster(tmp_path / "a.tif").bands.good_indices == (1, 2, 3)


def test_the_wavelengths_of_an_esri_header(tmp_path):
    np.ones((6, 3, 5), "u1").tofile(tmp_path / "a.bil")
    block = "\n".join(["WAVELENGTHS", *TEXTS[:3], "WAVELENGTHS_END"])
    (tmp_path / "a.hdr").write_text(
        f"NROWS 6\nNCOLS 5\nNBANDS 3\nNBITS 8\nLAYOUT BIL\nBYTEORDER I\n{block}\n"
    )
    assert centres(tmp_path / "a.bil") == CENTRES[:3]


@pytest.mark.parametrize(
    ("factor", "unit", "fitting"),
    [(1e3, "nm", "Picometers"), (1e-3, "Nanometers", "Micrometers"), (1, "um", "Nanometers"),
     (1e-9, "nm", "Meters")],
)  # fmt: skip
def test_a_unit_that_does_not_fit_gives_way_and_this_is_said(tmp_path, factor, unit, fitting):
    listed = ", ".join(repr(nm * factor) for nm in CENTRES)
    path = envi(tmp_path / "a.img", f"wavelength units = {unit}\nwavelength = {{{listed}}}")
    assert centres(path) == pytest.approx(CENTRES, rel=1e-5)
    (note,) = open_raster(path).notes
    assert note.endswith(f"taken as {fitting}")


@pytest.mark.parametrize("unit", ["Micrometers", "Unknown", "nm"])
def test_numbers_of_bands_are_no_wavelengths(tmp_path, unit):
    listed = ", ".join(map(str, range(1, 9)))
    path = envi(tmp_path / "a.img", f"wavelength units = {unit}\nwavelength = {{{listed}}}")
    assert centres(path) == [None] * 8
    (note,) = open_raster(path).notes
    assert "numbers of bands" in note


@pytest.mark.parametrize(
    ("unit", "factor", "widths"),
    [("nm", 1, "0.0095"), ("um", 1e-3, "9.5")],
)
def test_widths_in_another_unit_than_their_centres_are_taken_as_meant_and_told(
    tmp_path, unit, factor, widths
):
    texts = ", ".join(f"{nm * factor:.7g}" for nm in CENTRES)
    fields = f"wavelength units = {unit}\nwavelength = {{{texts}}}\nfwhm = {{"
    path = envi(tmp_path / "a.img", fields + ", ".join([widths] * 8) + "}")
    bands = open_raster(path).bands
    assert bands.wavelengths_nm == pytest.approx(CENTRES)
    assert bands.fwhm_nm == pytest.approx([9.5] * 8)
    (note,) = open_raster(path).notes
    assert "widths of" in note
    assert "taken as" in note


@pytest.mark.parametrize("width", [0.04, 0.5, 300])  # of a spectrograph; of filters; of wide bands
def test_widths_that_can_be_stay_as_they_are(tmp_path, width):
    step = {0.04: 0.02, 0.5: 10, 300: 100}[width]
    texts = ", ".join(f"{760 + step * i:.7g}" for i in range(8))
    fields = f"wavelength units = nm\nwavelength = {{{texts}}}\nfwhm = {{"
    path = envi(tmp_path / "a.img", fields + ", ".join([str(width)] * 8) + "}")
    assert open_raster(path).bands.fwhm_nm == pytest.approx([width] * 8)
    assert open_raster(path).notes == ()


def test_single_wavelengths_that_cannot_be_are_left_out_and_told(tmp_path):
    fields = "wavelength units = nm\nwavelength = {402, 500, 600, 700, 800, 900, 1.2, 2.2}"
    path = envi(tmp_path / "a.img", fields)  # micrometres in the end, but it says nanometres
    assert centres(path) == [402, 500, 600, 700, 800, 900, None, None]
    (note,) = open_raster(path).notes
    assert "wavelengths of 1.2 nm cannot be" in note
    assert "in 2 of 8 bands" in note
