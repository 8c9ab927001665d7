"""The ways that lead to a run: a lazy toolbox, the dialog and its history, batch, a model file."""

import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from processing_runs import ALGORITHMS, run
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsProcessingException,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProject,
    QgsSettings,
)

pytestmark = pytest.mark.usefixtures("plugin")


def created(name="superresolve"):
    return QgsApplication.processingRegistry().createAlgorithmById(f"hsisr:{name}")


def values(path):
    return gdal.Open(str(path)).ReadAsArray()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        QgsApplication.processEvents()
        time.sleep(0.02)
    assert condition()


def check_valid(chain):
    problems = chain.validate()[1]
    if Qgis.QGIS_VERSION_INT < 32800:  # counts defaults as missing, of every algorithm
        problems = [problem for problem in problems if "is mandatory" not in problem]
    assert problems == []


# The list of models.


@pytest.fixture
def counted(fake_engine, tmp_path):
    """An engine that has one model, and counts how often it is asked for that; (ask, calls)."""
    calls = tmp_path / "calls"
    record = {"name": "own", "upscales": [2], "default": True, "card": {}}
    listed = json.dumps([record])

    def install(answer=f"echo '{listed}'"):
        fake_engine(f'echo "$@" >> {calls}; {answer}')

    install()
    QgsSettings().remove("hsisr/models")
    yield install, lambda: calls.read_text().splitlines() if calls.exists() else []
    QgsSettings().remove("hsisr/models")


def models_of(algorithm):
    return algorithm.parameterDefinition("MODEL").options()


def test_the_toolbox_starts_no_process_and_a_dialog_one(counted):
    install, calls = counted
    registry = QgsApplication.processingRegistry()
    provider = registry.providerById("hsisr")
    provider.refreshAlgorithms()
    for algorithm in provider.algorithms():
        assert algorithm.shortHelpString()
        algorithm.canExecute()
    assert calls() == []
    assert models_of(created()) == ["default", "own"]
    assert models_of(created("assess")) == ["default", "own"]
    assert calls() == ["models --json"]
    provider.refreshAlgorithms()  # as when QGIS starts again
    assert models_of(registry.algorithmById("hsisr:superresolve")) == ["default", "own"]
    assert calls() == ["models --json"]
    time.sleep(0.02)
    install()  # an upgrade
    assert models_of(created()) == ["default", "own"]
    assert calls() == ["models --json"] * 2
    assert "<b>own</b> (default)" in created().shortHelpString()


def test_an_engine_that_lists_nothing_is_asked_once_and_does_not_matter(counted):
    install, calls = counted
    install("echo 'not a list'")
    for _ in range(2):
        assert models_of(created()) == ["default", "back-projection", "bicubic"]
    assert calls() == ["models --json"]


def test_the_help_tells_scores_and_shows_a_picture(engine):
    shown = created().shortHelpString()
    assert "<b>hsisr-base</b> (default)" in shown
    assert "dB" in shown
    (picture,) = (part.split('"')[0] for part in shown.split('src="file://')[1:])
    assert Path(picture).read_bytes().startswith(b"\x89PNG")


def test_a_model_that_is_not_installed_is_named_with_those_that_are(tile, tmp_path):
    paths = {"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")}
    with pytest.raises(QgsProcessingException, match=r"'gone'.*hsisr-base.*MODEL_FILE"):
        run({"MODEL": "gone", **paths})


def test_a_number_is_as_good_as_its_word_and_a_wrong_word_is_answered_with_the_right_ones(
    fields, tmp_path
):
    asked = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "sr.tif")}
    run({**asked, "UPSCALE": 3})
    assert gdal.Open(asked["OUTPUT"]).RasterXSize == 3 * 48
    for name, wrong, known in (("UPSCALE", 5, "2, 3, 4"), ("FORMAT", "tif", "auto, gtiff, cog")):
        with pytest.raises(
            QgsProcessingException, match=f"{name} is '{wrong}', but may be {known}"
        ):
            run({**asked, name: wrong})


def test_an_error_speaks_the_dialogs_words(tile, fields, tmp_path):
    with pytest.raises(QgsProcessingException) as refused:
        run({"INPUT": str(tile), "PSF": "nonsense", "OUTPUT": str(tmp_path / "never.tif")})
    assert "nonsense" in str(refused.value)
    with pytest.raises(QgsProcessingException) as refused:
        run(
            {
                "INPUT": str(tile),
                "MODEL": "bicubic",
                "OUTPUT": str(tmp_path / "never.tif"),
                "UNCERTAINTY": str(tmp_path / "never-sigma.tif"),
            }
        )
    assert "choose another 'Model' (MODEL), or leave out 'Uncertainty' (UNCERTAINTY)" in str(
        refused.value
    )
    same = {"OUTPUT": str(tmp_path / "never.tif"), "UNCERTAINTY": str(tmp_path / "never.tif")}
    with pytest.raises(QgsProcessingException) as refused:
        run({"INPUT": str(tile), **same})
    assert "'Super-resolved' (OUTPUT) and 'Uncertainty' (UNCERTAINTY) are" in str(refused.value)
    with pytest.raises(QgsProcessingException, match=r"'Assess on this scene' \(hsisr:assess\)"):
        run({"SR": str(tile), "REFERENCE": str(fields)}, "evaluate")


# The dialog and its history.


def test_the_history_repeats_a_run(tile, tmp_path):
    """What the dialog remembers gives the same raster again: from Python and from a shell."""
    if Qgis.QGIS_VERSION_INT < 32400:
        pytest.skip("a history of another kind")
    from processing.gui.AlgorithmDialog import AlgorithmDialog
    from qgis.gui import QgsGui

    dialog, ended = AlgorithmDialog(created()), []
    dialog.algorithmFinished.connect(lambda ok, results: ended.append((ok, results)))
    made = tmp_path / "by-dialog.tif"
    dialog.setParameters(
        {"INPUT": str(tile), "UPSCALE": "3", "MODEL": "bicubic", "OUTPUT": str(made)}
    )
    dialog.runAlgorithm()
    wait_for(lambda: ended)
    assert ended[0][0]
    entry = QgsGui.historyProviderRegistry().queryEntries(providerId="processing")[-1].entry
    dialog.close()
    QgsProject.instance().removeAllMapLayers()
    assert entry["algorithm_id"] == "hsisr:superresolve"
    assert entry["parameters"]["inputs"]["UPSCALE"] == "3"
    again = tmp_path / "again.tif"
    import processing

    exec(entry["python_command"].replace(str(made), str(again)), {"processing": processing})
    assert np.array_equal(values(again), values(made))
    assert "qgis_process run hsisr:superresolve" in entry["process_command"]
    assert "--UPSCALE=3" in entry["process_command"]
    assert "--MODEL=bicubic" in entry["process_command"]


def test_batch_runs_every_row(tile, fields, tmp_path):
    if Qgis.QGIS_VERSION_INT < 32400:
        pytest.skip("batch of another kind")
    if Qgis.QGIS_VERSION_INT >= 34400:
        pytest.skip("rows are written, but the task of a batch never ends, of any algorithm")
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

    dialog = BatchAlgorithmDialog(created())
    panel = dialog.mainWidget()
    panel.checkLoadLayersOnCompletion.setChecked(False)
    while panel.batchRowCount() < 2:
        panel.addRow()
    outputs = [tmp_path / f"{number}.tif" for number in range(2)]
    rows = [
        {"INPUT": str(source), "UPSCALE": "2", "MODEL": "bicubic", "OUTPUT": str(output)}
        for source, output in zip((tile, fields), outputs, strict=True)
    ]
    dialog.execute(rows)
    wait_for(lambda: all(map(Path.exists, outputs)))
    wait_for(lambda: not QgsApplication.taskManager().activeTasks())  # the dialog then ends itself
    for source, output in zip((tile, fields), outputs, strict=True):
        assert values(output).shape[-2:] == tuple(2 * side for side in values(source).shape[-2:])


def test_the_batch_panel_has_a_widget_for_every_parameter():
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

    for name in ALGORITHMS:
        dialog = BatchAlgorithmDialog(created(name))
        panel = dialog.mainWidget()
        panel.addRow()
        inputs = [p for p in panel.alg.parameterDefinitions() if not p.isDestination()]
        (row, *_) = panel.wrappers
        assert len([wrapper for wrapper in row if wrapper is not None]) == len(inputs)
        dialog.close()


# Models.


def a_model():
    """A chain of ours: adapted is not run here, only super-resolution and then its info."""
    source = QgsProcessingModelChildParameterSource
    chain = QgsProcessingModelAlgorithm("finer and its bands", "tests")
    chain.setName("finer")
    scene = QgsProcessingModelParameter("SCENE")
    chain.addModelParameter(QgsProcessingParameterRasterLayer("SCENE", "Scene"), scene)
    finer = QgsProcessingModelChildAlgorithm("hsisr:superresolve")
    finer.setChildId("finer")
    finer.addParameterSources("INPUT", [source.fromModelParameter("SCENE")])
    finer.addParameterSources("UPSCALE", [source.fromStaticValue("2")])
    finer.addParameterSources("MODEL", [source.fromStaticValue("back-projection")])
    output = QgsProcessingModelOutput("FINER", "Finer")
    output.setChildId("finer")
    output.setChildOutputName("OUTPUT")
    finer.setModelOutputs({"FINER": output})
    chain.addChildAlgorithm(finer)
    info = QgsProcessingModelChildAlgorithm("hsisr:info")
    info.setChildId("info")
    info.addParameterSources("INPUT", [source.fromChildOutput("finer", "OUTPUT")])
    page = QgsProcessingModelOutput("PAGE", "Page")
    page.setChildId("info")
    page.setChildOutputName("OUTPUT")
    info.setModelOutputs({"PAGE": page})
    chain.addChildAlgorithm(info)
    chain.initAlgorithm()
    return chain


def test_a_model_of_ours_is_saved_loaded_and_run(tile, tmp_path, engine):
    file = tmp_path / "finer.model3"
    assert a_model().toFile(str(file))
    loaded = QgsProcessingModelAlgorithm()
    assert loaded.fromFile(str(file))
    check_valid(loaded)
    import processing

    outputs = {"FINER": str(tmp_path / "sr.tif"), "PAGE": str(tmp_path / "info.html")}
    named = {
        parameter.name(): outputs["FINER" if "finer" in parameter.name() else "PAGE"]
        for parameter in loaded.parameterDefinitions()
        if parameter.isDestination()  # whose names differ between versions of QGIS
    }
    processing.run(loaded, {"SCENE": str(tile), **named})
    assert values(outputs["FINER"]).shape[1] == 2 * values(tile).shape[1]
    assert "2" in Path(outputs["PAGE"]).read_text(encoding="utf-8")
    by_hand = tmp_path / "hand.tif"
    command = [engine, "run", str(tile), str(by_hand), "--upscale", "2"]
    subprocess.run([*command, "--model", "back-projection"], check=True, capture_output=True)
    assert np.array_equal(values(outputs["FINER"]), values(by_hand))


def test_in_the_designer_factor_and_blur_take_inputs_of_the_model():
    from processing.modeler.ModelerParametersDialog import ModelerParametersDialog
    from qgis.PyQt import sip

    source = QgsProcessingModelChildParameterSource
    chain = QgsProcessingModelAlgorithm("finer", "tests")
    for parameter in (
        QgsProcessingParameterRasterLayer("SCENE", "Scene"),
        QgsProcessingParameterString("FACTOR", "How fine"),
        QgsProcessingParameterString("BLUR", "Its blur"),
    ):
        place = QgsProcessingModelParameter(parameter.name())
        chain.addModelParameter(parameter, place)
    dialog = ModelerParametersDialog(created(), chain)
    fields = dialog.widget.widget.wrappers
    given = {"INPUT": "SCENE", "UPSCALE": "FACTOR", "PSF": "BLUR"}
    for name, of_the_model in given.items():
        fields[name].setWidgetValue(source.fromModelParameter(of_the_model))
    step = dialog.createAlgorithm()
    sip.delete(dialog)  # its fields have timers that outlive the application
    found = {name: step.parameterSources()[name][0].parameterName() for name in given}
    assert found == given


def test_an_adapted_model_feeds_the_next_step_of_a_model():
    source = QgsProcessingModelChildParameterSource
    chain = QgsProcessingModelAlgorithm("adapt and use", "tests")
    scene = QgsProcessingModelParameter("SCENE")
    chain.addModelParameter(QgsProcessingParameterRasterLayer("SCENE", "Scene"), scene)
    for child in ("adapt", "superresolve"):
        step = QgsProcessingModelChildAlgorithm(f"hsisr:{child}")
        step.setChildId(child)
        step.addParameterSources("INPUT", [source.fromModelParameter("SCENE")])
        step.addParameterSources("UPSCALE", [source.fromStaticValue("2")])
        step.addParameterSources("MODEL", [source.fromStaticValue("default")])
        if child == "superresolve":
            step.addParameterSources("MODEL_FILE", [source.fromChildOutput("adapt", "OUT")])
        chain.addChildAlgorithm(step)
    assert chain.dependsOnChildAlgorithms("superresolve") == {"adapt"}
    check_valid(chain)
