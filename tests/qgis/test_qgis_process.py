"""The plugin through QGIS's own command line, in a profile that never saw it."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest
from osgeo import gdal
from processing_runs import ALGORITHMS

# Debian's wrapper of 3.22 passes an option that the binary beside it does not know.
PROGRAM = shutil.which("qgis_process.bin") or shutil.which("qgis_process")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no qgis_process on the PATH")


def qgis_process(*arguments, expect=0, **environment):
    done = subprocess.run(
        [PROGRAM, *arguments],
        # The Python inside looks for its home beside the first python3 on the PATH: the system's.
        env={**os.environ, "PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module", autouse=True)
def enabled(plugin_folder):
    done = qgis_process("plugins", "enable", plugin_folder.name)
    assert "Enabled hsisr_geo_qgis" in done.stdout


def test_list_shows_the_provider():
    listed = qgis_process("list").stdout
    assert "Hyperspectral super-resolution" in listed
    for name in ALGORITHMS:
        assert f"hsisr:{name}" in listed


def test_help_describes_every_parameter():
    described = json.loads(qgis_process("--json", "help", "hsisr:superresolve").stdout)
    parameters = described["parameters"]
    assert set(parameters) == {
        *("INPUT", "UPSCALE", "MODEL", "DETAIL", "SEED", "EXTENT", "TILE", "OUTPUT"),
        *("UNCERTAINTY", "SAMPLES", "UNCERTAINTY_BANDS", "PSF", "NO_CONSISTENCY"),
        *("MODEL_FILE", "DEVICE", "BANDS", "EXCLUDE", "DROP_BAD"),
        *("FORMAT", "CREATION", "ORTHORECTIFY", "PRECISION"),
        *("WATER_VAPOUR", "FROM_NM", "TO_NM"),
        *("NODATA", "VALID_MIN", "VALID_MAX", "AGAIN", "DRY_RUN"),
        *("MASK_CLOUDS", "OVERLAP", "MEMORY", "THREADS"),
    }
    optional = {name for name, parameter in parameters.items() if parameter["optional"]}
    assert optional == {
        *("EXTENT", "TILE", "PSF", "UNCERTAINTY", "MODEL_FILE", "BANDS", "EXCLUDE"),
        *("CREATION", "FROM_NM", "TO_NM", "NODATA", "VALID_MIN", "VALID_MAX", "MEMORY"),
    }
    defaults = {name: parameter.get("default_value") for name, parameter in parameters.items()}
    assert (defaults["UPSCALE"], defaults["MODEL"]) == ("2", "default")
    assert (defaults["DETAIL"], defaults["SEED"]) == (0, 0)
    folded = {name for name, parameter in parameters.items() if parameter["is_advanced"]}
    assert folded == {
        *("TILE", "SAMPLES", "UNCERTAINTY_BANDS", "PSF", "NO_CONSISTENCY"),
        *("MODEL_FILE", "DEVICE", "BANDS", "EXCLUDE", "DROP_BAD"),
        *("FORMAT", "CREATION", "ORTHORECTIFY", "PRECISION"),
        *("DETAIL", "SEED", "FROM_NM", "TO_NM"),
        *("NODATA", "VALID_MIN", "VALID_MAX", "AGAIN", "DRY_RUN"),
        *("MASK_CLOUDS", "OVERLAP", "MEMORY", "THREADS"),
    }
    told = described["algorithm_details"]["short_description"]
    assert told == "Makes a hyperspectral raster 2, 3 or 4 times finer."
    assert "<img" not in str(described)
    assert set(described["outputs"]) == {"OUTPUT", "UNCERTAINTY"}


def test_run_gives_the_command_lines_pixels(engine, mosaic, tmp_path):
    by_hand, by_qgis = tmp_path / "hand.tif", tmp_path / "qgis.tif"
    arguments = ["--upscale", "2", "--model", "bicubic"]
    subprocess.run([engine, "run", str(mosaic), str(by_hand), *arguments], check=True)
    done = qgis_process(
        *("--json", "run", "hsisr:superresolve", f"--INPUT={mosaic}", "--UPSCALE=2"),
        *("--MODEL=bicubic", f"--OUTPUT={by_qgis}"),
    )
    assert json.loads(done.stdout)["results"] == {"OUTPUT": str(by_qgis)}
    hand, found = (gdal.Open(str(path)) for path in (by_hand, by_qgis))
    assert found.RasterCount == hand.RasterCount
    assert found.GetGeoTransform() == hand.GetGeoTransform()
    for index in range(1, hand.RasterCount + 1):
        a, b = (dataset.GetRasterBand(index) for dataset in (hand, found))
        assert b.GetMetadata() == a.GetMetadata()
        assert b.GetDescription() == a.GetDescription()
        if index % 40 == 1:
            assert np.array_equal(b.ReadAsArray(), a.ReadAsArray())


def test_the_released_model_gives_the_command_lines_pixels_and_tags(engine, mosaic, tmp_path):
    """On a part of the mosaic; without MODEL, as a first-time user runs it."""
    left, step, _, top, *_ = gdal.Open(str(mosaic)).GetGeoTransform()
    west, north, side = left + 40 * step, top - 40 * step, 24 * step
    part = (west, north - side, west + side, north)
    by_hand, by_qgis = tmp_path / "hand.tif", tmp_path / "qgis.tif"
    bounds = ["--bounds", *map(str, part)]
    subprocess.run(
        [engine, "run", str(mosaic), str(by_hand), "--upscale", "2", *bounds], check=True
    )
    extent = f"{part[0]},{part[2]},{part[1]},{part[3]} [EPSG:32633]"
    qgis_process(
        *("--json", "run", "hsisr:superresolve", f"--INPUT={mosaic}", "--UPSCALE=2"),
        *(f"--EXTENT={extent}", f"--OUTPUT={by_qgis}"),
    )
    hand, found = (gdal.Open(str(path)) for path in (by_hand, by_qgis))
    assert found.GetMetadataItem("HSISR_MODEL") == "hsisr-base"
    assert (found.RasterXSize, found.RasterYSize) == (48, 48)
    assert found.GetMetadata() == hand.GetMetadata()
    assert found.GetGeoTransform() == hand.GetGeoTransform()
    for index in range(1, hand.RasterCount + 1):
        a, b = (dataset.GetRasterBand(index) for dataset in (hand, found))
        assert b.GetMetadata() == a.GetMetadata()
    assert np.array_equal(found.ReadAsArray(), hand.ReadAsArray())


def test_a_scale_that_does_not_exist_is_refused(tile, tmp_path):
    done = qgis_process(
        *("run", "hsisr:superresolve", f"--INPUT={tile}", "--UPSCALE=5"),
        f"--OUTPUT={tmp_path / 'never.tif'}",
        expect=1,
    )
    assert "UPSCALE" in done.stderr or "Upscale" in done.stderr


def test_missing_set_up_is_explained(tile, tmp_path):
    done = qgis_process(
        *("run", "hsisr:superresolve", f"--INPUT={tile}", f"--OUTPUT={tmp_path / 'never.tif'}"),
        expect=1,
        HSISR_GEO_EXECUTABLE=str(tmp_path / "gone"),
    )
    assert "gone" in done.stderr
    assert "install hsisr-geo yourself" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_missing_input_is_an_error(tmp_path):
    done = qgis_process(
        *("run", "hsisr:superresolve", f"--INPUT={tmp_path / 'gone.tif'}"),
        f"--OUTPUT={tmp_path / 'never.tif'}",
        expect=1,
    )
    assert "INPUT" in done.stderr


def test_assess_gives_the_verdict_and_the_page(tile, tmp_path):
    done = qgis_process(
        *("--json", "run", "hsisr:assess", f"--INPUT={tile}", "--UPSCALE=2"),
        *("--MODEL=back-projection", f"--REPORT={tmp_path / 'report'}"),
    )
    results = json.loads(done.stdout)["results"]
    assert results["REPORT"] == str(tmp_path / "report")
    assert results["PAGE"] == str(tmp_path / "report" / "index.html")
    record = json.loads((tmp_path / "report" / "report.json").read_text())
    assert results["VERDICT"] == record["verdict"]["headline"]
    psnr = {trial["name"]: trial["mpsnr"] for trial in record["trials"]}
    assert results["PSNR_GAIN"] == pytest.approx(psnr["back-projection"] - psnr["bicubic"])
    assert "NETWORK_GAIN" not in results


def test_a_scene_too_small_to_adapt_to_is_explained(tile, tmp_path):
    done = qgis_process(
        *("run", "hsisr:adapt", f"--INPUT={tile}", "--UPSCALE=2"),
        f"--OUT={tmp_path / 'never.safetensors'}",
        expect=1,
    )
    assert "needs 40 x 40 pixels" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
