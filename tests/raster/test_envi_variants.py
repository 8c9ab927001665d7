"""ENVI rasters as they come: any interleave, byte order, type and name, held against `spectral`."""

import dataclasses
import gzip
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from spectral.io import envi as spectral_envi

from hsisr_geo.api import super_resolve
from hsisr_geo.bands.bands import Bands
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BicubicResolver

ORDERS = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}
TYPES = {"uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "uint16": 12, "uint32": 13}
SHAPE = 3, 5, 4  # bands, rows, columns


def cube(dtype="int16"):
    return (np.arange(60).reshape(SHAPE) * 3 + 1).astype(dtype)


def write_envi(data, header, *, dtype="int16", interleave="bsq", big=False, offset=0, **fields):
    """Write by hand what "ENVI Header Files" (Harris, ENVI documentation) describes."""
    pixels = np.ascontiguousarray(cube(dtype).transpose(ORDERS[interleave]))
    data.write_bytes(bytes(offset) + pixels.astype(pixels.dtype.newbyteorder("<>"[big])).tobytes())
    layout = {
        "samples": SHAPE[2], "lines": SHAPE[1], "bands": SHAPE[0], "header offset": offset,
        "file type": "ENVI Standard", "data type": TYPES[dtype], "interleave": interleave,
        "byte order": int(big), "wavelength units": "Micrometers",
        "wavelength": "{0.45, 0.5505, 2.2}", "bbl": "{1, 0, 1}",
    }  # fmt: skip
    lines = [f"{key} = {value}" for key, value in (layout | fields).items()]
    header.write_text("\n".join(["ENVI", *lines]) + "\n")
    return data


def read(raster):
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("interleave", ORDERS)
@pytest.mark.parametrize("dtype", ["int16", "float32", "uint16", "float64"])
def test_layouts_are_read_as_spectral_reads_them(tmp_path, dtype, interleave, big):
    data, header = tmp_path / "a.img", tmp_path / "a.hdr"
    write_envi(data, header, dtype=dtype, interleave=interleave, big=big, offset=7)
    raster = open_raster(data)
    theirs = spectral_envi.open(str(header), str(data)).load().transpose(2, 0, 1)
    assert raster.dtype == dtype
    assert np.array_equal(read(raster), theirs)
    assert np.array_equal(read_window(raster, slice(2, 4), slice(1, 3), [2]), theirs[[2], 2:4, 1:3])
    assert raster.bands.wavelengths_nm == (450, 550.5, 2200)
    assert raster.bands.good_indices == (0, 2)


@pytest.mark.parametrize(
    ("data", "header"),
    [
        ("a.img", "a.hdr"), ("a.img", "a.img.hdr"), ("a", "a.hdr"), ("a.raw", "a.hdr"),
        ("a.bil", "a.bil.hdr"), ("a.dat", "a.HDR"), ("a.IMG", "a.hdr"), ("a.v2", "a.v2.hdr"),
    ],
)  # fmt: skip
def test_the_header_stands_for_its_data_whatever_they_are_called(tmp_path, data, header):
    write_envi(tmp_path / data, tmp_path / header)
    named = {name: open_raster(tmp_path / name) for name in (data, header)}
    assert np.array_equal(read(named[header]), cube())
    assert named[header] == named[data]


def test_a_header_without_data_says_what_was_looked_for(tmp_path):
    write_envi(tmp_path / "a.xyz", tmp_path / "b.hdr")
    with pytest.raises(RasterError, match=r"data file .* is missing: looked for b, b\.img, b\.dat"):
        open_raster(tmp_path / "b.hdr")


def test_of_a_recording_of_specim_the_reflectance_is_named(tmp_path):
    """Its cameras write counts, and what is white and dark, into `capture`."""
    for place in ("capture/DARKREF_a.raw", "capture/WHITEREF_a.raw", "capture/a.raw",
                  "results/REFLECTANCE_a.dat"):  # fmt: skip
        (tmp_path / place).parent.mkdir(exist_ok=True)
        write_envi(tmp_path / place, (tmp_path / place).with_suffix(".hdr"))
    with pytest.raises(RasterError, match=r"name a file in it, e.g. .*results/REFLECTANCE_a.dat$"):
        open_raster(tmp_path)
    for path in (tmp_path / "results").iterdir():
        path.unlink()
    with pytest.raises(RasterError, match=r"name a file in it, e.g. .*capture/a.raw$"):
        open_raster(tmp_path)


def test_a_spectral_library_is_no_raster(tmp_path):
    library = {"file type": "ENVI Spectral Library"}
    write_envi(tmp_path / "a.sli", tmp_path / "a.hdr", **library)
    with pytest.raises(RasterError, match="spectral library"):
        open_raster(tmp_path / "a.hdr")


@pytest.mark.parametrize("interleave", ORDERS)
def test_what_gdal_cannot_read_is_super_resolved_like_what_it_can(tmp_path, interleave):
    """A description of one long line, which stops GDAL before it knows the size."""
    place = {"map info": "{UTM, 1, 1, 700, 900, 5, 5, 33, North, WGS-84}"}
    plain = write_envi(tmp_path / "plain.img", tmp_path / "plain.hdr", **place)
    hard = tmp_path / "hard.img"
    write_envi(hard, tmp_path / "hard.hdr", interleave=interleave, big=True, offset=3, **place)
    text = (tmp_path / "hard.hdr").read_text()
    (tmp_path / "hard.hdr").write_text(
        text.replace("ENVI\n", "ENVI\ndescription = {" + "x" * 11_000 + "}\n", 1)
    )
    results = []
    for path in (plain, hard):
        raster = open_raster(path, bands="3,1")
        super_resolve(raster, path.with_suffix(".tif"), resolver=BicubicResolver(2))
        results.append(open_raster(path.with_suffix(".tif")))
    ours, theirs = results[1], results[0]
    assert (ours.transform, ours.crs, ours.bands) == (theirs.transform, theirs.crs, theirs.bands)
    assert np.array_equal(read(ours), read(theirs))


def test_a_short_file_whose_header_gdal_cannot_read(tmp_path):
    long = {"description": "{" + "x" * 11_000 + "}"}
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr")
    lines = (tmp_path / "a.hdr").read_text().splitlines()
    lines.insert(1, f"description = {long['description']}")
    (tmp_path / "a.hdr").write_text("\n".join(lines))
    (tmp_path / "a.img").write_bytes(bytes(100))
    with pytest.raises(RasterError, match="truncated: 100 of 120 bytes"):
        open_raster(tmp_path / "a.img")
    lines = [line for line in lines if not line.startswith("samples")]
    (tmp_path / "a.hdr").write_text("\n".join(lines))
    with pytest.raises(RasterError, match="samples is ''"):
        open_raster(tmp_path / "a.img")


def test_a_look_at_a_gzipped_cube_leaves_its_folder_as_it_was(tmp_path):
    """GDAL 3.10 notes its unpacked size in NAME.properties, anew at each long enough look."""
    data, header = tmp_path / "a.img", tmp_path / "a.hdr"
    pixels = np.random.default_rng(0).integers(0, 4000, (24, 64, 64)).astype("<i2")
    shape = {"samples": 64, "lines": 64, "bands": 24, "wavelength": "{}", "bbl": "{}"}
    write_envi(data, header, **shape, **{"file compression": 1})
    data.write_bytes(gzip.compress(pixels.tobytes()))
    assert np.array_equal(read(open_raster(data)), pixels)
    assert {path.name for path in tmp_path.iterdir()} == {"a.img", "a.hdr"}


@pytest.mark.parametrize(
    ("datum", "told"),
    [
        (", WGS-84", None), (", D_WGS_1984", None), (", North America 1983", None),
        (", Pulkovo 1942", "names the datum Pulkovo 1942, .* WGS 1984 is taken"),
        ("", "names no datum: North American Datum 1927 is taken"),
    ],
)  # fmt: skip
def test_a_datum_that_gdal_guesses_is_told(tmp_path, datum, told):
    place = f"{{UTM, 1, 1, 366000, 5808000, 30, 30, 33, North{datum}, units=Meters}}"
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr", **{"map info": place})
    notes = [note for note in open_raster(tmp_path / "a.img").notes if "datum" in note]
    assert len(notes) == (told is not None)
    assert told is None or re.search(told, notes[0])


@pytest.mark.parametrize("wrong", ["data type = 4", "lines = 5", "bands = 3"])
def test_a_header_that_tells_less_than_there_is_is_told(tmp_path, wrong):
    """A data type that is missing is a byte to GDAL, and the scene is noise."""
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr", dtype="float32")
    assert open_raster(tmp_path / "a.img").notes == ()
    text = (tmp_path / "a.hdr").read_text()
    name, _, value = wrong.partition(" = ")
    less = "" if name == "data type" else f"{name} = {int(value) - 2}"
    assert wrong in text
    (tmp_path / "a.hdr").write_text(text.replace(wrong, less))
    told = " ".join(open_raster(tmp_path / "a.img").notes)
    assert re.search(r"it has 240 bytes, of which a\.hdr tells \d+, as (uint8|float32)", told)


def test_what_lies_beside_a_raster_counts_where_no_folder_is_to_be_listed(tmp_path):
    """EMPTY_DIR is set for clouds; GDAL then sees no header, no mask and no `.aux.xml`."""
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr")
    profile = {"driver": "GTiff", "width": 3, "height": 2, "count": 1, "dtype": "uint8"}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False),
        rasterio.open(tmp_path / "b.tif", "w", **profile, crs="EPSG:32633") as dataset,
    ):
        dataset.write(np.ones((1, 2, 3), np.uint8))
        dataset.write_mask(np.eye(2, 3, dtype=bool))
    assert (tmp_path / "b.tif.msk").exists()
    seen = (
        "import sys; from hsisr_geo.raster.open import open_raster; "
        "a, b = map(open_raster, sys.argv[1:]); print(len(a.bands), b.has_mask)"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", seen, tmp_path / "a.img", tmp_path / "b.tif"],
            env=os.environ | {"GDAL_DISABLE_READDIR_ON_OPEN": said},
            capture_output=True, text=True, check=True,
        ).stdout
        for said in ("FALSE", "EMPTY_DIR")
    ]  # fmt: skip
    assert answers[0] == answers[1] == f"{len(open_raster(tmp_path / 'a.img').bands)} True\n"
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        here = open_raster(tmp_path / "a.img"), open_raster(tmp_path / "b.tif")
    assert f"{len(here[0].bands)} {here[1].has_mask}\n" == answers[0]


PLACE = "{UTM, 1, 1, 366000, 5808000, 30, 30, 33, North, WGS-84, units=Meters}"


@pytest.mark.parametrize(
    ("encoding", "before", "interleave"),
    [("utf-8", "\ufeff", "bsq"), ("utf-16", "", "bil"), ("utf-8", "\n", "bip")],
    ids=["byte order mark", "utf-16", "blank line"],
)
def test_a_header_is_read_as_windows_editors_save_it(tmp_path, encoding, before, interleave):
    """Notepad marks UTF-8, and its "Unicode" is UTF-16: to GDAL none of these is ENVI."""
    write_envi(tmp_path / "p.img", tmp_path / "p.hdr", **{"map info": PLACE})
    data, header = tmp_path / "a.img", tmp_path / "a.HDR"
    write_envi(data, header, interleave=interleave, big=True, offset=2, **{"map info": PLACE})
    header.write_text(before + header.read_text(), encoding=encoding)
    plain, raster = open_raster(tmp_path / "p.img"), open_raster(data)
    assert (raster.bands, raster.transform, raster.crs) == (
        plain.bands, plain.transform, plain.crs
    )  # fmt: skip
    assert np.array_equal(read(raster), cube())
    assert np.array_equal(read_window(raster, slice(1, 3), slice(2, 4), [2, 0]),
                          cube()[[2, 0], 1:3, 2:4])  # fmt: skip
    assert open_raster(header).bands == plain.bands


@pytest.mark.parametrize("break_", ["\n", " \n  "])
def test_a_list_may_begin_on_the_line_after_its_name(tmp_path, break_):
    """GDAL leaves such lists out without a word: wavelengths, and the place."""
    data, header = tmp_path / "a.img", tmp_path / "a.hdr"
    write_envi(data, header, **{"map info": PLACE})
    plain = open_raster(data)
    header.write_text(header.read_text().replace("= {", f"={break_}{{"))
    raster = open_raster(data)
    assert (raster.bands, raster.transform, raster.crs) == (
        plain.bands, plain.transform, plain.crs
    )  # fmt: skip
    assert np.array_equal(read(raster), cube())


def test_names_keep_commas_in_brackets_and_lists_that_do_not_fit_are_told(tmp_path):
    names = {"band names": "{Band Math (b1,b2), Warp (Band 1:a.img), b3}"}
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr", **names)
    raster = open_raster(tmp_path / "a.img")
    assert [b.name for b in raster.bands] == ["Band Math (b1,b2)", "Warp (Band 1:a.img)", "b3"]
    assert raster.notes == ()
    odd = {"band names": "{a, b, c, d}", "data gain values": "{0.1}"}
    write_envi(tmp_path / "b.img", tmp_path / "b.hdr", **odd)
    told = open_raster(tmp_path / "b.img").notes
    assert told == (
        "band names in the ENVI header: 4 for 3 bands, left out",
        "data gain values in the ENVI header: 1 for 3 bands, left out",
    )


@pytest.mark.parametrize("factor", ["0", "unknown"])
def test_a_scale_factor_that_is_none_is_told(tmp_path, factor):
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr", **{"reflectance scale factor": factor})
    raster = open_raster(tmp_path / "a.img")
    assert {band.scale for band in raster.bands} == {1.0}
    assert raster.notes == (
        f"reflectance scale factor in the ENVI header, {factor}, is none: left out",
    )


def test_names_of_bands_leave_an_envi_header_as_it_should_be(tmp_path):
    """GDAL writes them as they are: a brace ends the list, and what follows is another field."""
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr")
    raster = open_raster(tmp_path / "a.img")
    odd = ("NIR {850, 870}", "red}\nlines = 2", "plain")
    bands = [dataclasses.replace(b, name=n) for b, n in zip(raster.bands, odd, strict=True)]
    raster = dataclasses.replace(raster, bands=Bands(tuple(bands)))
    super_resolve(raster, tmp_path / "fine.img", resolver=BicubicResolver(2))
    (tmp_path / "fine.img.aux.xml").unlink(missing_ok=True)  # where GDAL keeps names as they were
    fine = open_raster(tmp_path / "fine.img")
    assert [b.name for b in fine.bands] == ["NIR (850; 870)", "red) lines = 2", "plain"]
    assert fine.shape == (10, 8)
    theirs = spectral_envi.open(str(tmp_path / "fine.hdr"), str(tmp_path / "fine.img"))
    assert theirs.shape == (10, 8, 3)
    assert len(theirs.metadata["band names"]) == 3


@pytest.mark.parametrize("unit", ["Wavenumber", "cm-1", "1/cm"])
def test_wavenumbers_are_wavelengths(tmp_path, unit):
    """ "Wavenumber" is a unit of ENVI's headers; 10 um is 1000 per centimetre, and a width of
    4 of them is 40 nm there."""
    fields = {"wavelength units": unit, "wavelength": "{1250, 1000, 800}", "fwhm": "{4, 4, 4}"}
    write_envi(tmp_path / "a.img", tmp_path / "a.hdr", **fields)
    raster = open_raster(tmp_path / "a.img")
    assert raster.bands.wavelengths_nm == (8000, 10000, 12500)
    assert raster.bands.fwhm_nm == (25.6, 40, 62.5)
    super_resolve(raster, tmp_path / "fine.img", resolver=BicubicResolver(2))
    assert open_raster(tmp_path / "fine.img").bands.fwhm_nm == (25.6, 40, 62.5)
