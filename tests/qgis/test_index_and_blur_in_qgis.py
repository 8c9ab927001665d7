"""An index with its deviation, and the blur of a raster: what the command line says of them."""

import json
import subprocess

import numpy as np
import pytest
from conftest import ENGINE
from osgeo import gdal
from processing_runs import run
from qgis.core import QgsProcessingException, QgsProject, QgsRasterLayer

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture(scope="module")
def made(tile, plugin, tmp_path_factory):
    """A result and its uncertainty, by the dialog that makes them."""
    folder = tmp_path_factory.mktemp("made")
    both = {name: str(folder / f"{name}.tif") for name in ("OUTPUT", "UNCERTAINTY")}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HSISR_GEO_EXECUTABLE", ENGINE)
        run({"INPUT": str(tile), "FROM_NM": 500, "TO_NM": 900, **both})
    return both["OUTPUT"], both["UNCERTAINTY"]


def test_an_index_is_the_command_lines_and_is_told(engine, made, tmp_path):
    fine, sigma = made
    by_hand, by_plugin = tmp_path / "hand.tif", tmp_path / "plugin.tif"
    arguments = ["--sigma", sigma, "--index", "ndvi", "--out", str(by_hand)]
    subprocess.run([engine, "index", fine, *arguments], check=True)
    given = {"RESULT": fine, "SIGMA": sigma, "INDEX": "ndvi", "OUTPUT": str(by_plugin)}
    results, heard = run(given, "spectralindex")
    index, deviation = gdal.Open(str(by_plugin)).ReadAsArray()
    assert np.array_equal([index, deviation], gdal.Open(str(by_hand)).ReadAsArray(), equal_nan=True)
    assert results["OUTPUT"] == str(by_plugin)
    assert results["MEAN"] == pytest.approx(np.nanmean(index), rel=1e-4)
    assert results["DEVIATION"] == pytest.approx(np.nanmean(deviation), rel=1e-4)
    assert results["DEVIATION"] > 0
    assert [line for line in heard.said if line.startswith("ndvi of the bands at 8")]


def test_an_index_is_named_after_its_result_and_lies_on_the_map_in_grey(made, tmp_path):
    import processing

    fine, sigma = made
    project, layer = QgsProject.instance(), QgsRasterLayer(fine, "scene ×2", "gdal")
    project.addMapLayer(layer)
    given = {"RESULT": layer.id(), "SIGMA": sigma, "INDEX": "rep"}
    given["OUTPUT"] = str(tmp_path / "rep.tif")
    processing.runAndLoadResults("hsisr:spectralindex", given)
    (shown,) = project.mapLayersByName("scene ×2: rep")
    assert shown.renderer().type() == "singlebandgray"
    project.removeAllMapLayers()


def test_a_result_is_no_uncertainty(made, tmp_path):
    fine, _ = made
    given = {"RESULT": fine, "SIGMA": fine, "INDEX": "ndvi", "OUTPUT": str(tmp_path / "never.tif")}
    with pytest.raises(QgsProcessingException, match="is no uncertainty, but a raster of values"):
        run(given, "spectralindex")
    assert list(tmp_path.iterdir()) == []


def test_the_blur_is_what_the_command_line_says(engine, tile, tmp_path):
    done = subprocess.run([engine, "psf", str(tile), "--json"], check=True, capture_output=True)
    told, plot = json.loads(done.stdout), tmp_path / "blur.png"
    results, heard = run({"INPUT": str(tile), "PLOT": str(plot)}, "psf")
    assert results["PSF"] == told["psf"]
    assert results["SOURCE"] == told["source"]
    assert told["told"] in heard.said
    assert plot.read_bytes().startswith(b"\x89PNG")
    # ... and a run takes it
    run(
        {
            "INPUT": str(tile),
            "MODEL": "bicubic",
            "PSF": results["PSF"],
            "OUTPUT": str(tmp_path / "fine.tif"),
        }
    )


def test_the_blur_by_its_pixels_is_a_number_for_each_axis(engine, fields):
    done = subprocess.run([engine, "psf", str(fields), "--json"], check=True, capture_output=True)
    estimate = json.loads(done.stdout)["estimate"]
    results, _ = run({"INPUT": str(fields)}, "psf")
    assert results["MTF_ROWS"] == estimate["rows"]["middle"]
    assert results["MTF_COLS"] == estimate["cols"]["middle"]
    assert "PLOT" not in results
