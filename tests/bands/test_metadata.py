import logging
import shutil

import numpy as np
import pytest
import rasterio
import spectral

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.envi_header import read_header
from hsisr_geo.bands.metadata import read_tags, write_bands
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

CENTRES = (450.5, 550.25, 2200.125)
WIDTHS = (9.9, 10.1, 12.3)


def make_geotiff(path, *, descriptions=(), tags=(), imagery=(), dataset_tags=None, ns=None):
    """Write a raster of three bands whose metadata is what the test says, and nothing else."""
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=3, count=3, dtype="int16",
        crs="EPSG:32633", transform=rasterio.Affine(30, 0, 0, 0, -30, 0),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((3, 3, 4), np.int16))
        for i, text in enumerate(descriptions, 1):
            dataset.set_band_description(i, text)
        for i, items in enumerate(tags, 1):
            dataset.update_tags(i, **items)
        for i, items in enumerate(imagery, 1):
            dataset.update_tags(i, ns="IMAGERY", **items)
        dataset.update_tags(ns=ns, **(dataset_tags or {}))
    return path


def make_envi(path, **fields):
    layout = {
        "samples": 4, "lines": 3, "bands": 3, "header offset": 0, "data type": 2,
        "interleave": "bsq", "byte order": 0,
    }  # fmt: skip
    fields = {key.replace("_", " "): value for key, value in fields.items()}
    lines = [f"{key} = {value}" for key, value in (layout | fields).items()]
    path.with_suffix(".hdr").write_text("\n".join(["ENVI", *lines]) + "\n")
    path.write_bytes(np.arange(36, dtype=np.int16).tobytes())
    return path


def braces(values):
    return "{" + ", ".join(map(str, values)) + "}"


def test_real_scenes_have_the_bands_that_their_headers_say(scene):
    # The `spectral` package reads .hdr files on its own, and GDAL knows nothing of it.
    header = scene.with_suffix(".hdr")
    bands = open_raster(scene).bands
    if not header.exists():
        with rasterio.open(scene) as dataset:
            tags = [dataset.tags(i) for i in dataset.indexes]
            names = list(dataset.descriptions)
        centres = [float(t["wavelength"]) for t in tags]
        good = [t["bbl"] == "1" for t in tags]
    else:
        fields = spectral.envi.read_envi_header(header)
        names = fields["band names"]
        centres = [float(w) for w in fields["wavelength"]]
        good = [b == "1" for b in fields.get("bbl", ["1"] * len(names))]
    assert [band.name for band in bands] == names
    assert list(bands.wavelengths_nm) == centres
    assert [band.good for band in bands] == good


@pytest.mark.parametrize(
    ("name", "count", "bad", "has_widths"),
    [
        ("mosaic", 224, 6, True),
        ("tile", 224, 6, True),
        ("hyspex", 325, 0, False),
        ("emit", 285, 41, True),
        ("aviris", 194, 0, True),
    ],
)
def test_products_keep_count_widths_and_bad_bands(scenes, name, count, bad, has_widths):
    bands = open_raster(scenes.products[name]).bands
    assert len(bands) == count
    assert count - len(bands.good_indices) == bad
    assert (bands.fwhm_nm is not None) == has_widths


def test_fields_after_a_line_too_long_for_gdal_are_found(scenes):
    with rasterio.open(scenes.hyspex) as dataset:
        assert "wavelength" not in dataset.tags(ns="ENVI")  # this is what makes it worth a test
    assert len(open_raster(scenes.hyspex).bands.wavelengths_nm) == 325


def test_band_tags_in_micrometres(tmp_path):
    tags = [
        {"wavelength": w / 1000, "wavelength_units": "Micrometers", "fwhm": f / 1000, "bbl": b}
        for w, f, b in zip(CENTRES, WIDTHS, (1, 0, 1), strict=True)
    ]
    bands = open_raster(make_geotiff(tmp_path / "a.tif", tags=tags)).bands
    assert bands.wavelengths_nm == CENTRES
    assert bands.fwhm_nm == WIDTHS
    assert bands.good_indices == (0, 2)


def test_imagery_domain_alone(tmp_path):
    imagery = [
        {"CENTRAL_WAVELENGTH_UM": w / 1000, "FWHM_UM": f / 1000}
        for w, f in zip(CENTRES, WIDTHS, strict=True)
    ]
    bands = open_raster(make_geotiff(tmp_path / "a.tif", imagery=imagery)).bands
    assert bands.wavelengths_nm == CENTRES
    assert bands.fwhm_nm == WIDTHS


def test_band_tags_are_believed_before_rounded_imagery_items(tmp_path):
    tags = [{"wavelength": w, "wavelength_units": "nm"} for w in CENTRES]
    imagery = [{"CENTRAL_WAVELENGTH_UM": f"{w / 1000:.3f}", "FWHM_UM": "0.010"} for w in CENTRES]
    bands = open_raster(make_geotiff(tmp_path / "a.tif", tags=tags, imagery=imagery)).bands
    assert bands.wavelengths_nm == CENTRES
    assert bands.fwhm_nm == (10.0, 10.0, 10.0)  # known there only


@pytest.mark.parametrize("ns", ["ENVI", None])
def test_lists_in_the_tags_of_a_geotiff(tmp_path, ns):
    lists = {"wavelength": braces(CENTRES), "wavelength_units": "nm", "bbl": "{1, 1, 0}"}
    raster = open_raster(make_geotiff(tmp_path / "a.tif", dataset_tags=lists, ns=ns))
    assert raster.bands.wavelengths_nm == CENTRES
    assert raster.bands.good_indices == (0, 1)
    # ... and as the bands carry them from now on, the dataset no longer does
    assert "wavelength" not in {key for items in raster.tags.values() for key in items}


@pytest.mark.parametrize(
    "tags",
    [
        [{"NETCDF_DIM_wavelength": w} for w in CENTRES],
        [{"DIM_wavelength_VALUE": w, "DIM_wavelength_UNIT": "nm"} for w in CENTRES],
        [{"wavelength": w} for w in CENTRES],
        [{"wavelength": w / 1000, "wavelength_units": "Unknown"} for w in CENTRES],
    ],
)
def test_dimensions_and_missing_units(tmp_path, tags):
    assert open_raster(make_geotiff(tmp_path / "a.tif", tags=tags)).bands.wavelengths_nm == CENTRES


@pytest.mark.parametrize(
    "pattern",
    ["{} nm", "B02 ({} Nanometers)", "wavelength={} (nm)", "channel_0 ({})", "{}"],
)
def test_numbers_in_descriptions_are_the_last_resort(tmp_path, pattern):
    texts = [pattern.format(w) for w in CENTRES]
    bands = open_raster(make_geotiff(tmp_path / "a.tif", descriptions=texts)).bands
    assert bands.wavelengths_nm == CENTRES
    assert [band.name for band in bands] == texts


@pytest.mark.parametrize(
    ("text", "unit"),
    [("np.float64({})", "'Micrometers'"), ("'{}'", "b'um'"), ("np.str_('{}')", "np.str_('um')")],
)
def test_tags_that_python_wrote_by_repr_are_what_is_within(tmp_path, text, unit):
    """geoarray writes what it knows of bands so; NumPy 2 writes its lists with the type of each."""
    tags = [{"wavelength": text.format(w / 1000), "wavelength_units": unit} for w in CENTRES]
    assert open_raster(make_geotiff(tmp_path / "a.tif", tags=tags)).bands.wavelengths_nm == CENTRES
    lists = {
        "wavelengths": str([np.float64(w) for w in CENTRES]),
        "fwhm": repr(np.array([6.5, 7.25, 8], np.float32)),
        "bbl": str([np.bool_(True), np.bool_(False), np.int64(1)]),
    }
    bands = open_raster(make_geotiff(tmp_path / "b.tif", dataset_tags=lists)).bands
    assert bands.wavelengths_nm == CENTRES
    assert [(b.fwhm_nm, b.good) for b in bands] == [(6.5, True), (7.25, False), (8, True)]


def test_a_wavelength_of_a_band_that_is_none_is_said(tmp_path):
    tags = [{"wavelength": "green"}, {"wavelength": "550"}, {"wavelength": "nan"}]
    notes = open_raster(make_geotiff(tmp_path / "a.tif", tags=tags)).notes
    assert notes == ("wavelength in the band tags, green, is not understood",)


@pytest.mark.parametrize("pattern", ["wl_{:g}", "band ({:g})", "{:g}"])
def test_decimals_that_are_left_out_of_whole_numbers_hide_no_wavelength(tmp_path, pattern):
    """As R names layers, and f"{:g}"; not ascending, as where two detectors overlap."""
    centres = [450.5, 1001, 985.25]
    texts = [pattern.format(w) for w in centres]
    bands = open_raster(make_geotiff(tmp_path / "a.tif", descriptions=texts)).bands
    assert bands.wavelengths_nm == tuple(centres)


@pytest.mark.parametrize("texts", [("1", "2", "3"), ("B450", "NDVI", "0.5"), ("450", "550", "650")])
def test_other_numbers_in_descriptions_are_no_wavelengths(tmp_path, texts):
    bands = open_raster(make_geotiff(tmp_path / "a.tif", descriptions=texts)).bands
    assert bands.wavelengths_nm is None


def test_units_that_are_no_length_leave_wavelengths_out_and_the_log_says_so(tmp_path, caplog):
    path = make_envi(tmp_path / "a.bsq", wavelength=braces([1, 2, 3]), wavelength_units="Index")
    assert open_raster(path).bands.wavelengths_nm is None
    assert "Index" in caplog.text


def test_the_log_says_where_wavelengths_come_from(caplog, scenes):
    with caplog.at_level(logging.INFO, logger="hsisr_geo"):
        open_raster(scenes.aviris)
        assert "ENVI header, which names no unit: taken as Nanometers" in caplog.text


def test_envi_header_fields(tmp_path):
    path = make_envi(
        tmp_path / "a.bsq",
        wavelength=braces(w / 1000 for w in CENTRES),
        wavelength_units="Micrometers",
        fwhm=braces(w / 1000 for w in WIDTHS),
        bbl="{1.0, 0, 1}",
        band_names="{one, two,\n three}",
        data_ignore_value="-9999",
        reflectance_scale_factor="10000",
        sensor_type="HyMap",
        acquisition_time="2020-01-01",
    )
    raster = open_raster(path)
    assert [band.name for band in raster.bands] == ["one", "two", "three"]
    assert raster.bands.wavelengths_nm == CENTRES
    assert raster.bands.fwhm_nm == WIDTHS
    assert raster.bands.good_indices == (0, 2)
    assert {band.scale for band in raster.bands} == {1e-4}
    assert {band.nodata for band in raster.bands} == {-9999.0}
    assert raster.tags["ENVI"] == {"sensor_type": "HyMap", "acquisition_time": "2020-01-01"}


def test_the_suffix_that_gdal_adds_to_envi_names_is_dropped_and_others_are_kept(tmp_path):
    path = make_envi(tmp_path / "a.bsq", wavelength=braces(CENTRES), wavelength_units="Nanometers")
    with rasterio.open(path) as dataset:
        assert "Nanometers" in dataset.descriptions[0]
    assert open_raster(path).bands[0].name == ""
    texts = ["red (650 Nanometers)", "b", "c"]
    assert (
        open_raster(make_geotiff(tmp_path / "a.tif", descriptions=texts)).bands[0].name == texts[0]
    )


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("place", [0, 1])
def test_what_a_long_line_hides_from_gdal_is_read_all_the_same(tmp_path, interleave, place):
    """A header with its long line before the place, or before everything."""
    hidden = {"band_names": braces(["x" * 4000] * 3)}
    fields = {"map_info": "{UTM, 1, 1, 700, 900, 5, 5, 33, North, WGS-84}"}
    seen = make_envi(tmp_path / "seen.bsq", interleave=interleave, **fields)
    late = make_envi(tmp_path / "late.bsq", interleave=interleave, **hidden, **fields)
    early = late.with_suffix(".hdr").read_text().splitlines()
    if place:  # even the size of the raster comes after the long line
        early.insert(1, early.pop(next(i for i, line in enumerate(early) if len(line) > 10_000)))
        late.with_suffix(".hdr").write_text("\n".join(early))
    ours, theirs = open_raster(late), open_raster(seen)
    assert (ours.shape, ours.dtype, ours.interleave) == (
        theirs.shape,
        theirs.dtype,
        theirs.interleave,
    )
    assert (ours.transform, ours.crs) == (theirs.transform, theirs.crs)
    window = slice(1, theirs.rows), slice(0, theirs.cols - 1)
    assert np.array_equal(read_window(ours, *window, [2, 0]), read_window(theirs, *window, [2, 0]))
    assert theirs.crs is not None


def test_statistics_and_spectral_items_are_not_carried_as_tags(tmp_path):
    tags = [{"STATISTICS_MEAN": 1, "wavelength": 450, "site": "A"}] * 3
    path = make_geotiff(
        tmp_path / "a.tif",
        tags=tags,
        dataset_tags={"STATISTICS_X": 1, "HSISR_MODEL": "old", "who": "me"},
    )
    raster = open_raster(path)
    assert raster.bands[0].tags == (("site", "A"),)
    assert raster.tags[""] == {"AREA_OR_POINT": "Area", "who": "me"}


def test_written_bands_are_read_again_equal(tmp_path):
    bands = Bands(
        (
            Band("red", 650.123456789, 9.9, True, "W/m2", 0.5, -3.0, -9.0, "red", (("k", "v"),)),
            Band("x, y", 0.1 + 450, 1 / 3, False, None, 0.25, 0.0, -9.0, "undefined"),
            Band("", 550.25, None, True, None, 1.0, 7.0, -9.0),
        )
    )
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=2, count=3, dtype="int16", nodata=-9,
        crs="EPSG:32633", transform=rasterio.Affine(2, 0, 0, 0, -2, 0),
    ) as dataset:  # fmt: skip
        write_bands(dataset, bands)
    found = open_raster(path).bands
    assert found.wavelengths_nm == bands.wavelengths_nm
    for ours, theirs in zip(bands, found, strict=True):
        for field in ("fwhm_nm", "good", "unit", "scale", "offset", "nodata", "tags"):
            assert getattr(ours, field) == getattr(theirs, field), field
    assert [band.name for band in found] == ["red", "x, y", "550.25 nm"]


def test_imagery_items_are_written_both_or_not_at_all(tmp_path):
    bands = Bands((Band("a", 450.5, 9.9), Band("b", 550.25), Band("c", None, 3.0)))
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=2, count=3, dtype="int16",
        crs="EPSG:32633", transform=rasterio.Affine(2, 0, 0, 0, -2, 0),
    ) as dataset:  # fmt: skip
        write_bands(dataset, bands)
    with rasterio.open(path) as dataset:
        imagery = [dataset.tags(i, ns="IMAGERY") for i in (1, 2, 3)]
    assert imagery == [{"CENTRAL_WAVELENGTH_UM": "0.4505", "FWHM_UM": "0.0099"}, {}, {}]


def test_header_reader_agrees_with_the_spectral_package(scenes):
    for scene in (scenes.hyspex, scenes.emit, scenes.aviris):
        header = scene.with_suffix(".hdr")
        theirs = spectral.envi.read_envi_header(header)
        assert set(read_header(header)) == {key.replace(" ", "_") for key in theirs}


def test_tags_of_an_envi_raster_do_not_repeat_its_band_names(tmp_path, scenes):
    for suffix in ("", ".hdr"):
        source = scenes.emit.with_suffix(suffix)
        shutil.copy(source, tmp_path / source.name)
    with rasterio.open(tmp_path / scenes.emit.name) as dataset:
        assert "Band_1" in dataset.tags()
        assert not [key for key in read_tags(dataset).get("", {}) if key.startswith("Band_")]
