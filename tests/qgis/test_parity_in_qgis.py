"""What the command line can be told and a dialog not, and the other way round: with the reason."""

import re
import subprocess

import pytest
from qgis.core import QgsApplication, QgsProcessingParameterEnum

pytestmark = pytest.mark.usefixtures("plugin")

OF_A_TERMINAL = {"--progress", "--json", "--verbose", "--quiet", "--help"}
LONG = (
    "a run of days, or on several machines, is a terminal's: the log has its command to begin with"
)
FILES = "files beside the result, for other programs; QGIS styles the layer itself"
REPEATS = "repeats a run whose card tells them"
PAIR = "two sensors over one ground: a study, not a look at a result"

NOT_IN_A_DIALOG = {  # command -> option -> why
    "run": {
        **dict.fromkeys(("--resume", "--strict", "--workers", "--scheduler"), LONG),
        **dict.fromkeys(("--style", "--stac", "--header"), FILES),
        "--overwrite": "QGIS asks itself before a file is replaced",
    },
    "adapt": {
        **dict.fromkeys(("--seed", "--steps"), REPEATS),
        "--overwrite": "QGIS asks itself before a file is replaced",
    },
    "index": {
        "--out": "OUTPUT, as QGIS calls it",
        "--overwrite": "QGIS asks itself before a file is replaced",
        "--format": "the ending of the name tells it",
    },
    "psf": {"--overwrite": "QGIS asks itself before a file is replaced"},
    "evaluate": {
        **dict.fromkeys(("--pair", "--model", "--psf"), PAIR),
        "--upscale": "the result says how it was made",
    },
}
OTHER_NAMES = {"--report": "REPORT"}  # no message speaks of it
MORE = {  # parameter -> what it is for the engine
    "INPUT": "an argument",
    "OUTPUT": "an argument, or what the plugin writes itself",
    "RESULT": "an argument",
    "SR": "an argument",
    "REFERENCE": "an argument",
    "WATER_VAPOUR": "of --exclude",
    "FROM_NM": "of --bands",
    "TO_NM": "of --bands",
    "MODEL_FILE": "of --model",
    "VALID_MAX": "of --valid-range",
}
OTHERS = ("assess", "adapt", "evaluate", "info", "psf")
COMMANDS = {"superresolve": "run", "spectralindex": "index", **{name: name for name in OTHERS}}
# A VRT is many files, which QGIS would neither move nor delete as one.
OTHER_WORDS = {"FORMAT": ({"vrt"}, {"auto"})}  # parameter -> (the engine's alone, the dialog's)


def told(engine, command):
    done = subprocess.run([engine, command, "--help"], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def made(algorithm):
    """An algorithm, held: its parameters live as long as it does."""
    return QgsApplication.processingRegistry().createAlgorithmById(f"hsisr:{algorithm}")


def parameter_of(option):
    from hsisr_geo_qgis.engine.words import PARAMETERS

    return {**PARAMETERS, **OTHER_NAMES}.get(option)


@pytest.mark.parametrize("algorithm", COMMANDS)
def test_a_dialog_has_what_its_command_has_or_there_is_a_reason(engine, algorithm, made):
    command = COMMANDS[algorithm]
    options = set(re.findall(r"^ {2}(?:-\w, )?(--[a-z-]+)", told(engine, command), re.MULTILINE))
    options = {option for option in options if f"--no-{option[2:]}" not in options}
    assert len(options) > 4
    left_out = set(NOT_IN_A_DIALOG.get(command, ()))
    assert left_out <= options, "an option that the engine no longer has"
    there = {definition.name() for definition in made.parameterDefinitions()}
    offered = {parameter_of(option) for option in options - OF_A_TERMINAL - left_out}
    assert offered <= there
    assert there <= offered | set(MORE)


@pytest.mark.parametrize("algorithm", COMMANDS)
def test_lists_have_the_words_that_the_engine_takes(engine, algorithm, made):
    said = told(engine, COMMANDS[algorithm])
    found = re.findall(
        r"^ +(--[a-z-]+) +(?:\[([\w|:]+)\]|([\w|:]+\|[\w|:]+)\b)", said, re.MULTILINE
    )
    choices = {parameter_of(option): set((a or b).split("|")) for option, a, b in found}
    for definition in made.parameterDefinitions():
        name = definition.name()
        if definition.type() == QgsProcessingParameterEnum.typeName() and name != "MODEL":
            engines, dialogs = OTHER_WORDS.get(name, (set(), set()))
            words = choices[name] - {"cuda:N"}
            assert set(definition.options()) - dialogs == words - engines
