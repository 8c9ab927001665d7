"""Every format that QGIS opens shows the scene in true colour at once, where it lies."""

import subprocess

import numpy as np
import pytest
from conftest import ENGINE
from map_window import raster
from qgis.core import QgsMapRendererSequentialJob, QgsMapSettings, QgsRasterLayer
from qgis.PyQt.QtCore import QSize

FILES = {"gtiff": "a.tif", "cog": "b.tif", "envi": "c.img", "vrt": "d.vrt", "netcdf": "e.nc"}
# Zarr with three dimensions needs GDAL 3.10 or newer, which QGIS of Debian 12 has not.


def run(source, path, *options):
    command = [ENGINE, "run", str(source), str(path), "--upscale", "2", "--model", "bicubic"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def opened(path):
    layer = QgsRasterLayer(str(path), "layer", "gdal")
    assert layer.isValid(), layer.error().summary()
    return layer


@pytest.fixture(scope="module", params=FILES)
def made(request, plugin, tile, tmp_path_factory):
    """Source and output, the files beside the output before QGIS saw it."""
    path = tmp_path_factory.mktemp("made") / FILES[request.param]
    run(tile, path, "--format", request.param)
    return tile, path, {p.name for p in path.parent.iterdir()}


def wavelengths(layer):
    from hsisr_geo_qgis.map.wavelengths import band_wavelengths_nm

    return band_wavelengths_nm(layer.source())


def test_bands_near_red_green_and_blue_are_shown(made):
    layer = opened(made[1])
    renderer = layer.renderer()
    assert renderer.type() == "multibandcolor"
    shown = [renderer.redBand(), renderer.greenBand(), renderer.blueBand()]
    found = [wavelengths(layer)[band - 1] for band in shown]
    assert found == pytest.approx([640, 550, 470], abs=5)


def test_of_two_bands_the_first_is_shown_in_grey(plugin, tmp_path):
    """As of an index and its standard deviation: no mixture of red and green."""
    scene = raster(tmp_path / "two.tif", np.arange(200.0).reshape(2, 10, 10), pixel=30)
    run(scene, tmp_path / "fine.tif")
    layer = opened(tmp_path / "fine.tif")
    renderer = layer.renderer()
    assert (renderer.type(), renderer.usesBands()) == ("singlebandgray", [1])
    assert renderer.contrastEnhancement().maximumValue() == pytest.approx(97, abs=3)


def test_limits_are_quantiles_of_what_qgis_reads(made):
    layer = opened(made[1])
    renderer, provider = layer.renderer(), layer.dataProvider()
    block = provider.block(renderer.redBand(), layer.extent(), layer.width(), layer.height())
    values = np.array(
        [
            block.value(row, col)
            for row in range(layer.height())
            for col in range(layer.width())
            if not block.isNoData(row, col)
        ]
    )
    stretch = renderer.redContrastEnhancement()
    limits = [stretch.minimumValue(), stretch.maximumValue()]
    assert limits == pytest.approx(np.percentile(values, [2, 98]), rel=1e-3)


def test_it_lies_where_its_source_lies(made):
    source, layer = opened(made[0]), opened(made[1])
    assert layer.crs() == source.crs()
    assert layer.extent() == source.extent()
    assert layer.width() == 2 * source.width()


def test_the_map_is_in_colour_and_no_file_is_added(made):
    layer = opened(made[1])
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(64, 64))
    settings.setDestinationCrs(layer.crs())
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    colors = [picture.pixelColor(col, row) for row in range(64) for col in range(64)]
    assert len({color.rgb() for color in colors}) > 100
    assert any(color.hslSaturation() > 30 for color in colors)
    assert {p.name for p in made[1].parent.iterdir()} == made[2]


def test_without_the_style_qgis_shows_the_first_three_bands(qgis, tile, tmp_path):
    """What the style is for: colour interpretation alone does not change the choice."""
    layer = opened(run(tile, tmp_path / "a.tif", "--no-style"))
    renderer = layer.renderer()
    assert [renderer.redBand(), renderer.greenBand(), renderer.blueBand()] == [1, 2, 3]
