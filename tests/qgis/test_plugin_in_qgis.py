"""The plugin inside QGIS: its algorithms give what the command line gives, and fail in words."""

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import ROOT
from osgeo import gdal
from processing_runs import ALGORITHMS, Heard, run
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
)

pytestmark = pytest.mark.usefixtures("plugin")


def algorithm(name="superresolve"):
    return QgsApplication.processingRegistry().algorithmById(f"hsisr:{name}").create()


def values(path):
    return gdal.Open(str(path)).ReadAsArray()


def tags(path):
    """All that a file says about itself and its bands, without where it lies."""
    options = gdal.InfoOptions(format="json")
    found = gdal.Info(str(path), options=options)
    return {key: value for key, value in found.items() if key not in ("description", "files")}


def test_the_provider_and_its_algorithms_are_there():
    provider = QgsApplication.processingRegistry().providerById("hsisr")
    assert provider.name() == "Hyperspectral super-resolution"
    assert not provider.icon().isNull()
    ids = {found.id() for found in provider.algorithms()}
    assert ids == {f"hsisr:{name}" for name in ALGORITHMS}
    for found in provider.algorithms():
        assert found.shortHelpString()


def test_the_result_is_the_command_lines(engine, tile, tmp_path):
    by_hand, by_plugin = tmp_path / "hand.tif", tmp_path / "plugin.tif"
    arguments = ["--upscale", "3", "--model", "bicubic"]
    subprocess.run([engine, "run", str(tile), str(by_hand), *arguments], check=True)
    results, feedback = run(
        {"INPUT": str(tile), "UPSCALE": "3", "MODEL": "bicubic", "OUTPUT": str(by_plugin)}
    )
    assert results == {"OUTPUT": str(by_plugin)}
    assert np.array_equal(values(by_plugin), values(by_hand))
    assert tags(by_plugin) == tags(by_hand)
    assert feedback.steps[-1] == 100
    assert any(said.startswith(f"{engine} run ") for said in feedback.said)


def test_an_extent_gives_that_part(tile, tmp_path):
    layer = QgsRasterLayer(str(tile), "scene", "gdal")
    whole, size = layer.extent(), layer.rasterUnitsPerPixelX()
    west, north = whole.xMinimum() + 4 * size, whole.yMaximum() - 2 * size
    east, south = west + 10 * size, north - 12 * size
    results, _ = run(
        {
            "INPUT": layer,
            "MODEL": "bicubic",
            "EXTENT": f"{west},{east},{south},{north} [{layer.crs().authid()}]",
            "OUTPUT": str(tmp_path / "part.tif"),
        }
    )
    part = QgsRasterLayer(results["OUTPUT"], "part", "gdal")
    assert (part.width(), part.height()) == (20, 24)
    found = part.extent()
    assert (found.xMinimum(), found.xMaximum()) == (west, east)
    assert (found.yMinimum(), found.yMaximum()) == (south, north)


def test_a_temporary_output_and_a_layer_of_the_project(tile):
    layer = QgsRasterLayer(str(tile), "scene", "gdal")
    QgsProject.instance().addMapLayer(layer)
    try:
        results, _ = run({"INPUT": layer.id(), "MODEL": "bicubic", "OUTPUT": "TEMPORARY_OUTPUT"})
        assert QgsRasterLayer(results["OUTPUT"], "out", "gdal").isValid()
    finally:
        QgsProject.instance().removeAllMapLayers()


def test_the_map_shows_true_colour(tile, tmp_path):
    import processing

    results = processing.runAndLoadResults(
        "hsisr:superresolve",
        {"INPUT": str(tile), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "sr.tif")},
    )
    (layer,) = QgsProject.instance().mapLayers().values()
    try:
        assert layer.source() == results["OUTPUT"]
        renderer = layer.renderer()
        assert renderer.type() == "multibandcolor"
        dataset = gdal.Open(results["OUTPUT"])
        for number, color in zip(renderer.usesBands(), (640, 550, 470), strict=True):
            found = float(dataset.GetRasterBand(number).GetMetadataItem("wavelength"))
            assert abs(found - color) < 10
        stretch = renderer.redContrastEnhancement()
        band = values(tile)[renderer.redBand() - 1].astype(float)
        scale = layer.dataProvider().bandScale(renderer.redBand())
        assert stretch.maximumValue() <= band.max() * scale * 1.05
        assert stretch.minimumValue() < stretch.maximumValue()
    finally:
        QgsProject.instance().removeAllMapLayers()


def test_info_as_json_and_as_a_page(tile, tmp_path):
    results, _ = run({"INPUT": str(tile), "OUTPUT": str(tmp_path / "info.json")}, "info")
    bands = gdal.Open(str(tile)).RasterCount
    assert results["BANDS"] == bands
    assert len(json.loads((tmp_path / "info.json").read_text())["bands"]) == bands
    run({"INPUT": str(tile), "OUTPUT": str(tmp_path / "info.html")}, "info")
    page = (tmp_path / "info.html").read_text()
    assert page.count("<tr>") > bands
    assert "418.24" in page


def test_a_temporary_output_ends_as_its_format_does(fields):
    for format, ending in (("envi", ".img"), ("netcdf", ".nc")):
        asked = {"INPUT": str(fields), "MODEL": "bicubic", "FORMAT": format}
        asked["OUTPUT"] = "TEMPORARY_OUTPUT"
        import processing

        before = set(QgsProject.instance().mapLayers())
        made = processing.runAndLoadResults("hsisr:superresolve", asked)["OUTPUT"]
        assert made.endswith(ending)
        (new,) = set(QgsProject.instance().mapLayers()) - before
        layer = QgsProject.instance().mapLayer(new)
        assert (layer.source(), layer.bandCount()) == (made, 4)
    QgsProject.instance().removeAllMapLayers()


def test_evaluate_gives_numbers(tile, tmp_path):
    made = str(tmp_path / "sr.tif")
    run({"INPUT": str(tile), "MODEL": "bicubic", "OUTPUT": made})
    results, heard = run({"SR": made, "REFERENCE": made}, "evaluate")
    assert any("was compared with itself" in warning for warning in heard.warned)
    assert "Mean PSNR over bands (dB): undefined (MPSNR)" in heard.said
    assert results["RMSE"] == 0
    assert results["SAM"] == pytest.approx(0, abs=0.05)
    assert results["MSSIM"] == pytest.approx(1)


def test_evaluate_on_different_grids_says_so(tile, mosaic, tmp_path):
    with pytest.raises(QgsProcessingException, match="cannot be compared"):
        run({"SR": str(mosaic), "REFERENCE": str(tile)}, "evaluate")


def test_a_model_chains_it_with_a_native_algorithm(tile, tmp_path):
    chained = QgsProcessingModelAlgorithm("chain", "group")
    step = QgsProcessingModelChildAlgorithm("hsisr:superresolve")
    step.setChildId("finer")
    source = QgsProcessingModelChildParameterSource
    step.addParameterSources("INPUT", [source.fromModelParameter("SCENE")])
    step.addParameterSources("MODEL", [source.fromStaticValue("bicubic")])
    chained.addModelParameter(
        QgsProcessingParameterRasterLayer("SCENE"), QgsProcessingModelParameter("SCENE")
    )
    chained.addChildAlgorithm(step)
    warp = QgsProcessingModelChildAlgorithm("gdal:warpreproject")
    warp.setChildId("warped")
    warp.addParameterSources("INPUT", [source.fromChildOutput("finer", "OUTPUT")])
    warp.addParameterSources("TARGET_CRS", [source.fromStaticValue("EPSG:4326")])
    output = QgsProcessingModelOutput("RESULT")
    output.setChildId("warped")
    output.setChildOutputName("OUTPUT")
    warp.setModelOutputs({"RESULT": output})
    chained.addChildAlgorithm(warp)
    chained.initAlgorithm()

    context, feedback = QgsProcessingContext(), Heard()
    parameters = {"SCENE": str(tile), "warped:RESULT": str(tmp_path / "warped.tif")}
    results, ok = chained.run(parameters, context, feedback)
    assert ok, feedback.said
    made = QgsRasterLayer(results["warped:RESULT"], "warped", "gdal")
    assert made.crs().authid() == "EPSG:4326"
    assert made.width() > 1.5 * QgsRasterLayer(str(tile), "scene", "gdal").width()


# What is refused, and how.


def test_without_the_engine_everything_stays_visible_and_says_what_to_do(
    tile, tmp_path, monkeypatch
):
    monkeypatch.setenv("HSISR_GEO_EXECUTABLE", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ALGORITHMS:
        able, message = algorithm(name).canExecute()
        assert not able
        assert "install hsisr-geo yourself" in message
        assert "Settings" in message
    with pytest.raises(QgsProcessingException, match="install hsisr-geo yourself"):
        run({"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")})
    # As a model or a script may do, without asking first:
    with pytest.raises(QgsProcessingException, match="install hsisr-geo yourself"):
        algorithm().run(
            {"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")},
            QgsProcessingContext(),
            QgsProcessingFeedback(False),
            {},
            False,
        )


def test_the_setting_names_the_engine(engine, tile, tmp_path, monkeypatch):
    monkeypatch.delenv("HSISR_GEO_EXECUTABLE")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not algorithm().canExecute()[0]
    QgsSettings().setValue("hsisr/executable", engine)
    assert algorithm().canExecute()[0]
    run({"INPUT": str(tile), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "sr.tif")})
    assert (tmp_path / "sr.tif").exists()


def test_a_raster_in_memory_is_refused_with_the_way_out(tmp_path):
    gdal.GetDriverByName("GTiff").Create("/vsimem/scene.tif", 8, 8, 2).FlushCache()
    try:
        scene = QgsRasterLayer("/vsimem/scene.tif", "scene", "gdal")
        with pytest.raises(QgsProcessingException, match=r"memory of QGIS.*Save As"):
            run({"INPUT": scene, "OUTPUT": str(tmp_path / "never.tif")})
    finally:
        gdal.Unlink("/vsimem/scene.tif")


def test_a_raster_of_another_provider_is_refused_with_the_way_out(tile, tmp_path):
    base = QgsRasterLayer(str(tile), "scene", "gdal")
    QgsProject.instance().addMapLayer(base)
    uri = (
        f"?crs={base.crs().authid()}&extent={base.extent().toString().replace(' : ', ',')}"
        f'&width=8&height=8&formula="scene@1" * 2&scene:uri={tile}&scene:provider=gdal'
    )
    computed = QgsRasterLayer(uri, "computed", "virtualraster")
    try:
        assert computed.isValid()
        with pytest.raises(QgsProcessingException, match=r"virtual raster.*Save As"):
            run({"INPUT": computed, "OUTPUT": str(tmp_path / "never.tif")})
    finally:
        QgsProject.instance().removeAllMapLayers()


def test_the_input_is_never_overwritten(tmp_path, tile):
    copy = tmp_path / "scene.tif"
    copy.write_bytes(tile.read_bytes())
    with pytest.raises(QgsProcessingException, match="would overwrite the input"):
        run({"INPUT": str(copy), "MODEL": "bicubic", "OUTPUT": str(copy)})
    assert copy.read_bytes() == tile.read_bytes()


def test_the_engines_own_words_reach_the_user(tmp_path, tile):
    broken = tmp_path / "weights.safetensors"
    broken.write_bytes(b"not weights")
    with pytest.raises(QgsProcessingException, match=r"weights\.safetensors"):
        run({"INPUT": str(tile), "MODEL": str(broken), "OUTPUT": str(tmp_path / "never.tif")})
    assert not (tmp_path / "never.tif").exists()


def test_a_crash_of_the_engine_does_not_touch_qgis(fake_engine, tile, tmp_path):
    fake_engine("echo 'about to fall' >&2; kill -ABRT $$")
    with pytest.raises(QgsProcessingException, match=r"ended by signal 6.*about to fall"):
        run({"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")})


def test_the_engines_warnings_are_warnings(fake_engine, tile, tmp_path):
    fake_engine('echo \'{"event": "log", "message": "warning: holes are wide"}\'')
    _, feedback = run({"INPUT": str(tile), "OUTPUT": str(tmp_path / "sr.tif")})
    assert feedback.warned == ["holes are wide"]


def canceled_run(parameters, when):
    """Run in a background task as the desktop does; cancel when `when(feedback)`; (s, ok)."""
    context, feedback = QgsProcessingContext(), Heard()
    context.setProject(QgsProject.instance())
    task = QgsProcessingAlgRunnerTask(algorithm(), parameters, context, feedback)
    ended = []
    task.executed.connect(lambda ok, results: ended.append((time.monotonic(), ok, results)))
    QgsApplication.taskManager().addTask(task)
    deadline = time.monotonic() + 60
    while not when(feedback) and not ended and time.monotonic() < deadline:
        QgsApplication.processEvents()
        time.sleep(0.02)
    assert not ended, ended
    pressed = time.monotonic()
    feedback.cancel()
    while not ended and time.monotonic() < deadline:
        QgsApplication.processEvents()
        time.sleep(0.02)
    return ended[0][0] - pressed, ended[0][2]


def test_cancel_of_a_stubborn_engine_is_over_in_two_seconds(fake_engine, tile, tmp_path):
    pid = tmp_path / "pid"
    fake_engine(f"trap '' TERM; echo $$ > {pid}; sleep 60; sleep 60")
    took, results = canceled_run(
        {"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")},
        lambda feedback: pid.exists() and pid.read_text().strip(),
    )
    assert took < 2
    assert results == {}
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_cancel_of_the_real_engine_leaves_no_file(mosaic, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    took, results = canceled_run(
        {
            "INPUT": str(mosaic),
            "UPSCALE": "4",
            "MODEL": "bicubic",
            "TILE": 16,
            "OUTPUT": str(output / "sr.tif"),
        },
        lambda feedback: feedback.steps,
    )
    assert took < 2
    assert results == {}
    assert list(output.iterdir()) == []


def test_cancel_of_the_network_in_the_middle_of_a_tile_leaves_no_file(mosaic, tmp_path):
    """Nothing is said while a tile is computed, and its part of the work cannot be interrupted."""
    output = tmp_path / "out"
    output.mkdir()
    waited = []

    def in_a_tile(feedback):
        if any(said.startswith("measuring") for said in feedback.said) and any(output.iterdir()):
            waited.append(1)
        return len(waited) > 100  # two seconds: the scene is small, and has been measured

    took, results = canceled_run(
        {"INPUT": str(mosaic), "UPSCALE": "4", "OUTPUT": str(output / "sr.tif")}, in_a_tile
    )
    assert took < 2
    assert results == {}
    assert list(output.iterdir()) == []


def test_the_engine_does_not_outlive_qgis(engine, mosaic, tmp_path):
    """A killed QGIS takes the engine with it: its next line of progress has no reader."""
    output = tmp_path / "out"
    output.mkdir()
    code = (
        "import os, sys; from qgis_plugin.engine.worker import run_worker\n"
        "run_worker(sys.argv[1:], os.environ, progress=lambda *step: print(step, flush=True),"
        " log=lambda message: None, canceled=lambda: False)"
    )
    arguments = ["--upscale", "4", "--model", "bicubic", "--tile", "16", "--progress", "json"]
    command = [engine, "run", str(mosaic), str(output / "sr.tif"), *arguments]
    qgis = subprocess.Popen(
        [sys.executable, "-c", code, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with qgis.stdout:
        assert qgis.stdout.readline()
        assert list(output.iterdir()) != []
        qgis.kill()
        qgis.wait()
    deadline = time.monotonic() + 20
    while list(output.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(output.iterdir()) == []


def test_a_layer_that_is_taken_off_the_map_meanwhile_is_no_error(plugin, tile, tmp_path):
    """As in the desktop, where a run goes on beside the window that the layer is removed in."""
    project, context, feedback = QgsProject.instance(), QgsProcessingContext(), Heard()
    layer = QgsRasterLayer(str(tile), "scene", "gdal")
    project.addMapLayer(layer)
    context.setProject(project)
    output, left_out = (
        QgsProcessingOutputLayerDefinition(path, project)
        for path in (str(tmp_path / "sr.tif"), "")  # as a batch gives what is not wanted
    )
    asked = {"INPUT": layer.id(), "MODEL": "bicubic", "OUTPUT": output, "UNCERTAINTY": left_out}
    asked["EXTENT"] = layer.extent()
    feedback.pushCommandInfo = lambda command: project.removeAllMapLayers()
    results, well = algorithm().run(asked, context, feedback)
    assert well, feedback.said
    (details,) = context.layersToLoadOnCompletion().values()
    assert details.name == "scene ×2 (bicubic)"
    assert os.path.exists(results["OUTPUT"])


def test_the_plugin_can_be_unloaded_and_loaded_again(plugin, tile, tmp_path):
    registry = QgsApplication.processingRegistry()
    plugin.unload()
    assert registry.providerById("hsisr") is None
    plugin.unload()
    plugin.initProcessing()
    plugin.initGui()
    assert registry.providerById("hsisr") is not None
    run({"INPUT": str(tile), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "sr.tif")})


def test_the_interface_stays_alive_during_a_run(fake_engine, tile, tmp_path):
    """The engine runs beside QGIS's main thread: events are served while it works."""
    fake_engine("sleep 1; exit 3")
    served = []
    timer = threading.Event()
    took, _ = canceled_run(
        {"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")},
        lambda feedback: served.append(time.monotonic()) or len(served) > 10 or timer.is_set(),
    )
    assert took < 2
    assert max(np.diff(served)) < 0.5
