"""Before and after of rasters that nothing lays on the map, and of what is no plain file.

QGIS lays a raster without a place on the map by its pixels: the result is twice as wide there.
"""

import os

import numpy as np
import pytest
from map_window import Window, raster, until
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsPointXY,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
)

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def ground():
    row, col = np.mgrid[:60, :60] + 0.5
    return np.stack([100.0 * (band + 1) + 2 * col + 3 * row for band in range(4)])


@pytest.fixture
def pair(tmp_path, ground):
    """(input, result) without a place, paired as after a run, and the window that shows both."""
    from hsisr_geo_qgis.map.pair import BEFORE

    coarse = ground.reshape(4, 30, 2, 30, 2).mean(axis=(2, 4))
    layers = [
        QgsRasterLayer(raster(tmp_path / "in.tif", coarse), "swath", "gdal"),
        QgsRasterLayer(raster(tmp_path / "out.tif", ground), "finer", "gdal"),
    ]
    assert [layer.extent().width() for layer in layers] == [30, 60]
    QgsProject.instance().addMapLayers(layers)
    layers[1].setCustomProperty(BEFORE, layers[0].id())
    window = Window()
    window.active = layers[1]
    window.canvas.setLayers(layers[::-1])
    window.canvas.setExtent(layers[1].extent())
    yield *layers, window
    QgsProject.instance().clear()


def test_the_difference_is_of_the_same_ground(pair):
    from hsisr_geo_qgis.map.actions import MapActions

    _, after, window = pair
    layer = MapActions(window).difference()
    found = gdal.Open(layer.source()).ReadAsArray()
    assert np.abs(found[:, 3:-3, 3:-3]).max() < 1e-3
    assert layer.extent() == after.extent()


def test_the_swipe_shows_the_same_ground(pair, request):
    from hsisr_geo_qgis.map.actions import MapActions
    from hsisr_geo_qgis.map.truecolor import show_in_true_color

    before, after, window = pair
    show_in_true_color(before)
    after.setOpacity(0.0)  # only what the swipe draws is to be seen
    window.canvas.setLayers([after])
    actions, canvas = MapActions(window), window.canvas
    request.addfinalizer(actions.remove)
    window.main.show()
    assert actions.toggle_swipe()
    curtain = actions.swipe.curtain
    until(lambda: curtain.picture is not None)
    curtain.draw_to(390)
    until(lambda: not canvas.isDrawing())
    picture, background = canvas.grab().toImage(), canvas.canvasColor().name()
    for share in (0.2, 0.8):  # all of the result's height, not its upper half
        assert picture.pixelColor(200, int(share * picture.height())).name() != background


def test_a_click_gives_the_spectra_of_the_same_ground(pair):
    from hsisr_geo_qgis.spectrum.dock import SpectrumDock

    before, after, window = pair
    dock = SpectrumDock(window)
    here = QgsPointXY(20.5, -41.5)  # column 20 and row 41 of the result, which lies on top
    seen = dock.read(here)
    coarse, fine = (gdal.Open(layer.source()).ReadAsArray() for layer in (before, after))
    np.testing.assert_allclose(seen.after.values, fine[:, 41, 20])
    np.testing.assert_allclose(seen.before.values, coarse[:, 20, 10])
    window.canvas.setLayers([before])  # the result is switched off
    seen = dock.read(QgsPointXY(10.25, -20.75))
    np.testing.assert_allclose(seen.after.values, fine[:, 41, 20])
    np.testing.assert_allclose(seen.before.values, coarse[:, 20, 10])
    dock.leave()


def test_of_a_part_nothing_tells_which_and_that_is_said(pair, tmp_path, ground):
    from hsisr_geo_qgis.map.actions import MapActions
    from hsisr_geo_qgis.map.pair import BEFORE

    before, _, window = pair
    part = QgsRasterLayer(raster(tmp_path / "part.tif", ground[:, 6:26, 8:28]), "part", "gdal")
    QgsProject.instance().addMapLayer(part)
    part.setCustomProperty(BEFORE, before.id())
    window.active = part
    actions = MapActions(window)
    assert actions.difference() is None
    assert not actions.toggle_swipe()
    told = [item.text() for item in window.bar.items()]
    assert len(told) == 2
    assert all("the result is a part" in words for words in told)


def test_ground_control_points_are_a_place(tmp_path, ground):
    from hsisr_geo_qgis.map.difference import write_difference
    from hsisr_geo_qgis.spectrum.readings import read_spectrum

    def at(col, row):
        return 500000 + 30 * col + 4 * row, 5800000 + 4 * col - 30 * row

    paths = []
    for name, values, size in (
        ("in.tif", ground.reshape(4, 30, 2, 30, 2).mean(axis=(2, 4)), 1),
        ("out.tif", ground, 0.5),
    ):
        paths.append(raster(tmp_path / name, values))
        side = values.shape[1]
        points = [
            gdal.GCP(*at(col * size, row * size), 0, col, row)
            for col, row in ((0, 0), (side, 0), (0, side), (side, side))
        ]
        placed = gdal.Open(paths[-1], gdal.GA_Update)
        placed.SetGCPs(points, QgsCoordinateReferenceSystem("EPSG:32633").toWkt())
        del placed
    write_difference(paths[1], paths[0], str(tmp_path / "d.vrt"), [(1, 1)])
    layers = [QgsRasterLayer(path, "", "gdal") for path in (paths[1], str(tmp_path / "d.vrt"))]
    assert layers[0].extent() == layers[1].extent()
    assert np.abs(gdal.Open(layers[1].source()).ReadAsArray()[3:-3, 3:-3]).max() < 1e-3
    found = read_spectrum(gdal.Open(paths[1]), *at(7.25, 11.25))
    np.testing.assert_allclose(found.values, ground[:, 22, 14])


def test_options_of_opening_and_a_file_that_has_gone_are_no_traceback(tmp_path, ground):
    from hsisr_geo_qgis.map.truecolor import show_in_true_color, shown_bands
    from hsisr_geo_qgis.spectrum.dock import SpectrumDock

    path = raster(tmp_path / "in.tif", ground, pixel=30)
    parts = {"path": path, "openOptions": ["NUM_THREADS=2"]}
    uri = QgsProviderRegistry.instance().encodeUri("gdal", parts)
    layer = QgsRasterLayer(uri, "with an option", "gdal")
    assert "|option:" in layer.source()
    assert show_in_true_color(layer)
    assert shown_bands(layer) == (3, 2, 1)
    window = Window()
    window.active = layer
    window.canvas.setDestinationCrs(layer.crs())
    dock = SpectrumDock(window)
    here = QgsPointXY(500000 + 45, 5800000 - 75)
    np.testing.assert_allclose(dock.read(here).before.values, ground[:, 2, 1])
    dock.leave()
    os.remove(path)
    assert not show_in_true_color(layer)
    assert dock.read(here) is None


@pytest.mark.parametrize("which", ["input", "result", "project"])
def test_a_swipe_ends_with_its_layers(pair, request, which):
    from hsisr_geo_qgis.map.actions import MapActions

    window = pair[2]
    actions, canvas = MapActions(window), window.canvas
    request.addfinalizer(actions.remove)
    window.main.show()
    assert actions.toggle_swipe()
    tool = actions.swipe
    until(lambda: tool.curtain.picture is not None)
    project, names = QgsProject.instance(), [layer.id() for layer in pair[:2]]
    if which == "project":
        project.clear()
    else:
        project.removeMapLayer(names[which == "result"])
    canvas.refreshAllLayers()
    until(lambda: not canvas.isDrawing())
    assert canvas.mapTool() is not tool
    assert tool.curtain is None
