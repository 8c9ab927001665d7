"""Defaults from variables and a file, verbosity, completion: what holds for all commands."""

import json
import os
import re
import shutil
import subprocess
import sys

import click
import pytest
from commands import call, json_lines, one_line_error, pixels, write
from hsisr_geo.cli.main import cli
from hsisr_geo.cli.options.variables import options_of, walk

from hsisr_geo import __version__


@pytest.fixture
def raster(tmp_path):
    return write(tmp_path / "scene.tif", pixels(), wavelengths=[450, 550, 650, 850])


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a function that writes the configuration file that counts."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("HSISR_GEO_CONFIG", str(path))

    def write_text(text):
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


def plan(raster, *options):
    """Return what a dry run says: its number of tiles shows which --tile counted."""
    options = ["--upscale", 2, "--dry-run", "--progress", "json", *options]
    return json_lines(call("run", raster, raster.with_name("out.tif"), *options))[-1]


# --- variables ------------------------------------------------------------------------------------


def test_every_option_has_a_variable_of_its_own():
    named = [
        (path, name, option.envvar)
        for path, command in walk(cli)
        for name, option in options_of(command).items()
    ]
    variables = [variable for _, _, variable in named]
    assert len(set(variables)) == len(variables) > 60
    assert {"HSISR_GEO_RUN_UPSCALE", "HSISR_GEO_TRAIN_DIFFUSION_STEPS"} < set(variables)
    others = {"HSISR_GEO_MODELS", "HSISR_GEO_DEBUG", "HSISR_GEO_EXECUTABLE", "HSISR_GEO_TEST_DATA"}
    assert not others & set(variables)


def test_a_variable_is_what_the_option_is(raster, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_RUN_MODEL", "bicubic")
    monkeypatch.setenv("HSISR_GEO_RUN_BOUNDS", "500030 5799700 500300 5799940")
    assert plan(raster) == plan(
        raster, "--model", "bicubic", "--bounds", 500_030, 5_799_700, 500_300, 5_799_940
    )
    monkeypatch.setenv("HSISR_GEO_RUN_TILE", "0")
    result = call("run", raster, "out.tif", "--upscale", 2, code=2)
    assert "HSISR_GEO_RUN_TILE" in result.stderr
    assert "'--tile'" in result.stderr


# --- the file -------------------------------------------------------------------------------------


def test_command_line_then_variable_then_file_then_default(raster, config, monkeypatch):
    def tiles(*options):
        return plan(raster, "--model", "bicubic", *options)["tiles"]

    assert config("").exists()
    assert tiles() == 1
    config("tile = 5\n[run]\ntile = 6\n[run.x]\n".replace("[run.x]\n", ""))
    assert tiles() == 4 * 4
    monkeypatch.setenv("HSISR_GEO_RUN_TILE", "8")
    assert tiles() == 3 * 3
    assert tiles("--tile", 12) == 2 * 2


def test_a_key_outside_of_tables_is_for_every_command_that_has_it(raster, config):
    config('model = "bicubic"\nupscale = 2\noverwrite = true\n')
    out = raster.with_name("out.tif")
    call("run", raster, out)
    call("run", raster, out)
    call("batch", raster, "--out-dir", raster.parent, "--name", "out.tif")
    assert "1 model" not in call("models").stdout  # a command without them does not mind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\ntiel = 3", "[run] tiel: no option --tiel of hsisr-geo run"),
        ("tiel = 3", "tiel: no option --tiel of any command"),
        ("version = true", "no option --version"),
        ("[ran]\ntile = 3", "[ran]: no such command"),
        ("[run.tile]\nx = 3", "[run.tile]: no such command"),
        ("[run]\ntile = 2020-01-01", "[run] tile: no value of an option"),
        ("tile", "not a TOML file"),
        ("tile = '\udcff'", "not a TOML file"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it_and_the_key(config, text, said, tmp_path):
    config("")
    (tmp_path / "config.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    line = one_line_error(call("models", code=1))
    assert "config.toml" in line
    assert said in line


def test_a_wrong_value_names_the_file_and_the_option(raster, config):
    path = config("[run]\ntile = 'large'")
    for command in (["run", raster, "out.tif", "--upscale", 2], ["config"]):
        result = call(*command, code=2)
        assert "'--tile': 'large'" in result.stderr
        assert f"(from {path})" in result.stderr


def test_a_file_that_is_named_must_be_there(tmp_path):
    line = one_line_error(call("--config", tmp_path / "no.toml", "models", code=1))
    assert "no.toml" in line


def test_the_users_file_counts_unless_it_is_turned_off(tmp_path, monkeypatch):
    monkeypatch.setattr(click, "get_app_dir", lambda name: str(tmp_path / name))
    monkeypatch.delenv("HSISR_GEO_CONFIG")
    call("models")
    (tmp_path / "hsisr-geo").mkdir()
    (tmp_path / "hsisr-geo" / "config.toml").write_text("nonsense = 1")
    assert "nonsense" in one_line_error(call("models", code=1))
    call("--config", "", "models")
    monkeypatch.setenv("HSISR_GEO_CONFIG", "")
    call("models")


def test_config_shows_what_is_set_and_from_where(config, monkeypatch):
    path = config("[batch]\njobs = 3\n[run]\nno_consistency = true")
    monkeypatch.setenv("HSISR_GEO_RUN_TILE", "64")
    monkeypatch.setenv("HSISR_GEO_RUN_TIEL", "64")
    monkeypatch.setenv("HSISR_GEO_MODELS", "/models")
    text = call("config").stdout
    assert f"file: {path}" in text
    assert "HSISR_GEO_RUN_TIEL is set, but is no variable" in text
    found = json.loads(call("config", "--json").stdout)
    settings = {(s["command"], s["option"]): (s["value"], s["source"]) for s in found["settings"]}
    assert settings == {
        ("run", "tile"): ("64", "HSISR_GEO_RUN_TILE"),
        ("run", "no-consistency"): (True, str(path)),
        ("batch", "jobs"): (3, str(path)),
    }
    assert found["unknown_variables"] == ["HSISR_GEO_RUN_TIEL"]


# --- verbosity ------------------------------------------------------------------------------------


def run(raster, *options):
    """Run bicubic; options may stand before the command, where their value is True."""
    out = raster.with_name("out.tif")
    return call(*options, "run", raster, out, "--upscale", 2, "--model", "bicubic", "--overwrite")


def test_quiet_says_nothing_but_errors(raster, tmp_path):
    assert run(raster, "-q").output == ""
    assert call("-q", "info", raster).stdout  # what was asked for is no chatter
    one_line_error(call("run", "no.tif", tmp_path / "out.tif", "--upscale", 2, "-q", code=1))


def test_a_plan_is_told_however_quietly_it_is_asked_for(raster, tmp_path):
    options = ["--upscale", 2, "--model", "bicubic", "--dry-run"]
    to = tmp_path / "out"
    for command in (["run", raster, f"{to}.tif"], ["batch", raster, "--out-dir", to]):
        for quietly in (["-q"], ["--progress", "none"], ["-q", "--progress", "none"]):
            (wanted, *_) = call(*command, *options, *quietly).stderr.splitlines()
            assert "would write" in wanted


def test_quiet_json_is_the_result_alone(raster):
    options = ["--upscale", 2, "--model", "bicubic", "--progress", "json", "-q"]
    (event,) = json_lines(call("run", raster, raster.with_name("out.tif"), *options))
    assert event["event"] == "result"


def test_verbose_gives_log_lines_the_time(raster):
    stamped = [
        line for line in run(raster, "-v").stderr.splitlines() if re.match(r"\[ *\d+\.\d s\]", line)
    ]
    assert stamped
    assert not any(line.startswith("[") for line in run(raster).stderr.splitlines())
    options = ["--upscale", 2, "--model", "bicubic", "--progress", "json", "-v", "--overwrite"]
    events = json_lines(call("run", raster, raster.with_name("out.tif"), *options))
    assert all(event["seconds"] >= 0 for event in events if event["event"] == "log")


def test_verbosity_may_come_from_a_variable(raster, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_QUIET", "1")
    assert run(raster).output == ""


# --- completion and version -----------------------------------------------------------------------


def complete(shell, *words):
    environment = {
        **os.environ,
        "_HSISR_GEO_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["hsisr-geo", *words]),
        "COMP_CWORD": str(len(words)) if shell != "fish" else words[-1],
    }
    code = "from hsisr_geo.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_options_models_and_files(shell):
    assert "assess" in complete(shell, "as")
    assert "--overwrite" in complete(shell, "run", "--ov")
    assert "back-projection" in complete(shell, "run", "--model", "back")
    assert "file" in complete(shell, "run", "sce")


@pytest.mark.parametrize("command", ["run", "batch", "assess", "adapt", "models show"])
def test_every_model_is_completed_by_name(command):
    found = cli
    for name in command.split():
        found = found.get_command(None, name)
    context = click.Context(found)
    (model,) = (p for p in found.params if p.opts in (["--model"], ["name"]))
    names = [item.value for item in model.shell_complete(context, "back")]
    assert "back-projection" in names


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_takes_the_script_and_completes(tmp_path):
    folder = os.path.dirname(sys.executable)
    script = call("completion", "bash").stdout
    ask = "COMP_WORDS=(hsisr-geo bat); COMP_CWORD=1; _hsisr_geo_completion hsisr-geo"
    ask += '; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{ask}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
    )
    assert (done.stdout.strip(), done.stderr) == ("batch", "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_too(shell):
    assert "_HSISR_GEO_COMPLETE" in call("completion", shell).stdout
    if shutil.which(shell):
        done = subprocess.run(
            [shell, "-n"], input=call("completion", shell).stdout, text=True, capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_told_without_torch_and_whatever_is_configured(config):
    config("nonsense = 1")
    assert call("--version").stdout == f"hsisr-geo, version {__version__}\n"
    code = "import sys\nfrom hsisr_geo.cli.main import main\ntry: main()\n"
    code += "finally: assert not {'torch', 'numpy', 'rasterio'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
