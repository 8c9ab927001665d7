"""A header that was mended counts, though GDAL keeps a copy of what it said before."""

import warnings

import numpy as np
import pytest
import rasterio
from commands import call

from hsisr_geo.raster.open import open_raster

SAID = "data ignore value = {}\ndata gain values = {{{}, {}}}\n"


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "scene.img"
    profile = {"driver": "ENVI", "width": 4, "height": 4, "count": 2, "dtype": "uint16"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(np.arange(32, dtype="uint16").reshape(2, 4, 4))
        header = path.with_suffix(".hdr")
        header.write_text(header.read_text() + SAID.format(3, 2, 2))
        with rasterio.open(path) as dataset:
            dataset.statistics(1)  # what QGIS asks for: GDAL writes scene.img.aux.xml
    assert path.with_name("scene.img.aux.xml").exists()
    return path


def facts(path):
    raster = open_raster(path)
    return [(band.nodata, band.scale) for band in raster.bands], raster.notes


def mended(path, before, after):
    header = path.with_suffix(".hdr")
    header.write_text(header.read_text().replace(before, after))


def test_what_was_looked_at_is_what_it_was(scene):
    assert facts(scene) == ([(3.0, 2.0)] * 2, ())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("value = 3", "value = 5", (5.0, 2.0)),
        ("{2, 2}", "{4, 4}", (3.0, 4.0)),
        ("data ignore value = 3\n", "", (None, 2.0)),
    ],
)
def test_a_header_that_was_mended_counts_and_it_is_said(scene, before, after, expected):
    mended(scene, before, after)
    told, notes = facts(scene)
    assert told == [expected] * 2
    assert any("scene.img.aux.xml keeps an older scene.hdr" in note for note in notes)
    assert "keeps an older" in call("info", scene).stdout


def test_a_value_that_was_put_there_on_purpose_stays(scene):
    beside = scene.with_name("scene.img.aux.xml")
    text = beside.read_text()
    beside.write_text(text.replace("<NoDataValue>3.0", "<NoDataValue>7.0"))
    assert beside.read_text() != text
    assert facts(scene) == ([(7.0, 2.0)] * 2, ())
