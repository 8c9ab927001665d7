import ast
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hsisr_geo.cli.main import cli

from qgis_plugin.engine.catalogue import parse
from qgis_plugin.engine.command import (
    ResultCall,
    SceneCall,
    Selection,
    Uncertainty,
    adapt_arguments,
    assess_arguments,
    evaluate_arguments,
    in_range,
    index_arguments,
    info_arguments,
    models_arguments,
    psf_arguments,
    run_arguments,
    with_water_vapour,
)
from qgis_plugin.engine.program import (
    EXECUTABLE_VARIABLE,
    NotSetUp,
    Origin,
    engine_environment,
    find_engine,
)

PLUGIN = Path(__file__).resolve().parents[2] / "qgis_plugin"
CALL = {
    "upscale": 2, "psf": "bicubic", "tile": 8, "device": "cpu", "bounds": (0, 0, 1, 1),
    "selection": Selection("1", "2", True, 0, True, True, "vnir"), "threads": 2,
}  # fmt: skip


@pytest.fixture
def programs(tmp_path):
    """Three executables of the engine's name, each in a folder of its own."""
    found = {}
    for place in ("setting", "variable", "path"):
        program = tmp_path / place / ("hsisr-geo.bat" if sys.platform == "win32" else "hsisr-geo")
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        found[place] = str(program)
    return found


def test_the_order_is_setting_variable_managed_path(programs):
    environment = {
        "PATH": os.path.dirname(programs["path"]),
        EXECUTABLE_VARIABLE: programs["variable"],
    }

    def found(setting, managed):
        engine = find_engine(setting, environment, managed=managed)
        return engine.program, engine.origin

    assert found(programs["setting"], "m") == (programs["setting"], Origin.SETTING)
    assert found("", "m") == (programs["variable"], Origin.VARIABLE)
    del environment[EXECUTABLE_VARIABLE]
    assert found("", "m") == ("m", Origin.MANAGED)
    assert found("", "") == (programs["path"], Origin.PATH)


def test_without_an_executable_the_message_says_what_to_do(tmp_path):
    with pytest.raises(NotSetUp, match=r"Set up….*wheel.*Options.*HSISR_GEO_EXECUTABLE"):
        find_engine("", {"PATH": str(tmp_path)})


def test_a_setting_that_names_nothing_is_not_skipped(programs, tmp_path):
    environment = {"PATH": os.path.dirname(programs["path"])}
    with pytest.raises(NotSetUp, match="gone"):
        find_engine(str(tmp_path / "gone"), environment)
    with pytest.raises(NotSetUp, match=EXECUTABLE_VARIABLE):
        find_engine("", {**environment, EXECUTABLE_VARIABLE: str(tmp_path)})  # a folder


def test_what_belongs_to_qgis_does_not_reach_the_engine():
    foreign = [
        *("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "PythonHome"),
        *("GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA", "LD_LIBRARY_PATH"),
        *("LD_PRELOAD", "QT_PLUGIN_PATH", "QGIS_PREFIX_PATH", "CONDA_PREFIX", "VIRTUAL_ENV"),
    ]
    kept = {"PATH": "/usr/bin", "HOME": "/home/a", "GDAL_CACHEMAX": "9"}
    environment = engine_environment({**kept, **dict.fromkeys(foreign, "leak")})
    assert "leak" not in environment.values()
    isolated = {"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}
    assert environment == {**kept, **isolated, "HSISR_GEO_CONFIG": ""}


def test_the_command_lines_own_defaults_do_not_reach_a_run():
    """What a dialog does not show decides nothing; a folder of models it does show."""
    kept = {"HSISR_GEO_MODELS": "/m", "HSISR_GEO_DEBUG": "1", EXECUTABLE_VARIABLE: "/e"}
    own = {"HSISR_GEO_RUN_TILE": "8", "hsisr_geo_run_psf": "x", "HSISR_GEO_CONFIG": "/c.toml"}
    environment = engine_environment({**kept, **own})
    ours = {name: value for name, value in environment.items() if "HSISR" in name.upper()}
    assert ours == {**kept, "HSISR_GEO_CONFIG": ""}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PYTHONSAFEPATH")
def test_the_engines_python_is_as_isolated_as_with_option_i(tmp_path):
    """Not looked in: the folder of a script, the user's own packages, a leaked path."""
    (tmp_path / "json.py").write_text("raise ImportError('not the standard library')")
    script = tmp_path / "script.py"
    script.write_text("import json, sys; print(json.dumps([sys.flags.no_user_site, sys.path]))")
    leaked = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert subprocess.run([sys.executable, script], env=leaked, capture_output=True).returncode
    done = subprocess.run(
        [sys.executable, script], env=engine_environment(leaked), capture_output=True, check=True
    )
    no_user_site, path = json.loads(done.stdout)
    assert no_user_site == 1
    assert str(tmp_path) not in path


def test_on_windows_the_folders_of_qgis_leave_the_path():
    environment = engine_environment(
        {
            "OSGEO4W_ROOT": "C:\\OSGeo4W",
            "Path": "C:\\OSGeo4W\\bin;c:/osgeo4w/apps/Python312/;C:\\OSGeo4W-tools;C:\\Windows",
        },
        platform="win32",
    )
    assert environment["Path"] == "C:\\OSGeo4W-tools;C:\\Windows"
    assert engine_environment({"PATH": "C:\\a;b"}, platform="win32")["PATH"] == "C:\\a;b"


def test_a_leaked_pythonhome_no_longer_stops_the_engines_python(tmp_path):
    leaked = {**os.environ, "PYTHONHOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import json"]
    assert subprocess.run(command, env=leaked, capture_output=True).returncode != 0
    assert subprocess.run(command, env=engine_environment(leaked)).returncode == 0


def test_a_run_with_defaults():
    assert run_arguments("in.tif", "out.tif", ResultCall(upscale=4)) == [
        *("run", "in.tif", "out.tif", "--upscale", "4", "--detail", "0.0", "--seed", "0"),
        *("--overwrite", "--progress", "json"),
    ]


def test_a_run_with_everything():
    assert run_arguments(
        "in.tif",
        "out.tif",
        ResultCall(
            upscale=2,
            model="bicubic",
            detail=0.25,
            seed=7,
            psf="gaussian:0.3",
            tile=64,
            device="cpu",
            bounds=(-1e-7, 2, 3.5, 5200000.125),
            selection=Selection("1-50,60", "water-vapour", True, drop_bad=True, overlap="swir"),
            threads=2,
        ),
        consistency=False,
        precision="bfloat16",
        memory="4GiB",
        format="cog",
        creation=["COMPRESS=LZW", "BLOCKSIZE=256"],
        uncertainty=Uncertainty("sigma.tif", samples=5, bands="mean"),
    ) == [
        *("run", "in.tif", "out.tif", "--upscale", "2", "--model", "bicubic"),
        *("--detail", "0.25", "--seed", "7", "--no-consistency", "--psf", "gaussian:0.3"),
        *("--tile", "64", "--threads", "2", "--memory", "4GiB"),
        *("--device", "cpu", "--precision", "bfloat16"),
        *("--bounds", "-1e-07", "2.0", "3.5", "5200000.125"),
        *("--bands", "1-50,60", "--exclude", "water-vapour", "--orthorectify"),
        *("--drop-bad", "--overlap", "swir", "--format", "cog"),
        *("--co", "COMPRESS=LZW", "--co", "BLOCKSIZE=256"),
        *("--uncertainty", "sigma.tif", "--samples", "5", "--uncertainty-bands", "mean"),
        *("--overwrite", "--progress", "json"),
    ]


def test_an_uncertainty_is_predicted_unless_samples_are_asked_for():
    sigma = Uncertainty("sigma.tif")
    asked = run_arguments("a.tif", "b.tif", ResultCall(upscale=2), uncertainty=sigma)
    assert "--samples" not in asked
    assert asked[asked.index("--uncertainty") :][:2] == ["--uncertainty", "sigma.tif"]


def test_an_assessment_overwrites_only_when_told():
    asked = [*("assess", "in.tif", "--report", "r", "--upscale", "3")]
    assert assess_arguments("in.tif", "r", ResultCall(upscale=3)) == [
        *(*asked, "--detail", "0.0", "--seed", "0", "--json", "--progress", "json"),
    ]
    everything = {"model": "m.safetensors", "bounds": (0, 1, 2, 3), "device": "cpu"}
    details = {"detail": 0.5, "seed": 4, "psf": "bicubic", "tile": 32}
    call = ResultCall(upscale=3, **everything, **details)
    assert assess_arguments("in.tif", "r", call, window=64, overwrite=True) == [
        *(*asked, "--model", "m.safetensors", "--detail", "0.5", "--seed", "4"),
        *("--psf", "bicubic", "--window", "64", "--tile", "32", "--device", "cpu"),
        *("--bounds", "0.0", "1.0", "2.0", "3.0", "--overwrite", "--json", "--progress", "json"),
    ]


def test_an_adaptation():
    call = SceneCall(upscale=2, model="default")
    assert adapt_arguments("in.tif", "m.safetensors", call, minutes=1) == [
        *("adapt", "in.tif", "--out", "m.safetensors", "--upscale", "2", "--model", "default"),
        *("--minutes", "1.0", "--overwrite", "--progress", "json"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        run_arguments(
            *("in.tif", "out.tif", ResultCall(**CALL, model="m")),
            consistency=False,
            precision="bfloat16",
            memory="1G",
            format="cog",
            creation=["COMPRESS=LZW"],
            uncertainty=Uncertainty("sigma.tif"),
        ),
        assess_arguments("in.tif", "r", ResultCall(**CALL), window=64, overwrite=True),
        adapt_arguments(
            *("in.tif", "m.safetensors"),
            SceneCall(4, device="cpu", selection=CALL["selection"]),
        ),
        info_arguments("in.tif", selection=CALL["selection"]),
        evaluate_arguments("a.tif", "b.tif", all_bands=True, data_range=1.5),
        index_arguments("a.tif", "b.tif", "depth:2200", "c.tif"),
        psf_arguments("in.tif", plot="blur.png", selection=CALL["selection"]),
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_engine_knows_every_option(arguments):
    """Nothing but the missing raster is wrong with what the plugin asks."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1, result.output
    assert "no such file" in result.output.lower()


def test_the_list_of_models_is_one_the_engine_gives():
    result = CliRunner().invoke(cli, models_arguments())
    names = [model.name for model in parse(result.stdout)]
    assert {"back-projection", "bicubic"} <= set(names)


def test_info_and_evaluate():
    assert info_arguments("a.tif") == ["info", "a.tif", "--json"]
    assert evaluate_arguments("a.tif", "b.tif") == ["evaluate", "a.tif", "b.tif", "--json"]


NEEDED_BY_QGIS = {"numpy"}  # Processing itself imports it


def test_the_plugin_imports_neither_the_engine_nor_its_libraries():
    there = {*sys.stdlib_module_names, "qgis", "osgeo", "processing", *NEEDED_BY_QGIS}
    modules = sorted(PLUGIN.rglob("*.py"))
    assert len(modules) > 50
    assert {path.name: others for path in modules if (others := _imported(path) - there)} == {}


def _imported(path):
    """The packages that a module imports, wherever in it."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.split(".")[0] for name in names}


def test_water_vapour_and_wavelengths_in_the_words_of_the_engine():
    assert with_water_vapour("") == "water-vapour"
    assert with_water_vapour("1-3") == "1-3,water-vapour"
    assert with_water_vapour("water-vapour,9") == "water-vapour,9"
    assert in_range(450, 900) == "450-900nm"
    assert in_range(None, 900.5) == "0-900.5nm"
    assert in_range(2000, None) == "2000-100000nm"


@pytest.mark.parametrize("package", ["engine", "setup"])
def test_the_client_needs_no_qgis(package):
    modules = [*(PLUGIN / package).glob("*.py")]
    assert len(modules) > 5
    assert not [path for path in modules if {"qgis", "osgeo"} & _imported(path)]
