"""Names to models: the shipped ones, the user's folder, bicubic, and what is said of the rest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import write_model

from hsisr_geo.errors import ModelError
from hsisr_geo.resolver import catalogue
from hsisr_geo.resolver.header import read_header
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver


@pytest.fixture
def own_models(tmp_path, monkeypatch):
    """Return the user's own, empty model folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv(catalogue.MODELS_VARIABLE, str(folder))
    return folder


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_bicubic_is_always_there(upscale):
    assert load_resolver("bicubic", upscale=upscale) == BicubicResolver(upscale)
    assert catalogue.models()[-1].name == "bicubic"


def test_bicubic_does_not_import_torch():
    code = (
        "import sys; from hsisr_geo.resolver.load import load_resolver;"
        "from hsisr_geo.resolver.catalogue import models;"
        "load_resolver('bicubic', upscale=2); models(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_models_of_the_users_folder_are_listed_with_what_their_card_says(own_models):
    path = write_model(own_models / "mine.safetensors", (2, 3), {"scores": {"psnr": 41.5}})
    info = catalogue.model_info("mine")
    assert info in catalogue.models()
    assert (info.upscales, info.version, info.path) == ((2, 3), "7", path)
    assert info.card["scores"]["psnr"] == 41.5
    assert info.size == path.stat().st_size
    assert info.sha256 == read_header(path).sha256


def test_default_is_the_shipped_model_of_that_name(own_models):
    path = catalogue.find_model(
        write_model(own_models / f"{catalogue.DEFAULT_MODEL}.safetensors").stem
    )
    assert catalogue.find_model("default") == path
    assert [info.default for info in catalogue.models() if info.path == path] == [True]


def test_a_path_is_a_model_too(tmp_path, monkeypatch):
    path = write_model(tmp_path / "elsewhere.safetensors")
    assert catalogue.find_model(str(path)) == path
    monkeypatch.chdir(tmp_path)
    assert catalogue.find_model("elsewhere.safetensors").samefile(path)


def test_an_unknown_name_is_answered_with_the_known_ones(own_models):
    write_model(own_models / "mine.safetensors")
    with pytest.raises(ModelError, match=r"unknown model 'yours'.*mine.*bicubic"):
        load_resolver("yours", upscale=2)


@pytest.mark.parametrize("name", ["no/such/file", "missing.safetensors"])
def test_a_path_without_a_file_is_called_a_missing_file(name):
    with pytest.raises(ModelError, match="does not exist"):
        load_resolver(name, upscale=2)


def test_a_missing_default_says_that_none_is_shipped(monkeypatch):
    monkeypatch.setattr(catalogue, "DEFAULT_MODEL", "never-trained")
    with pytest.raises(ModelError, match=r"ships no default model.*bicubic"):
        load_resolver(upscale=2)


def test_a_model_for_other_upscales_says_which_it_was_made_for(own_models):
    write_model(own_models / "mine.safetensors", (2, 4))
    with pytest.raises(ModelError, match="made for upscale 2, 4, not 3"):
        load_resolver("mine", upscale=3)
    with pytest.raises(ModelError, match="not 5"):
        load_resolver("bicubic", upscale=5)


def test_a_corrupt_model_is_named(own_models):
    write_model(own_models / "mine.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"mine\.safetensors"):
        load_resolver("mine", upscale=2)


def test_without_torch_a_network_says_what_to_do(own_models, monkeypatch):
    write_model(own_models / "mine.safetensors")
    for module in [name for name in sys.modules if name.startswith("hsisr_geo.model")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setenv("HSISR_GEO_BACKEND", "torch")
    with pytest.raises(ModelError, match=r"needs torch.*bicubic"):
        load_resolver("mine", upscale=2)


def test_without_torch_the_default_model_runs_on_the_cpu():
    made = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from hsisr_geo.raster.survey import statistics_of\n"
        "from hsisr_geo.resolver.load import load_resolver\n"
        "cube = np.random.default_rng(0).random((20, 9, 12), np.float32)\n"
        "print(load_resolver(upscale=2).fit(statistics_of(cube))(cube, (0, 0)).shape)"
    )
    done = subprocess.run([sys.executable, "-c", made], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(20, 18, 24)"


def test_the_card_of_the_released_model_has_the_scores_of_the_quality_page() -> None:
    """What `models show` and QGIS's help tell is what docs/quality.md tells."""
    rows = json.loads(Path(__file__).parents[2].joinpath("docs/quality.json").read_text("utf-8"))
    told = read_header(catalogue.find_model("default")).card["scores"]
    for row in rows:
        if row["method"] == "without network":
            continue
        of, scene = "" if row["method"] == "ours" else "bicubic_", row["scene"]
        card = told[f"x{row['upscale']}"]["scenes"][scene]
        assert card[f"{of}psnr_db"] == pytest.approx(row["psnr"], abs=0.006), scene
        assert card[f"{of}sam_deg"] == pytest.approx(row["sam"], abs=0.0006), scene
