"""Before and after on the map: the same look, a swipe, a difference, spectra; no engine needed."""

import math

import numpy as np
import pytest
from map_window import NM, Window, raster, until
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def ground():
    """A plane in every band: bilinear interpolation keeps it, inside."""
    row, col = np.mgrid[:60, :60] + 0.5
    return np.stack([100.0 * (band + 1) + 2 * col + 3 * row for band in range(4)])


@pytest.fixture
def pair(tmp_path, ground):
    """(input, result) as layers of the project, paired as after a run."""
    from hsisr_geo_qgis.map.pair import BEFORE

    coarse = ground.reshape(4, 30, 2, 30, 2).mean(axis=(2, 4))
    finer = ground.copy()
    finer[:, 20, 20] += 50
    layers = (
        QgsRasterLayer(raster(tmp_path / "in.tif", coarse, pixel=30), "scene", "gdal"),
        QgsRasterLayer(raster(tmp_path / "out.tif", finer, pixel=15), "finer", "gdal"),
    )
    project = QgsProject.instance()
    project.addMapLayers(list(layers))
    layers[1].setCustomProperty(BEFORE, layers[0].id())
    yield layers
    project.clear()


def limits(layer):
    from hsisr_geo_qgis.map.truecolor import shown_bands, stretch_of

    return shown_bands(layer), [(e.minimumValue(), e.maximumValue()) for e in stretch_of(layer)]


def test_input_and_result_look_alike_and_stand_in_one_group_with_the_uncertainty(pair):
    from hsisr_geo_qgis.map.group import group
    from hsisr_geo_qgis.map.pair import dress_alike
    from hsisr_geo_qgis.map.sequential import Sequential

    before, after = pair
    assert dress_alike(after, before)
    assert limits(before)[0] == (3, 2, 1)
    assert limits(before) == limits(after)
    project = QgsProject.instance()
    group(project, after.id(), before.id())
    deviation = project.addMapLayer(QgsRasterLayer(after.source(), "sigma", "gdal"))
    Sequential(before.id()).postProcessLayer(deviation, None, None)
    until(lambda: len(project.layerTreeRoot().children()) == 1)
    (folder,) = project.layerTreeRoot().children()
    assert [node.name() for node in folder.children()] == ["finer", "sigma", "scene"]


def test_what_a_person_has_styled_is_kept(pair):
    from hsisr_geo_qgis.map.pair import dress_alike
    from qgis.core import QgsMultiBandColorRenderer

    before, after = pair
    before.setRenderer(QgsMultiBandColorRenderer(before.dataProvider(), 4, 3, 2))
    dress_alike(after, before)
    assert before.renderer().redBand() == 4
    assert limits(after)[0] == (3, 2, 1)


def test_the_swipe_shows_the_input_left_of_the_line_only(pair):
    from hsisr_geo_qgis.map.actions import MapActions
    from hsisr_geo_qgis.map.truecolor import show_in_true_color

    window, after = Window(), pair[1]
    for layer in pair:
        show_in_true_color(layer)
    after.setOpacity(0.0)  # only what the swipe draws is to be seen
    window.active, canvas = after, window.canvas
    canvas.setDestinationCrs(after.crs())
    canvas.setLayers([after])
    canvas.setExtent(after.extent())
    actions = MapActions(window)
    window.main.show()
    assert actions.toggle_swipe()
    tool = actions.swipe
    until(lambda: tool.curtain.picture is not None)
    tool.curtain.draw_to(200)
    until(lambda: not canvas.isDrawing())
    picture = canvas.grab().toImage()
    background = canvas.canvasColor().name()
    row = picture.height() // 2
    assert picture.pixelColor(120, row).name() != background
    assert picture.pixelColor(280, row).name() == background
    assert not actions.toggle_swipe()
    assert tool.curtain is None


def test_the_difference_is_what_was_added_and_where(pair):
    from hsisr_geo_qgis.map.actions import MapActions

    window = Window()
    window.active = pair[1]
    layer = MapActions(window).difference()
    found = gdal.Open(layer.source()).ReadAsArray()
    inner = found[:, 3:-3, 3:-3]  # interpolated from one side at the edges
    assert found.shape == (3, 60, 60)
    assert np.argmax(inner[0]) == 17 * 54 + 17
    inner[:, 17, 17] -= 50
    assert np.abs(inner).max() < 1e-3


def test_the_difference_of_a_part_lies_where_the_part_lies(tmp_path, ground):
    from hsisr_geo_qgis.map.difference import write_difference

    coarse = ground.reshape(4, 30, 2, 30, 2).mean(axis=(2, 4))
    before = raster(tmp_path / "in.tif", coarse, pixel=30)
    part = ground[:, 20:50, 10:40]
    after = raster(tmp_path / "out.tif", part, pixel=15, west=150, north=300)
    write_difference(after, before, str(tmp_path / "d.vrt"), [(1, 1)])
    assert np.abs(gdal.Open(str(tmp_path / "d.vrt")).ReadAsArray()).max() < 1e-3


def test_of_a_rotated_grid_no_difference_is_made(tmp_path, ground):
    from hsisr_geo_qgis.map.difference import write_difference

    before = raster(tmp_path / "in.tif", ground, pixel=15)
    after = raster(tmp_path / "out.tif", ground, pixel=15)
    rotated = gdal.Open(after, gdal.GA_Update)
    rotated.SetGeoTransform((500000, 14, 3, 5800000, 3, -14))
    del rotated
    with pytest.raises(ValueError, match="parallel"):
        write_difference(after, before, str(tmp_path / "d.vrt"), [(1, 1)])


@pytest.fixture
def dock(pair):
    from hsisr_geo_qgis.spectrum.dock import SpectrumDock

    window = Window()
    window.active = pair[0]
    window.canvas.setDestinationCrs(pair[0].crs())
    made = SpectrumDock(window)
    yield made
    made.leave()


def test_a_click_gives_the_spectra_of_both_in_physical_units(dock, pair):
    from qgis.core import QgsPointXY

    dock.pick(QgsPointXY(500000 + 20.5 * 15, 5800000 - 20.5 * 15))
    (pixel,) = dock.kept
    assert pixel.before.at == NM
    assert pixel.before.bad == (False, False, False, True)
    np.testing.assert_allclose(
        pixel.before.values, [100 * (b + 1) + 2 * 21 + 3 * 21 for b in range(4)]
    )
    added = 50 + 5 * 20.5
    np.testing.assert_allclose(pixel.after.values, [100 * (b + 1) + added for b in range(4)])
    dock.pick(QgsPointXY(0, 0))  # beside the scene
    assert len(dock.kept) == 1


def test_stored_numbers_are_scaled_and_nodata_is_nothing(tmp_path):
    from hsisr_geo_qgis.spectrum.readings import read_spectrum

    values = np.array([[[200.0]], [[-1.0]], [[400.0]], [[500.0]]])
    path = raster(tmp_path / "dn.tif", values, pixel=30, nodata=-1, scale=0.01)
    found = read_spectrum(gdal.Open(path), 500010, 5799990)
    assert found.values[0] == pytest.approx(2.0)
    assert math.isnan(found.values[1])
    assert read_spectrum(gdal.Open(path), 499990, 5799990) is None


def test_six_pixels_are_kept_and_saved_as_table_and_picture(dock, tmp_path):
    from qgis.core import QgsPointXY
    from qgis.PyQt.QtGui import QImage

    for number in range(8):
        dock.pick(QgsPointXY(500020 + 90 * number, 5799900))
    assert len(dock.kept) == 6
    assert dock.kept[0].x == 500020 + 180
    dock.save_csv(str(tmp_path / "s.csv"))
    lines = (tmp_path / "s.csv").read_text().splitlines()
    assert lines[0] == "pixel,x,y,axis,at,bad,before,after,deviation"
    assert len(lines) == 1 + 6 * 4
    dock.save_picture(str(tmp_path / "s.png"))
    assert QImage(str(tmp_path / "s.png")).width() == 1400
    dock.save_csv(str(tmp_path / "no" / "s.csv"))
    assert "No such file" in dock.what.text()


def test_the_spectrum_under_the_mouse_is_shown_and_not_kept(dock):
    from qgis.core import QgsPointXY

    dock.hover(QgsPointXY(500100, 5799900))
    assert not dock.waiting.isActive()
    dock.follow.setChecked(True)
    dock.hover(QgsPointXY(500100, 5799900))
    until(lambda: dock.chart.pixels)
    assert dock.kept == []


def test_lines_break_at_bad_bands_and_at_gaps():
    from hsisr_geo_qgis.spectrum.chart import stretches
    from hsisr_geo_qgis.spectrum.readings import Spectrum

    spectrum = Spectrum(
        (400.0, 410.0, 420.0, 430.0, 900.0),
        (1, 2, 3, 4, 5),
        (False, False, True, False, False),
        True,
    )
    assert stretches(spectrum) == [[(400, 1), (410, 2)], [(430, 4)], [(900, 5)]]


def test_the_made_up_scene_is_a_hyperspectral_raster_with_a_place(tmp_path):
    from hsisr_geo_qgis.desktop.sample import make_sample
    from hsisr_geo_qgis.map.truecolor import true_color_bands
    from hsisr_geo_qgis.map.wavelengths import band_wavelengths_nm

    path = make_sample(str(tmp_path / "sample"))
    layer = QgsRasterLayer(path, "sample", "gdal")
    assert layer.isValid()
    assert layer.crs().authid() == "EPSG:32633"
    assert true_color_bands(band_wavelengths_nm(path)) is not None
    assert layer.bandCount() > 60
    assert make_sample(str(tmp_path / "sample")) == path


def test_limits_that_qgis_does_not_find_are_counted_by_us(tmp_path):
    from hsisr_geo_qgis.map.stretch import repair
    from qgis.core import QgsContrastEnhancement, QgsMultiBandColorRenderer

    path = str(tmp_path / "scaled.tif")
    made = gdal.GetDriverByName("GTiff").Create(path, 40, 25, 3, gdal.GDT_Int16)
    stored = np.arange(1000, dtype=np.int16).reshape(25, 40)
    for number in (1, 2, 3):
        made.GetRasterBand(number).WriteArray(np.where(stored < 10, -1, number * stored))
        made.GetRasterBand(number).SetNoDataValue(-1)
        made.GetRasterBand(number).SetScale(1e-4)
    del made
    layer = QgsRasterLayer(path, "scaled", "gdal")
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), 3, 2, 1)
    layer.setRenderer(renderer)
    unknown = QgsContrastEnhancement(layer.dataProvider().dataType(1))
    unknown.setMaximumValue(math.nan)  # QGIS 3.44, of a band with a scale
    for put in (
        renderer.setRedContrastEnhancement,
        renderer.setGreenContrastEnhancement,
        renderer.setBlueContrastEnhancement,
    ):
        put(QgsContrastEnhancement(unknown))
    repair(layer)
    low, high = np.quantile(stored[stored >= 10], (0.02, 0.98)) * 3e-4
    found = renderer.redContrastEnhancement()
    assert (found.minimumValue(), found.maximumValue()) == pytest.approx((low, high), abs=3e-4)
