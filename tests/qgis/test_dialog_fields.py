"""The fields of the dialog that speak of pixel sizes and blur; what they hand on is the same."""

import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def layer(fields):
    made = QgsRasterLayer(str(fields), "fields", "gdal")
    QgsProject.instance().addMapLayer(made)
    yield made
    QgsProject.instance().clear()


@pytest.fixture
def field(layer):
    """A function that returns a field of the dialog, which shows the layer."""
    from processing.gui.AlgorithmDialog import AlgorithmDialog
    from qgis.core import QgsApplication

    algorithm = QgsApplication.processingRegistry().createAlgorithmById("hsisr:superresolve")
    dialog = AlgorithmDialog(algorithm)
    dialog.setParameters({"INPUT": layer.id()})
    yield dialog.mainWidget().wrappers.get
    dialog.close()


def test_the_factor_is_told_as_pixel_sizes_of_the_chosen_raster(field):
    box = field("UPSCALE").widget
    assert [box.itemText(i) for i in range(3)] == [
        "×2: 30 m → 15 m",
        "×3: 30 m → 10 m",
        "×4: 30 m → 7.5 m",
    ]
    assert field("UPSCALE").parameterValue() == "2"
    box.setCurrentIndex(2)
    assert field("UPSCALE").parameterValue() == "4"


def test_without_a_raster_and_without_a_place_it_is_the_factor_alone(tmp_path):
    from hsisr_geo_qgis.widgets.pixel_size import described

    assert described("3", None) == "×3"
    path = str(tmp_path / "nowhere.tif")
    gdal.GetDriverByName("GTiff").Create(path, 4, 4, 1)
    assert described("2", QgsRasterLayer(path, "nowhere", "gdal")) == "×2"


@pytest.mark.parametrize("number", [-3.4028234663852886e38, 1e20, -9999.0])
def test_any_number_can_be_typed_for_no_data(field, number):
    """A field of QGIS's without ends stops at a thousand millions, and says 'Not set' beyond."""
    from qgis.PyQt.QtWidgets import QAbstractSpinBox

    nodata = field("NODATA")
    assert nodata.parameterValue() is None
    box = nodata.wrappedWidget()
    box = box if isinstance(box, QAbstractSpinBox) else box.findChild(QAbstractSpinBox)
    box.lineEdit().setText(repr(number))
    box.interpretText()
    assert nodata.parameterValue() == number


def test_the_blur_is_a_list_that_takes_any_text(field):
    blur = field("PSF")
    assert not blur.parameterValue()
    blur.setWidgetValue("bicubic", None)
    assert blur.parameterValue() == "bicubic"
    blur.widget.setEditText("gaussian:0.17")
    assert blur.parameterValue() == "gaussian:0.17"


def test_what_the_engine_does_by_itself_comes_first_in_the_list():
    from hsisr_geo_qgis.widgets.blur import choices

    assert choices("auto")[0][0].startswith("auto")
    assert choices("")[0][0].startswith("as the model was trained")
    assert [spec for _, spec in choices("auto")][:2] == ["", "bicubic"]


def test_the_end_of_a_run_tells_pixel_size_agreement_and_time(fields, tmp_path):
    from processing_runs import run

    made = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "fine.tif")}
    _, feedback = run({**made, "WATER_VAPOUR": False})
    said = "\n".join(feedback.said)
    assert "Pixels: 15 × 15 m, 96 rows × 96 columns" in said
    assert "% of a band's standard deviation" in said
    assert "Time: " in said
