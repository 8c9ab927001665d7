"""`rio hsisr`, the plug-in of rasterio's command line."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from hsisr_geo.cli.main import cli
from rasterio.rio.main import main_group


@pytest.fixture
def raster(tmp_path):
    path = tmp_path / "scene.tif"
    profile = {"driver": "GTiff", "count": 3, "height": 20, "width": 24, "dtype": "int16"}
    with rasterio.open(path, "w", **profile, crs="EPSG:32633") as dataset:
        dataset.write(np.random.default_rng(0).integers(1, 900, (3, 20, 24)).astype(np.int16))
    return path


def rio(*args, code=0):
    result = CliRunner().invoke(main_group, ["hsisr", *map(str, args)])
    assert result.exit_code == code, result.output
    return result


def test_it_is_a_command_of_rasterio():
    assert "hsisr" in entry_points(group="rasterio.rio_plugins").names
    listed = CliRunner().invoke(main_group, ["--help"]).stdout
    assert "Super-resolve a hyperspectral raster." in listed
    own = CliRunner().invoke(cli, ["run", "--help"], prog_name="hsisr-geo").stdout
    assert rio("--help").stdout.splitlines()[1:] == own.splitlines()[1:]  # but for its name


def test_it_writes_what_run_writes(raster, tmp_path):
    options = "--upscale", 2, "--model", "bicubic"
    rio(raster, tmp_path / "a.tif", *options)
    CliRunner().invoke(cli, ["run", *map(str, (raster, tmp_path / "b.tif", *options))])
    with rasterio.open(tmp_path / "a.tif") as a, rasterio.open(tmp_path / "b.tif") as b:
        assert (a.read() == b.read()).all()
        assert a.tags() == b.tags()


def test_its_errors_are_one_line(raster, tmp_path):
    result = rio(tmp_path / "none.tif", tmp_path / "a.tif", "--upscale", 2, code=1)
    assert result.stderr.startswith("hsisr-geo: error: ")
    assert len(result.stderr.splitlines()) == 1
    assert "one of '2', '3', '4'" in rio(raster, tmp_path / "a.tif", "--upscale", 9, code=2).stderr


def test_what_other_programs_call_an_option_is_answered_with_ours(raster, tmp_path):
    for typed, meant in (("--scale", "--upscale"), ("--bbox", "--bounds")):
        told = rio(raster, tmp_path / "a.tif", typed, 2, code=2).stderr
        assert f"Did you mean '{meant}'?" in told
    assert "main hsisr SRC DST" in rio(raster, "-o", tmp_path / "a.tif", code=2).stderr


def test_the_program_itself_says_each_thing_once(raster, tmp_path):
    command = [Path(sys.executable).with_name("rio"), "hsisr", raster, tmp_path / "a.tif"]
    options = ["--upscale", "2", "--model", "bicubic"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert len(lines) == len(set(lines))
    assert not [line for line in lines if line.startswith("INFO:hsisr_geo")]
