"""What the plugin says: the engine's words in those of the dialog, the models, the time left."""

import ast
import json
import re
from pathlib import Path

import pytest

from qgis_plugin.catalogue import BUILT_IN, Score, choices, fingerprint, parse, table
from qgis_plugin.timeleft import TimeLeft, rounded
from qgis_plugin.words import PARAMETERS, in_words_of_the_dialog

ROOT = Path(__file__).resolve().parent.parent

# Options that no dialog has: the plugin never gives them, and their errors cannot come up there.
NOT_IN_QGIS = {
    *("--all-bands", "--threads", "--progress", "--dry-run", "--json", "--report", "--steps"),
    *("--scale", "--ratio", "--version", "--help"),
}


def label_of(name):
    return {"UPSCALE": "Upscale", "MODEL": "Model", "OVERWRITE": "Replace it"}.get(name)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "model m was made for upscale 2, not 3; choose another --upscale or --model",
            "model m was made for upscale 2, not 3; choose another 'Upscale' (UPSCALE) or 'Model' "
            "(MODEL)",
        ),
        ("r exists: give --overwrite", "r exists: give 'Replace it' (OVERWRITE)"),
        ("or say with --psf (psf=) what to assume", "or say with --psf what to assume"),
        ("only: --no-consistency (consistency=False)", "only: --no-consistency"),
        ("a--b and --model-like stay", "a--b and --model-like stay"),
        ("/data/--upscale/x.tif: zero bands", "/data/--upscale/x.tif: zero bands"),
    ],
)
def test_options_become_labels(said, shown):
    assert in_words_of_the_dialog(said, label_of) == shown


def _raised_texts(path):
    """Texts in what a file raises or writes in the log."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise):
            yield from (
                part.value
                for part in ast.walk(node)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def test_every_option_in_an_error_of_the_engine_has_a_place_in_the_dialog():
    """An error of the engine that names an option must not send a person to a terminal."""
    named = {
        option
        for folder in ("hsisr_geo", "cli")
        for path in (ROOT / folder).rglob("*.py")
        for text in _raised_texts(path)
        for option in re.findall(r"(?<![\w/-])--[a-z][a-z-]*\b", text)
    }
    assert {"--upscale", "--model", "--overwrite"} <= named  # the search finds what there is
    assert named - set(PARAMETERS) <= NOT_IN_QGIS


LISTED = [
    {
        "name": "hsisr-base",
        "upscales": [2, 3],
        "default": True,
        "card": {"scores": {"x2": {"psnr_gain_db": 1.81, "sam_ratio": 0.857}, "x3": {}}},
    },
    {"name": "adapted<b>", "upscales": [2], "default": False, "card": {"scores": {"gain_db": 1}}},
    {"name": "bicubic", "upscales": [2, 3, 4], "default": False, "card": {}},
]


def test_the_models_of_a_list():
    models = parse(json.dumps(LISTED))
    assert models[0].scores == (Score("2", 1.81, 0.857),)
    assert models[1].scores == models[2].scores == ()
    assert choices(models) == ["default", "hsisr-base", "adapted<b>", "bicubic"]
    assert choices(()) == [*BUILT_IN]
    shown = table(models, ("Model", "Upscale", "Gain"), "default")
    assert "<td>hsisr-base (default)</td><td>×2 ×3</td><td>×2: +1.81 dB, -14 %</td>" in shown
    assert "adapted&lt;b&gt;" in shown


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "m"}]', '{"name": "m"}', "null"])
def test_what_is_no_list_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_a_list_belongs_to_an_engine_and_a_folder_as_they_are(tmp_path):
    engine, folder = tmp_path / "hsisr-geo", tmp_path / "models"
    engine.write_text("")
    states = [fingerprint(str(engine), {})]
    states.append(fingerprint(str(engine), {"HSISR_GEO_MODELS": str(folder)}))
    folder.mkdir()
    states.append(fingerprint(str(engine), {"HSISR_GEO_MODELS": str(folder)}))
    engine.unlink()
    states.append(fingerprint(str(engine), {"HSISR_GEO_MODELS": str(folder)}))
    assert len(set(states)) == 4
    assert fingerprint(str(engine), {"HSISR_GEO_MODELS": str(folder)}) == states[-1]


def test_the_time_left_counts_from_the_first_word():
    now = [100.0]
    left = TimeLeft(lambda: now[0])
    assert left.seconds(0, 10) is None
    now[0] = 104
    assert left.seconds(2, 10) == 16
    assert left.percent(2, 10) == 20
    now[0] = 110
    assert left.seconds(10, 10) is None
    assert left.seconds(0, 4) is None  # a second phase
    now[0] = 111
    assert left.seconds(1, 4) == 3
    assert left.percent(0, 0) is None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, ("1", "s")), (89, ("89", "s")), (300, ("5", "min")), (9000, ("2.5", "h"))],
)
def test_a_time_is_rounded_for_a_person(seconds, shown):
    assert rounded(seconds) == shown
