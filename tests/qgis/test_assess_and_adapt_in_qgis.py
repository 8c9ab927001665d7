"""How good, how sure, and made for this scene: what the plugin offers around a plain run."""

import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from processing_runs import run
from qgis.core import (
    QgsApplication,
    QgsProcessingException,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtWidgets import QTextEdit

pytestmark = pytest.mark.usefixtures("plugin")


def part_of(path, cols, rows):
    """Return the extent of some columns and rows from the north-western corner."""
    layer = QgsRasterLayer(str(path), "scene", "gdal")
    west, north, size = layer.extent().xMinimum(), layer.extent().yMaximum(), 30
    return f"{west},{west + cols * size},{north - rows * size},{north} [{layer.crs().authid()}]"


def test_a_model_without_samples_has_no_uncertainty_and_says_so(fields, tmp_path):
    paths = {"OUTPUT": str(tmp_path / "sr.tif"), "UNCERTAINTY": str(tmp_path / "sigma.tif")}
    with pytest.raises(QgsProcessingException, match="draws no samples"):
        run({"INPUT": str(fields), "MODEL": "bicubic", **paths})
    assert list(tmp_path.iterdir()) == []


def test_the_uncertainty_never_overwrites_the_input(fields, tmp_path):
    with pytest.raises(QgsProcessingException, match="would overwrite the input"):
        run(
            {
                "INPUT": str(fields),
                "OUTPUT": str(tmp_path / "sr.tif"),
                "UNCERTAINTY": str(fields),
            }
        )


@pytest.mark.parametrize("consistency", [True, False])
def test_a_known_psf_is_the_command_lines(engine, fields, tmp_path, consistency):
    by_hand, by_plugin = tmp_path / "hand.tif", tmp_path / "plugin.tif"
    options = ["--upscale", "2", "--model", "back-projection", "--psf", "gaussian:0.3"]
    options += [] if consistency else ["--no-consistency"]
    subprocess.run([engine, "run", str(fields), str(by_hand), *options], check=True)
    run(
        {
            "INPUT": str(fields),
            "MODEL": "back-projection",
            "PSF": "gaussian:0.3",
            "NO_CONSISTENCY": not consistency,
            "OUTPUT": str(by_plugin),
        }
    )
    hand, plugin = gdal.Open(str(by_hand)), gdal.Open(str(by_plugin))
    assert np.array_equal(plugin.ReadAsArray(), hand.ReadAsArray())
    assert plugin.GetMetadata() == hand.GetMetadata()
    assert "gaussian" in str(plugin.GetMetadata())


def test_assess_tells_who_wins_and_by_how_much(fields, tmp_path):
    folder = tmp_path / "report"
    scene = {"INPUT": str(fields), "EXTENT": part_of(fields, 20, 18), "REPORT": str(folder)}
    results, feedback = run(scene, "assess")
    assert (results["REPORT"], results["PAGE"]) == (str(folder), str(folder / "index.html"))
    record = json.loads((folder / "report.json").read_text())
    assert (record["protocol"]["window"]["rows"], record["protocol"]["window"]["cols"]) == (18, 20)
    assert (results["VERDICT"], results["KIND"]) == (
        record["verdict"]["headline"],
        record["verdict"]["kind"],
    )
    scores = {trial["name"]: trial for trial in record["trials"]}
    ours = scores[record["method"]["name"]]
    for other, gain, ratio in (
        ("bicubic", "PSNR_GAIN", "ANGLE_RATIO"),
        ("back-projection", "NETWORK_GAIN", "NETWORK_ANGLE_RATIO"),
    ):
        theirs = scores[other]
        assert results[gain] == pytest.approx(ours["mpsnr"] - theirs["mpsnr"])
        assert results[ratio] == pytest.approx(ours["sam_deg"] / theirs["sam_deg"])
    assert results["VERDICT"] in feedback.said
    assert not [said for said in feedback.said if said.startswith("{")]  # events are understood
    assert feedback.steps[-1] == 100


def test_a_report_is_replaced_only_when_told(fields, tmp_path):
    folder = tmp_path / "report"
    scene = {"INPUT": str(fields), "MODEL": "back-projection", "REPORT": str(folder)}
    run({**scene, "UPSCALE": "2"}, "assess")
    with pytest.raises(QgsProcessingException, match="OVERWRITE"):
        run({**scene, "UPSCALE": "3"}, "assess")
    assert json.loads((folder / "report.json").read_text())["method"]["upscale"] == 2
    run({**scene, "UPSCALE": "3", "OVERWRITE": True}, "assess")
    assert json.loads((folder / "report.json").read_text())["method"]["upscale"] == 3


def test_the_page_is_in_the_results_viewer(fields):
    """Run from the dialog, as a person does."""
    from processing.core.ProcessingResults import resultsList
    from processing.gui.AlgorithmDialog import AlgorithmDialog

    algorithm = QgsApplication.processingRegistry().algorithmById("hsisr:assess").create()
    dialog, ended = AlgorithmDialog(algorithm), []
    dialog.algorithmFinished.connect(lambda ok, results: ended.append((ok, results)))
    dialog.setParameters({"INPUT": str(fields), "MODEL": "back-projection"})
    dialog.runAlgorithm()
    deadline = time.monotonic() + 60
    while not ended and time.monotonic() < deadline:
        QgsApplication.processEvents()
        time.sleep(0.02)
    ((ok, results),) = ended
    assert ok
    link = QUrl.fromLocalFile(results["PAGE"]).toString()
    assert any(link in view.toHtml() for view in dialog.findChildren(QTextEdit))
    dialog.close()
    shown = resultsList.getResults()[-1]
    assert (shown.name, shown.filename) == ("Report: assess on this scene", results["PAGE"])
    assert "<html" in Path(shown.filename).read_text(encoding="utf-8")


def test_an_adapted_model_is_a_model_of_the_others(
    engine, fake_engine, monkeypatch, fields, tmp_path
):
    # The real engine, for 20 steps instead of a time: whether it gets better is then no chance.
    fake_engine(f'OMP_NUM_THREADS=1 exec {engine} "$@" --steps 20')
    results, _ = run({"INPUT": str(fields), "MINUTES": 1, "OUT": "TEMPORARY_OUTPUT"}, "adapt")
    assert results["OUT"].endswith(".safetensors")
    assert results["GAIN"] > 2 * results["STANDARD_ERROR"] > 0
    monkeypatch.setenv("HSISR_GEO_EXECUTABLE", engine)
    made = str(tmp_path / "sr.tif")
    part = part_of(fields, 12, 12)
    run({"INPUT": str(fields), "MODEL_FILE": results["OUT"], "EXTENT": part, "OUTPUT": made})
    assert "adapted-fields" in gdal.Open(made).GetMetadataItem("HSISR_MODEL")


def test_a_refusal_is_a_sentence_and_no_file(tile, tmp_path):
    with pytest.raises(QgsProcessingException) as refused:
        run({"INPUT": str(tile), "OUT": str(tmp_path / "never.safetensors")}, "adapt")
    assert "needs 40 x 40 pixels without holes; use the model as it is" in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
