"""A raster made by the command line is right where its users look at it: in QGIS."""

import subprocess

import numpy as np
import pytest
from conftest import ENGINE
from osgeo import gdal
from qgis.core import QgsRasterLayer

UPSCALE = 2


def opened(path):
    layer = QgsRasterLayer(str(path), "layer", "gdal")
    assert layer.isValid(), layer.error().summary()
    return layer


def holes(layer, band):
    """Where QGIS sees no data in a band, as a boolean array (row, col)."""
    width, height = layer.width(), layer.height()
    block = layer.dataProvider().block(band, layer.extent(), width, height)
    return np.array([[block.isNoData(r, c) for c in range(width)] for r in range(height)])


@pytest.fixture(scope="module", params=["tile-bicubic", "tile-default", "mosaic-bicubic"])
def layers(request, qgis, tmp_path_factory):
    """(source layer, its super-resolved layer), both opened by QGIS."""
    scene, model = request.param.split("-")
    source = request.getfixturevalue(scene)
    made = tmp_path_factory.mktemp("made") / "sr.tif"
    command = [ENGINE, "run", str(source), str(made), "--upscale", str(UPSCALE)]
    if model != "default":
        command += ["--model", model]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return opened(source), opened(made)


def test_place(layers):
    source, made = layers
    assert made.crs() == source.crs()
    assert made.crs().authid() == "EPSG:32633"
    assert made.extent() == source.extent()
    assert (made.width(), made.height()) == (UPSCALE * source.width(), UPSCALE * source.height())
    assert made.rasterUnitsPerPixelX() == source.rasterUnitsPerPixelX() / UPSCALE
    assert made.rasterUnitsPerPixelY() == source.rasterUnitsPerPixelY() / UPSCALE


def test_bands_and_their_radiometry(layers):
    source, made = layers
    assert made.bandCount() == source.bandCount()
    before, after = source.dataProvider(), made.dataProvider()
    for band in range(1, source.bandCount() + 1):
        assert made.bandName(band) == source.bandName(band)
        assert after.sourceDataType(band) == before.sourceDataType(band)
        assert after.sourceHasNoDataValue(band)
        assert after.sourceNoDataValue(band) == before.sourceNoDataValue(band)
        assert after.bandScale(band) == before.bandScale(band)
        assert after.bandOffset(band) == before.bandOffset(band)


def test_wavelengths(layers):
    source, made = (gdal.Open(layer.source()) for layer in layers)
    for index in range(1, source.RasterCount + 1):
        before = source.GetRasterBand(index).GetMetadata()
        after = made.GetRasterBand(index).GetMetadata()
        assert float(after["wavelength"]) == float(before["wavelength"])
        assert after["wavelength_units"] == before["wavelength_units"]
        assert float(after["fwhm"]) == float(before["fwhm"])
        assert after["bbl"] == before["bbl"]


def test_the_layer_properties_show_the_wavelengths(layers):
    source, made = layers
    dataset = gdal.Open(source.source())  # a band alone does not keep its dataset open
    wavelength = float(dataset.GetRasterBand(1).GetMetadataItem("wavelength"))
    assert f"wavelength={wavelength:g}" in made.htmlMetadata()


def test_holes_are_the_sources_holes(layers):
    source, made = layers
    expected = np.kron(holes(source, 1), np.ones((UPSCALE, UPSCALE), bool))
    assert np.array_equal(holes(made, 1), expected)


def test_values_stand_where_they_stood(layers):
    """Fine pixels average to about their coarse pixel, and to less about its neighbours."""
    source, made = (gdal.Open(layer.source()) for layer in layers)
    coarse, fine = (data.GetRasterBand(30).ReadAsArray().astype(float) for data in (source, made))
    valid = coarse != source.GetRasterBand(30).GetNoDataValue()
    rows, cols = coarse.shape
    mean = fine.reshape(rows, UPSCALE, cols, UPSCALE).mean(axis=(1, 3))

    def error(shift):
        shifted = np.roll(coarse, shift, axis=(0, 1))
        both = valid & np.roll(valid, shift, axis=(0, 1))
        both[0], both[-1], both[:, 0], both[:, -1] = (False,) * 4
        return np.abs(shifted - mean)[both].mean()

    neighbours = [error(shift) for shift in [(0, 1), (0, -1), (1, 0), (-1, 0)]]
    assert error((0, 0)) < 0.5 * min(neighbours)
