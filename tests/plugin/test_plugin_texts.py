"""What the plugin says: the engine's words in those of the dialog, the models, the time left."""

import json

import pytest
from click.testing import CliRunner
from hsisr_geo.cli.main import cli

from qgis_plugin.engine.catalogue import BUILT_IN, Score, choices, described, fingerprint, parse
from qgis_plugin.engine.command import (
    ResultCall,
    SceneCall,
    Selection,
    Uncertainty,
    adapt_arguments,
    assess_arguments,
    evaluate_arguments,
    index_arguments,
    psf_arguments,
    run_arguments,
)
from qgis_plugin.engine.timeleft import TimeLeft, rounded
from qgis_plugin.engine.words import ALGORITHMS, PARAMETERS, in_words_of_the_dialog, is_usage


def label_of(name):
    labels = {"UPSCALE": "Upscale", "MODEL": "Model", "OVERWRITE": "Replace it", "OUTPUT": "Result"}
    labels |= {"hsisr:assess": "Assess", "WATER_VAPOUR": "Keep vapour out"}
    return labels.get(name)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "model m was made for upscale 2, not 3; choose another --upscale or --model",
            "model m was made for upscale 2, not 3; choose another 'Upscale' (UPSCALE) or 'Model' "
            "(MODEL)",
        ),
        ("r exists: give --overwrite", "r exists: give 'Replace it' (OVERWRITE)"),
        ("or say with --model (psf=) what to assume", "or say with 'Model' (MODEL) what to assume"),
        ("only: --overwrite (consistency=False)", "only: 'Replace it' (OVERWRITE)"),
        ("or insist with --overwrite (again=True)", "or insist with 'Replace it' (OVERWRITE)"),
        ("use --all-bands to compare", "use the command line's --all-bands to compare"),
        ("a--model stays", "a--model stays"),
        ("/data/--upscale/x.tif: zero bands", "/data/--upscale/x.tif: zero bands"),
        ("DST and --model are the same", "'Result' (OUTPUT) and 'Model' (MODEL) are the same"),
        ("SRC, /DST/a.tif and DST/b.tif stay", "SRC, /DST/a.tif and DST/b.tif stay"),
        ("hsisr-geo assess degrades it", "'Assess' (hsisr:assess) degrades it"),
        (
            "noise, --exclude water-vapour keeps it",
            "noise, 'Keep vapour out' (WATER_VAPOUR) keeps it",
        ),
        ("as hsisr-geo psf shows", "as hsisr-geo psf shows"),
        ("install hsisr-geo again", "install hsisr-geo again"),
    ],
)
def test_options_become_labels(said, shown):
    assert in_words_of_the_dialog(said, label_of) == shown


def test_commands_that_are_algorithms_are_the_engines():
    assert all(cli.get_command(None, name) for name in ALGORITHMS)


def test_how_a_command_line_is_used_is_left_out():
    twice = ["run", "a.tif", "b.tif", "--upscale", "2", "--uncertainty", "b.tif"]
    result = CliRunner().invoke(cli, twice, prog_name="hsisr-geo")
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    assert all(map(is_usage, lines))
    assert not is_usage("warning: 2 bands lie in water vapour")


def test_every_option_that_a_dialog_sets_has_its_label_in_messages():
    everything = [
        *run_arguments(
            *("in.tif", "out.tif"),
            ResultCall(
                upscale=2,
                model="m",
                psf="bicubic",
                tile=8,
                threads=2,
                device="cpu",
                bounds=(0, 0, 1, 1),
                selection=Selection("1-5", "2", True, -1.5, True, True, "vnir"),
                valid_range=(0, 1),
                again=True,
            ),
            consistency=False,
            precision="bfloat16",
            dry_run=True,
            memory="4GiB",
            format="cog",
            creation=["COMPRESS=LZW"],
            uncertainty=Uncertainty("sigma.tif", samples=4),
        ),
        *assess_arguments("in.tif", "r", ResultCall(upscale=2), window=64, overwrite=True),
        *adapt_arguments("in.tif", "m.safetensors", SceneCall(upscale=4)),
        *evaluate_arguments("sr.tif", "ref.tif", all_bands=True, data_range=1.0),
        *index_arguments("sr.tif", "sigma.tif", "ndvi", "ndvi.tif"),
        *psf_arguments("in.tif", plot="blur.png"),
    ]
    given = {word for word in everything if word.startswith("--")}
    assert given - {"--json", "--progress", "--report"} == set(PARAMETERS)


def test_every_option_with_a_label_is_one_of_the_engine():
    known = {
        option
        for name in ("run", "assess", "adapt", "evaluate", "index", "psf")
        for parameter in cli.get_command(None, name).params
        for option in parameter.opts
    }
    assert set(PARAMETERS) <= known


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
    shown = described(models, "default", "spectral angle")
    said = "<p><b>hsisr-base</b> (default): ×2 ×3<br>×2: +1.81 dB, spectral angle −14 %</p>"
    assert said in shown
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
