"""The command line: options, exit codes, one-line errors, JSON lines, signals, cost of --help."""

import ast
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import bicubic, call, json_lines, one_line_error, pixels, write
from hsisr_geo.cli import commands as listing
from hsisr_geo.cli.commands import LINES, MODULES
from hsisr_geo.cli.main import cli
from hsisr_geo.cli.options import options
from hsisr_geo.cli.options.variables import walk

from hsisr_geo import __version__
from hsisr_geo.engine.uncertainty import BANDS
from hsisr_geo.output.formats.choice import FORMATS, usual_ending
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import CONFIG_KEY

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [list(path) for path, command in walk(cli) if not command.hidden]


@pytest.fixture
def raster(tmp_path):
    """Return a small int16 raster of four bands with wavelengths."""
    return write(tmp_path / "scene.tif", pixels(), wavelengths=[450, 550, 650, 850])


# --- help -----------------------------------------------------------------------------------------


def test_help_imports_nothing_heavy():
    """Of all commands, one after another in a process that has imported nothing else."""
    code = (
        "import sys\n"
        "from hsisr_geo.cli.main import cli\n"
        "heavy = ('torch', 'dask', 'rasterio', 'numpy', 'xarray', 'spectral', 'safetensors',\n"
        "         'matplotlib', 'jinja2')\n"
        "for command in sys.argv[1:]:\n"
        "    try: cli([*command.split(), '--help'])\n"
        "    except SystemExit as e: assert e.code == 0\n"
        "    print('HEAVY', command, [m for m in heavy if m in sys.modules])\n"
    )
    names = [" ".join(command) for command in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("HEAVY")]
    assert told == [f"HEAVY {name} []" for name in names]
    assert done.stdout.count("Usage:") == len(names)


def test_every_option_says_what_it_is_for_and_no_line_of_a_list_is_cut():
    mute, cut = [], []
    for path, command in walk(cli):
        options = [param for param in command.params if isinstance(param, click.Option)]
        mute += [(path, param.name) for param in options if not (param.help or "")[:1].isalnum()]
        if len(path) > 1:  # the lines of the commands themselves are written by hand
            cut += [path] if command.get_short_help_str(60).endswith("...") else []
    assert (mute, cut) == ([], [])


def test_help_imports_no_command():
    code = (
        "import sys\n"
        "from hsisr_geo.cli.main import cli\n"
        "try: cli(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(m for m in sys.modules if m.startswith('hsisr_geo.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = done.stdout.splitlines()[-1].split()
    assert "hsisr_geo.cli.commands" in imported
    assert not {*MODULES.values()} & {*imported}


def test_every_module_with_a_command_is_listed_and_every_line_fits():
    named = {path[0] for path, command in walk(cli) if len(path) == 1 and not command.hidden}
    assert named == {*LINES}
    folder = Path(listing.__file__).parent
    made = {
        ".".join(("hsisr_geo.cli", *path.relative_to(folder).with_suffix("").parts))
        for path in folder.rglob("*.py")
        if re.search(r"^@click\.(command|group)", text := path.read_text("utf-8"), re.M)
        and f"\ndef {path.stem}(" in text
    }
    assert made == {*MODULES.values(), "hsisr_geo.cli.main"}
    assert MODULES.keys() == {*LINES, "handshake"}
    longest = max(map(len, call("--help").stdout.splitlines()))
    assert longest <= 80
    assert "..." not in call("--help").stdout.split("Commands:")[1]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_documentation_shows_the_help_as_it_is(command):
    text = call(*command, "--help").stdout.strip()
    pages = [ROOT / "docs" / "cli.md", *(ROOT / "docs" / "cli").glob("*.md")]
    documented = "".join(page.read_text(encoding="utf-8") for page in pages)
    # older click puts no brackets round the command of a group that may stand alone
    text, documented = (said.replace("[COMMAND]", "COMMAND") for said in (text, documented))
    assert text in documented, "run tools/write_cli_docs.py"


def test_options_offer_what_the_engine_has():
    """They are written out, so that `--help` and QGIS's windows import nothing of it."""
    text = (ROOT / "qgis_plugin/algorithms/superresolve.py").read_text("utf-8")
    in_qgis = ast.literal_eval(re.search(r"^FORMATS = (.+)$", text, re.M)[1])
    assert options.FORMATS == FORMATS
    assert in_qgis == {name: usual_ending(name) for name in FORMATS if name != "vrt"}
    assert {*map(usual_ending, FORMATS)} == {".tif", ".img", ".zarr", ".vrt", ".nc"}
    assert options.UNCERTAINTY_BANDS == BANDS


def test_version():
    assert __version__ in call("--version").stdout


# --- run ------------------------------------------------------------------------------------------


def gdalinfo(path):
    done = subprocess.run(["gdalinfo", "-json", str(path)], capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("gdal_translate") is None, reason="no gdal_translate on PATH")
def test_run_keeps_place_as_gdal_does_and_bands_as_they_are(scene, tmp_path):
    out, theirs = tmp_path / "out.tif", tmp_path / "theirs.vrt"
    bicubic(scene, out)
    command = ["gdal_translate", "-q", "-of", "VRT", "-outsize", "200%", "200%", scene, theirs]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    found, expected = gdalinfo(out), gdalinfo(theirs)
    assert found["size"] == expected["size"]
    grids = [info.get("geoTransform", []) for info in (found, expected)]
    assert grids[0] == pytest.approx(grids[1], rel=1e-12)
    for corner, place in expected["cornerCoordinates"].items():
        assert found["cornerCoordinates"][corner] == pytest.approx(place, rel=1e-9)
    with rasterio.open(out) as sr, rasterio.open(theirs) as gdal:
        assert sr.crs == gdal.crs
        assert (sr.dtypes, sr.count, sr.units) == (gdal.dtypes, gdal.count, gdal.units)
    bands = [
        [replace(band, color=None) for band in open_raster(path).bands] for path in (scene, out)
    ]
    assert bands[0] == bands[1]
    assert all(band.wavelength_nm for band in bands[1])


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_run_writes_a_finer_raster_of_the_same_place(raster, tmp_path, upscale):
    out = tmp_path / "out.tif"
    result = call("run", raster, out, "--upscale", upscale, "--model", "bicubic")
    assert f"wrote {out}" in result.stderr
    assert result.stdout == ""
    with rasterio.open(raster) as lr, rasterio.open(out) as sr:
        assert (sr.height, sr.width) == (lr.height * upscale, lr.width * upscale)
        assert (sr.bounds, sr.crs, sr.count, sr.dtypes) == (lr.bounds, lr.crs, lr.count, lr.dtypes)
        assert sr.tags(2)["wavelength"] == "550"


def test_bounds_limit_the_output(raster, tmp_path):
    out = tmp_path / "out.tif"
    bicubic(raster, out, "--bounds", 500_030, 5_799_700, 500_300, 5_799_940)
    with rasterio.open(out) as sr:
        assert tuple(sr.bounds) == (500_030, 5_799_700, 500_300, 5_799_940)


def test_bounds_may_be_negative(tmp_path):
    west = Affine(30, 0, -600, 0, -30, -300)
    raster = write(tmp_path / "west.tif", pixels(), transform=west)
    bicubic(raster, tmp_path / "out.tif", "--bounds", "-300", "-600", "-150", "-450")
    with rasterio.open(tmp_path / "out.tif") as sr:
        assert tuple(sr.bounds) == (-300, -600, -150, -450)


def test_tile_and_threads_do_not_change_the_result(raster, tmp_path):
    whole, tiled = tmp_path / "whole.tif", tmp_path / "tiled.tif"
    bicubic(raster, whole)
    bicubic(raster, tiled, "--tile", 7, "--threads", 2)
    with rasterio.open(whole) as a, rasterio.open(tiled) as b:
        np.testing.assert_array_equal(a.read(), b.read())


def test_a_scene_without_wavelengths_is_processed_and_the_log_says_so(tmp_path):
    raster = write(tmp_path / "scene.tif", pixels())
    assert "bands are taken in file order" in bicubic(raster, tmp_path / "out.tif").stderr


def test_dry_run_says_what_would_be_written_and_writes_nothing(raster, tmp_path):
    before = sorted(tmp_path.iterdir())
    text = bicubic(raster, tmp_path / "out.tif", "--dry-run").stderr
    assert "would write" in text
    assert "48 x 40 pixels, 4 bands, int16, 15.4 kB" in text
    assert sorted(tmp_path.iterdir()) == before
    events = json_lines(bicubic(raster, tmp_path / "out.tif", "--dry-run", "--progress", "json"))
    (plan,) = [event for event in events if event["event"] == "result"]
    assert (plan["rows"], plan["cols"], plan["bands"], plan["tiles"]) == (40, 48, 4, 1)
    assert plan["size"] == 40 * 48 * 4 * 2


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_workers_beside_those_of_a_scheduler_are_refused(raster, tmp_path, more):
    words = "--workers", 2, "--scheduler", "tcp://localhost:1", *more
    *_, line = bicubic(raster, tmp_path / "out.tif", *words, code=1).stderr.splitlines()
    assert line.endswith("a scheduler has its own workers: leave out --workers or --scheduler")


def test_progress_json_is_one_object_per_line_on_stdout(raster, tmp_path):
    result = bicubic(raster, tmp_path / "out.tif", "--progress", "json", "--tile", 8)
    assert result.stderr == ""
    events = json_lines(result)
    assert {event["event"] for event in events} == {"progress", "log", "result"}
    steps = [(e["done"], e["total"]) for e in events if e["event"] == "progress"]
    assert steps == [(i, steps[-1][1]) for i in range(steps[-1][1] + 1)]
    assert events[-1]["event"] == "result"
    assert events[-1]["path"] == str(tmp_path / "out.tif")
    assert events[-1]["shape"] == [40, 48]


def test_progress_none_is_silent(raster, tmp_path):
    assert bicubic(raster, tmp_path / "out.tif", "--progress", "none").output == ""


def test_stdout_carries_the_raster_and_stderr_the_events(raster, tmp_path):
    result = bicubic(raster, "-", "--progress", "json")
    assert json_lines(result, "stderr")[-1]["path"] == "-"
    (tmp_path / "piped.tif").write_bytes(result.stdout_bytes)
    bicubic(raster, tmp_path / "out.tif")
    with rasterio.open(tmp_path / "piped.tif") as a, rasterio.open(tmp_path / "out.tif") as b:
        np.testing.assert_array_equal(a.read(), b.read())


@pytest.mark.parametrize(
    "options",
    [
        ["--upscale", "5"],
        ["--upscale", "2", "--detail", "1.1"],
        ["--upscale", "2", "--detail", "-0.1"],
        ["--upscale", "2", "--tile", "0"],
        ["--upscale", "2", "--threads", "0"],
        ["--upscale", "2", "--seed", "-1"],
        ["--upscale", "2", "--device", "abacus"],
        ["--upscale", "2", "--progress", "loud"],
        ["--upscale", "2", "--bounds", "1", "2", "3"],
        ["--upscale", "2", "--bounds", "1", "2", "1", "3"],
        ["--upscale", "2", "--bounds", "nan", "2", "3", "4"],
        ["--upscale", "2", "--nonsense"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(raster, tmp_path, options):
    result = call("run", raster, tmp_path / "out.tif", "--model", "bicubic", *options, code=2)
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.tif").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("{raster}", "hsisr-geo run {raster} DST --upscale 2; to look at it: hsisr-geo info"),
        ("rnu", "Did you mean 'run'?"),
        ("help run", "Did you mean hsisr-geo --help?"),
        ("run a.tif b.tif --bbox 1 2 3 4", "Did you mean '--bounds'?"),
        ("run a.tif b.tif --scale 2", "Did you mean '--upscale'?"),
        ("run a.tif -o b.tif --upscale 2", "behind the input: hsisr-geo run SRC DST"),
        ("run a.tif b.tif --t_srs EPSG:4326", "the CRS of SRC: gdalwarp it afterwards"),
        ("batch a.tif -o b", "Did you mean '--out-dir'?"),
        ("assess a.tif --out b", "Did you mean '--report'?"),
    ],
)
def test_what_other_programs_call_it_is_answered_with_our_name(raster, typed, said):
    result = call(*typed.format(raster=raster).split(), code=2)
    assert said.format(raster=raster) in result.stderr


def test_a_bicubic_run_does_not_import_torch(raster, tmp_path):
    code = (
        "import sys\n"
        "from hsisr_geo.cli.main import cli\n"
        "cli(sys.argv[1:], standalone_mode=False)\n"
        "print([m for m in ('torch', 'safetensors') if m in sys.modules])\n"
    )
    options = ["--upscale", "2", "--model", "bicubic", "--progress", "none"]
    done = subprocess.run(
        [sys.executable, "-c", code, "run", raster, tmp_path / "out.tif", *options],
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


# --- uncertainty ---------------------------------------------------------------------------------


def modelled(src, dst, *more, code=0):
    return call("run", src, dst, "--upscale", 2, "--device", "cpu", *more, code=code)


def test_uncertainty_is_a_second_raster_on_the_same_grid(raster, tmp_path):
    sigma, options = tmp_path / "sigma.tif", ["--samples", 2, "--progress", "json", "--seed", 3]
    result = modelled(raster, "-", "--uncertainty", sigma, *options)
    assert json_lines(result, "stderr")[-1]["uncertainty"] == str(sigma)
    (tmp_path / "piped.tif").write_bytes(result.stdout_bytes)
    with rasterio.open(tmp_path / "piped.tif") as sr, rasterio.open(sigma) as found:
        assert (found.shape, found.transform, found.count) == (sr.shape, sr.transform, sr.count)
        assert (found.dtypes[0], found.tags(2)["wavelength"]) == ("float32", "550")
        assert (found.read() > 0).all()
        tags = found.tags()
    assert (tags["HSISR_SAMPLES"], tags["HSISR_SEED"], tags["HSISR_DETAIL"]) == ("2", "3", "0")
    text = modelled(
        raster, tmp_path / "sr.tif", "--uncertainty", tmp_path / "mean.tif",
        "--uncertainty-bands", "mean",
    ).stderr  # fmt: skip
    assert f"its uncertainty to {tmp_path / 'mean.tif'}" in text
    with rasterio.open(tmp_path / "mean.tif") as mean:
        assert mean.count == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--samples", "4"], "--samples needs --uncertainty"),
        (["--uncertainty-bands", "mean"], "--uncertainty-bands needs --uncertainty"),
        (["--uncertainty", "u.tif", "--samples", "1"], "not in the range"),
        (["--uncertainty", "u.tif", "--uncertainty-bands", "some"], "'some' is not one of"),
        (["--uncertainty", "./out.tif"], "same file"),
        (["--uncertainty", "-"], "stdout takes DST only"),
    ],
)
def test_wrong_usage_of_uncertainty_ends_with_2(raster, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    assert said in modelled(raster, "out.tif", *options, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=str)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sigma.tif", "bicubic draws no samples"),
        ("sigma.png", "no format"),
        ("no/sigma.tif", "no folder"),
        ("taken.tif", "--overwrite"),
        ("scene.tif", "overwrite the input"),
    ],
)
def test_an_uncertainty_that_cannot_be_is_a_one_line_error(raster, tmp_path, name, said, more):
    (tmp_path / "taken.tif").touch()
    options = ["--progress", "none", *(["--overwrite"] if name == "scene.tif" else []), *more]
    options += ["--uncertainty", tmp_path / name]
    assert said in one_line_error(bicubic(raster, tmp_path / "out.tif", *options, code=1))
    assert {path.name for path in tmp_path.iterdir()} == {"scene.tif", "taken.tif"}


def test_a_run_keeps_to_its_memory_or_says_that_it_cannot(tmp_path):
    src = write(tmp_path / "a.tif", pixels((120, 300, 300)))
    options = "--dry-run", "--progress", "json"
    plans = {
        size: json_lines(bicubic(src, tmp_path / "b.tif", "--memory", size, *options))[-1]
        for size in ("400M", "0.18GiB")
    }
    assert plans["400M"]["memory"] < 400e6
    assert plans["0.18GiB"]["memory"] < 0.18 * 2**30
    assert plans["0.18GiB"]["tile"] < plans["400M"]["tile"]
    told = one_line_error(bicubic(src, tmp_path / "b.tif", "--memory", "100M", code=1))
    assert "100 MB are allowed: allow more (--memory)" in told
    assert not (tmp_path / "b.tif").exists()


@pytest.mark.parametrize("size", ["", "much", "-5M", "0", "5Q", "1e9"])
def test_a_size_that_is_none_is_wrong_usage(raster, tmp_path, size):
    found = bicubic(raster, tmp_path / "out.tif", "--memory", size, code=2)
    assert "neither auto nor a size like 500M" in found.stderr


def test_a_memory_of_some_bytes_is_asked_for_its_unit(raster, tmp_path):
    found = bicubic(raster, tmp_path / "out.tif", "--memory", "4", code=2)
    assert "'4' is 4 bytes: give it a unit, e.g. 4G" in found.stderr


def test_a_dry_run_tells_tile_memory_and_time(raster, tmp_path):
    def plan(*more):
        lines = bicubic(raster, tmp_path / "out.tif", "--dry-run", "--progress", "json", *more)
        return json_lines(lines)[-1]

    chosen, small = plan("--tile", "auto"), plan("--tile", "4")
    assert (chosen["tile"], small["tile"]) == (256, 4)
    assert chosen["tiles"] == 1 < small["tiles"]
    assert 0 < small["memory"] <= chosen["memory"]
    assert chosen["seconds"] >= 0
    assert chosen["device_memory"] == 0


def test_a_dry_run_counts_the_second_copy_that_a_cog_is_made_from(raster, tmp_path):
    def plan(*more):
        lines = bicubic(raster, tmp_path / "out.tif", "--dry-run", "--progress", "json", *more)
        return json_lines(lines)[-1]

    plain, cog = plan(), plan("--format", "cog")
    assert cog["scratch"] - plain["scratch"] == plain["size"] * 4 // 3


@pytest.mark.parametrize(
    ("option", "value"), [("--tile", "0"), ("--tile", "big"), ("--device", "gpu")]
)
def test_a_tile_or_device_that_is_none_is_wrong_usage(raster, tmp_path, option, value):
    assert value in bicubic(raster, tmp_path / "out.tif", option, value, code=2).stderr


def test_a_dry_run_mentions_the_uncertainty(raster, tmp_path, monkeypatch):
    speed = "hsisr_geo.model.inference.resolver.measured_speed"
    monkeypatch.setattr(speed, lambda *_: 1e9)  # a second or two each time
    options = ["--uncertainty", tmp_path / "sigma.tif", "--dry-run", "--progress", "json"]
    result = modelled(raster, tmp_path / "out.tif", *options)
    plan, alone = (
        json_lines(r)[-1] for r in (result, modelled(raster, tmp_path / "out.tif", *options[2:]))
    )
    assert plan["uncertainty_size"] == 4 * plan["rows"] * plan["cols"] * plan["bands"]
    assert plan["memory"] > alone["memory"]
    text = modelled(raster, tmp_path / "out.tif", *options[:-2]).stderr
    assert f"and the predicted deviation to {tmp_path / 'sigma.tif'}, " in text
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


# --- bad input ------------------------------------------------------------------------------------


def truncated(path):
    whole = write(path.with_name("whole.tif"), pixels((4, 200, 240)))
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    whole.unlink()


def zero_bands(path):
    # no GeoTIFF has none; a netCDF-like container or a VRT can
    path.write_text('<VRTDataset rasterXSize="8" rasterYSize="8"></VRTDataset>')


BAD_RASTERS = {
    "missing file": lambda path: None,
    "empty file": lambda path: path.write_bytes(b""),
    "not a raster": lambda path: path.write_text("wavelength,reflectance\n"),
    "a folder": lambda path: path.mkdir(),
    "zero bands": zero_bands,
    "complex numbers": lambda path: write(path, pixels(dtype="complex64")),
    "truncated file": truncated,
}


@pytest.mark.parametrize("kind", BAD_RASTERS)
def test_a_bad_raster_is_a_one_line_error_and_leaves_nothing(tmp_path, kind):
    src, folder = tmp_path / "scene.tif", tmp_path / "out"
    folder.mkdir()
    BAD_RASTERS[kind](src)
    result = bicubic(src, folder / "out.tif", "--progress", "none", code=1)
    assert "scene.tif" in one_line_error(result)
    assert list(folder.iterdir()) == []


def holes(cube, value, share):
    rows = round(cube.shape[1] * share)
    cube = cube.copy()
    cube[:, :rows] = value
    return cube


def test_values_whose_squares_overflow_are_no_warning(tmp_path):
    cube = pixels(dtype="float32")
    cube[:, :3] = 9e35  # more is refused
    src = write(tmp_path / "scene.tif", cube)
    command = [sys.executable, "-m", "hsisr_geo.cli", "run", src, tmp_path / "out.tif"]
    command += ["--upscale", "2", "--model", "bicubic", "--progress", "none"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_scene_without_any_valid_pixel_stays_without(tmp_path):
    src = write(tmp_path / "scene.tif", np.full((4, 20, 24), -9999, "int16"), nodata=-9999)
    bicubic(src, tmp_path / "out.tif")
    with rasterio.open(tmp_path / "out.tif") as sr:
        assert (sr.read() == -9999).all()
        assert sr.nodata == -9999


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_holes(tmp_path, value):
    cube = holes(pixels(dtype="float32"), value, 0.5)
    bicubic(write(tmp_path / "scene.tif", cube), tmp_path / "out.tif")
    with rasterio.open(tmp_path / "out.tif") as sr:
        finite = np.isfinite(sr.read())
    assert not finite[:, :20].any()
    assert finite[:, 20:].all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 9), (4, 5, 2)])
def test_a_scene_smaller_than_a_tile_is_processed(tmp_path, shape):
    bicubic(write(tmp_path / "scene.tif", pixels(shape)), tmp_path / "out.tif")
    with rasterio.open(tmp_path / "out.tif") as sr:
        assert sr.shape == (2 * shape[1], 2 * shape[2])


def test_an_existing_output_is_kept_unless_overwriting_is_asked_for(raster, tmp_path):
    out = tmp_path / "out.tif"
    out.write_text("precious")
    line = one_line_error(bicubic(raster, out, "--progress", "none", code=1))
    assert "--overwrite" in line
    assert out.read_text() == "precious"
    bicubic(raster, out, "--overwrite")
    with rasterio.open(out) as sr:
        assert sr.width == 48


@pytest.mark.parametrize("name", ["scene.tif", "out.png", "no/out.tif", "taken.tif"])
def test_a_dry_run_refuses_what_the_run_would(raster, tmp_path, name):
    (tmp_path / "taken.tif").touch()
    options = ["--progress", "none", *(["--overwrite"] if name == "scene.tif" else [])]
    lines = [
        one_line_error(bicubic(raster, tmp_path / name, *options, *more, code=1))
        for more in ([], ["--dry-run"])
    ]
    assert lines[0] == lines[1]


def test_where_nothing_can_be_written_is_told_before_a_model_is_loaded(raster, tmp_path):
    result = call("run", raster, tmp_path / "out.png", "--upscale", 2, "--model", "none", code=1)
    assert "out.png" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_behind_stdout_is_told(raster):
    command = [sys.executable, "-m", "hsisr_geo.cli", "run", str(raster), "-", "--upscale", "2"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*command, "--model", "bicubic", "--progress", "none"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "hsisr-geo: error: stdout: cannot be written: No space left on device\n"


def test_missing_wavelengths_are_told_once(tmp_path):
    src = write(tmp_path / "scene.tif", pixels())
    events = json_lines(bicubic(src, tmp_path / "out.tif", "--progress", "json"))
    logs = [event["message"] for event in events if event["event"] == "log"]
    assert len([line for line in logs if "wavelengths" in line]) == 1


def test_the_input_is_never_overwritten(raster):
    before = raster.read_bytes()
    one_line_error(bicubic(raster, raster, "--overwrite", "--progress", "none", code=1))
    assert raster.read_bytes() == before


def test_an_output_folder_that_is_missing_is_named(raster, tmp_path):
    result = bicubic(raster, tmp_path / "no" / "out.tif", "--progress", "none", code=1)
    assert str(tmp_path / "no") in one_line_error(result)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder_is_named(raster, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    result = bicubic(raster, folder / "out.tif", "--progress", "none", code=1)
    assert str(folder) in one_line_error(result)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder where nobody may write")
def test_an_output_folder_where_nothing_can_be_made_is_named(raster):
    result = bicubic(raster, "/proc/out.tif", "--progress", "none", code=1)
    assert "/proc/out.tif" in one_line_error(result)


def write_model(path, upscales, **options):
    """Write a model file without weights."""
    config = ModelConfig(name="tiny", version="1", upscales=upscales, **options)
    raw = json.dumps({"__metadata__": {CONFIG_KEY: config.to_json()}}).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw)


BAD_MODELS = {
    "unknown name": (None, "unknown model 'nobody'"),
    "missing file": (lambda path: None, "does not exist"),
    "corrupt weights": (lambda path: path.write_bytes(b"PK\x03\x04 and so on"), "model.safetens"),
    "other upscales": (lambda path: write_model(path, (3, 4)), "made for upscale 3, 4, not 2"),
}


@pytest.mark.parametrize("kind", BAD_MODELS)
def test_a_bad_model_is_a_one_line_error_and_leaves_nothing(raster, tmp_path, kind):
    make, said = BAD_MODELS[kind]
    model, folder = tmp_path / "model.safetensors", tmp_path / "out"
    folder.mkdir()
    if make is None:
        model = "nobody"
    else:
        make(model)
    options = ["--upscale", 2, "--model", model, "--progress", "none"]
    result = call("run", raster, folder / "out.tif", *options, code=1)
    assert said in one_line_error(result)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [(MemoryError(), "smaller --tile"), (RuntimeError("two\nlines"), "RuntimeError: two lines")],
)
def test_an_unexpected_error_is_one_line_too(raster, tmp_path, monkeypatch, error, said):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr("hsisr_geo.engine.pipeline.fulfil", fail)
    line = one_line_error(bicubic(raster, tmp_path / "out.tif", "--progress", "none", code=1))
    assert said in line
    monkeypatch.setenv("HSISR_GEO_DEBUG", "1")
    result = bicubic(raster, tmp_path / "out.tif", "--progress", "none", code=1)
    assert "Traceback" in result.stderr


# --- signals --------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_canceled_run_leaves_nothing(tmp_path, signum, code, threads):
    src = write(tmp_path / "scene.tif", pixels((20, 160, 160)))
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, "-m", "hsisr_geo.cli", "run", str(src), str(folder / "out.tif")]
    command += ["--upscale", "4", "--model", "bicubic", "--tile", "16", "--progress", "json"]
    process = subprocess.Popen(
        [*command, "--threads", str(threads)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if json.loads(line).get("done", 0) > 0:
            break
    assert list(folder.iterdir()) != []
    process.send_signal(signum)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert stderr.strip() == f"hsisr-geo: error: canceled by {signum.name}"
    assert list(folder.iterdir()) == []


def test_a_reader_that_goes_away_is_no_traceback(raster):
    command = f"'{sys.executable}' -m hsisr_geo.cli info --json '{raster}' | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stderr == ""


# --- info -----------------------------------------------------------------------------------------


def test_info_describes_the_raster(tmp_path):
    raster = write(
        tmp_path / "scene.tif", pixels(), wavelengths=[450, 550, 650, 850], nodata=-1, bad=[4]
    )
    text = call("info", raster).stdout
    for said in (
        "20 rows x 24 columns",
        "4 bands (1 marked bad)",
        "UTM zone 33N",
        "450 to 850 nm",
        "-1",
    ):
        assert said in text
    one = call("info", raster, "--bands", "550nm").stdout
    assert "1 band\n" in one
    assert "wavelengths  550 nm\n" in one
    with rasterio.open(raster, "r+") as dataset:
        dataset.update_tags(processing_level="L2A")
    assert "\nlevel        L2A\n" in call("info", raster).stdout
    found = json.loads(call("info", raster, "--json").stdout)
    assert (found["rows"], found["cols"], found["dtype"], found["nodata"]) == (20, 24, "int16", -1)
    assert found["bounds"] == [500_000, 5_799_400, 500_720, 5_800_000]
    assert [band["wavelength_nm"] for band in found["bands"]] == [450, 550, 650, 850]
    assert [band["good"] for band in found["bands"]] == [True, True, True, False]


def test_info_tells_rotation_and_how_a_result_was_made(tmp_path):
    raster, fine = write(tmp_path / "scene.tif", pixels()), tmp_path / "fine.tif"
    with rasterio.open(raster, "r+") as dataset:
        dataset.transform = Affine(24, 18, 500_000, 18, -24, 5_800_000)  # 30 m
    assert "rotation     36.87 degrees counter-clockwise" in call("info", raster).stdout
    call("run", raster, fine, "--upscale", 2, "--model", "back-projection")
    rows = dict(line.split(None, 1) for line in call("info", fine).stdout.splitlines()
                if not line.startswith("made"))  # fmt: skip
    assert rows["pixel"] == "15 x 15 m"
    assert rows["blur"] == "bicubic"
    assert rows["agreement"].endswith(
        "of a band's standard deviation from its input, degraded again"
    )
    assert "made by      hsisr-geo" in call("info", fine).stdout
    with rasterio.open(fine, "r+") as dataset:  # as a raster of deviations has it
        dataset.update_tags(HSISR_CONTENT="standard deviation, predicted")
    assert "content      standard deviation, predicted\n" in call("info", fine).stdout
    told = json.loads(call("info", fine, "--json").stdout)
    assert told["rotation_deg"] == pytest.approx(36.87, abs=0.01)


def test_info_describes_every_product(scene):
    found = json.loads(call("info", scene, "--json").stdout)
    with rasterio.open(scene) as dataset:
        assert (found["rows"], found["cols"]) == dataset.shape
        assert len(found["bands"]) == dataset.count
    assert call("info", scene).stdout


def test_info_of_nothing_is_an_error(tmp_path):
    assert "no such file" in one_line_error(call("info", tmp_path / "none.tif", code=1))


# --- evaluate -------------------------------------------------------------------------------------


def test_evaluate_scores_a_raster_against_itself(raster):
    found = json.loads(call("evaluate", raster, raster, "--json").stdout)
    assert found["mpsnr"] is None  # infinite, which JSON has no word for
    assert (found["rmse"], found["bands"]) == (0, [1, 2, 3, 4])
    assert found["ergas"] is None
    told = call("evaluate", raster, raster)
    assert "MSSIM   1.0000" in told.stdout
    assert "was compared with itself" in told.stderr  # as QGIS's dialog proposes, with one layer


def test_evaluate_takes_the_ratio_from_the_result_or_the_option(raster, tmp_path):
    sr, truth = tmp_path / "sr.tif", tmp_path / "truth.tif"
    bicubic(raster, sr)
    with rasterio.open(sr) as dataset:
        write(truth, dataset.read() + np.int16(3), transform=dataset.transform)
    found = json.loads(call("evaluate", sr, truth, "--json").stdout)
    assert found["rmse"] == pytest.approx(3)
    assert found["ergas"] == pytest.approx(2 * found["ergas4"])
    found = json.loads(call("evaluate", sr, truth, "--upscale", 4, "--json").stdout)
    assert found["ergas"] == pytest.approx(found["ergas4"])
    bicubic(raster, tmp_path / "sr.nc")  # GDAL calls its tags NC_GLOBAL#...
    found = json.loads(call("evaluate", tmp_path / "sr.nc", truth, "--json").stdout)
    assert found["ergas"] == pytest.approx(2 * found["ergas4"])


def test_evaluate_tells_units_that_differ(tmp_path):
    dn = write(tmp_path / "dn.tif", pixels())
    values = write(tmp_path / "reflectance.tif", pixels().astype("f4") / 10000)
    result = call("evaluate", values, dn)
    assert "about 1e+04 times those of" in result.stderr
    assert f"gdal_edit.py -scale 0.0001 {dn}" in result.stderr
    assert json.loads(call("evaluate", dn, values, "--json").stdout)["warnings"]
    again = write(tmp_path / "again.tif", pixels())
    assert not json.loads(call("evaluate", dn, again, "--json").stdout)["warnings"]


def test_evaluate_leaves_out_bad_bands_unless_told(tmp_path):
    cube = pixels(seed=1)
    worse = cube.copy()
    worse[2] += 500
    ref = write(tmp_path / "ref.tif", cube, bad=[3])
    sr = write(tmp_path / "sr.tif", worse)
    assert json.loads(call("evaluate", sr, ref, "--json").stdout)["bands"] == [1, 2, 4]
    assert json.loads(call("evaluate", sr, ref, "--json").stdout)["rmse"] == 0
    found = json.loads(call("evaluate", sr, ref, "--all-bands", "--json").stdout)
    assert found["rmse"] == pytest.approx(250)


def test_evaluate_leaves_out_nodata(tmp_path):
    cube = pixels(seed=2)
    ref = write(tmp_path / "ref.tif", holes(cube, -1, 0.3), nodata=-1)
    sr = write(tmp_path / "sr.tif", cube)
    assert json.loads(call("evaluate", sr, ref, "--json").stdout)["rmse"] == 0


OTHER_GRIDS = {
    "shape": {"cube": pixels((4, 20, 23))},
    "bands": {"cube": pixels((3, 20, 24))},
    "CRS": {"crs": "EPSG:32632"},
    "no CRS": {"crs": None},
    "shifted": {"transform": Affine(30, 0, 500_000.1, 0, -30, 5_800_000)},
    "finer": {"transform": Affine(30.001, 0, 500_000, 0, -30, 5_800_000)},
    "wavelengths": {"wavelengths": [450, 550, 670, 850]},
}


@pytest.mark.parametrize("kind", OTHER_GRIDS)
def test_evaluate_refuses_rasters_that_do_not_match(raster, tmp_path, kind):
    other = {"cube": pixels(), **OTHER_GRIDS[kind]}
    ref = write(tmp_path / "ref.tif", **other)
    line = one_line_error(call("evaluate", raster, ref, code=1))
    assert "cannot be compared" in line


def test_evaluate_takes_grids_that_differ_by_rounding_only(raster, tmp_path):
    almost = Affine(30, 0, 500_000 + 1e-6, 0, -30, 5_800_000)
    call("evaluate", raster, write(tmp_path / "ref.tif", pixels(), transform=almost))


# --- models ---------------------------------------------------------------------------------------


def test_models_are_listed_and_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_MODELS", str(tmp_path))
    write_model(tmp_path / "tiny.safetensors", (2, 3), sigma_y=(1.0, 1.0))
    assert call("models").stdout == call("models", "list").stdout
    assert "tiny" in call("models").stdout
    listed = {m["name"]: m for m in json.loads(call("models", "list", "--json").stdout)}
    assert listed["tiny"]["upscales"] == [2, 3]
    assert listed["bicubic"]["path"] is None
    assert json.loads(call("models", "show", "tiny", "--json").stdout) == listed["tiny"]
    assert "upscales: 2, 3" in call("models", "show", "tiny").stdout
    assert "unknown model" in one_line_error(call("models", "show", "nobody", code=1))


def test_what_is_no_model_hides_none_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_MODELS", str(tmp_path))
    write_model(tmp_path / "tiny.safetensors", (2, 3), sigma_y=(1.0, 1.0))
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    listed = call("models", "--json")
    assert {"tiny", "bicubic"} < {m["name"] for m in json.loads(listed.stdout)}
    assert "broken" not in listed.stdout
    assert re.search(r"warning: left out: .*broken\.safetensors", listed.stderr)
    monkeypatch.setenv("HSISR_GEO_MODELS", str(tmp_path / "none"))
    assert re.search(r"warning: .*none, which is no folder", call("models").stderr)


def test_a_display_that_is_none_stops_no_plot(tmp_path, scenes):
    """The process of a notebook names its own there, and no window is opened anyway."""
    plot = tmp_path / "mtf.png"
    words = [sys.executable, "-m", "hsisr_geo.cli", "psf", str(scenes.products["san_diego"])]
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    subprocess.run([*words, "--plot", str(plot)], check=True, env=environment, capture_output=True)
    assert plot.read_bytes().startswith(b"\x89PNG")
