import csv
import fcntl
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from click.testing import CliRunner, Result
from hsisr_geo.cli.main import cli
from safetensors.torch import load_file
from scenes import reflectance

from hsisr_geo.benchmark.comparison import make
from hsisr_geo.benchmark.comparison.make import divided
from hsisr_geo.benchmark.comparison.plan import Selection, jobs_of, plan_benchmark
from hsisr_geo.benchmark.configuration import read_settings
from hsisr_geo.benchmark.data.crops import pick_evenly, picking_rule
from hsisr_geo.benchmark.folder import Folder
from hsisr_geo.benchmark.records import difference, read_record, write_record
from hsisr_geo.benchmark.systems.build import build
from hsisr_geo.benchmark.systems.checkpoint import save_system
from hsisr_geo.benchmark.systems.training_run import NamedCube
from hsisr_geo.benchmark.tables.published_tables import published_tables
from hsisr_geo.benchmark.tables.table import Column, Row, Section, Table, TableCell, ranked
from hsisr_geo.benchmark.tables.writers import to_csv, to_latex, to_markdown
from hsisr_geo.errors import Canceled, ModelError, OptionError, OutputError
from hsisr_geo.files import drafted
from hsisr_geo.resolver.header import sha256_of
from hsisr_geo.resolver.system_config import SystemConfig

BANDS = 12
CONFIG = """
title = "Tiny & quick"
upscales = [2]
seeds = [0, 1]
bands = 8

[data]
train = "train"
test = "test"
held_out = ["held"]

[budget]
steps = 2
batch = 1
patch = 8

[systems.bicubic]
title = "Bicubic"
model = "bicubic"

[systems.edsr]
title = "EDSR"
width = 8
blocks = 1
"""
GROUPS = """
[systems.groups]
architecture = "dmgasr"
seeds = [0]
group_size = 4
group_overlap = 1
width = 8
blocks = 1
global_width = 8
global_blocks = 1
unet_width = 8
unet_widths = "1 2"
unet_attention_level = 1
diffusion_steps = 2
budget = { steps = 3 }

[tables]
groups = ["groups"]
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes to train on, one to hold out, one to score on."""
    root = tmp_path_factory.mktemp("comparison")
    for seed, name in enumerate(("train/one", "train/two", "train/held", "test/other")):
        path = root / f"{name}.tif"
        path.parent.mkdir(exist_ok=True)
        cube = (reflectance(48, 40, np.linspace(450, 2200, BANDS), seed) * 1e4).astype("uint16")
        profile = {"driver": "GTiff", "dtype": "uint16", "count": BANDS, "height": 48, "width": 40}
        with rasterio.open(path, "w", **profile, crs="EPSG:32633") as sink:
            sink.write(cube)
    return root


def write_config(data: Path, text: str = CONFIG) -> Path:
    path = data / f"config-{abs(hash(text))}.toml"
    path.write_text(text)
    return path


def call(config: Path, out: Path, *options: str) -> Result:
    arguments = ["benchmark", str(config), "--out", str(out), "--device", "cpu", "--threads", "1"]
    return CliRunner().invoke(cli, [*arguments, *options])


def made(out: Path) -> dict[str, int]:
    """Return when each file that takes work was made."""
    folders = ("models", "scores", "times")
    return {
        str(path.relative_to(out)): path.stat().st_mtime_ns
        for folder in folders
        for path in (out / folder).glob("*")
    }


# What a configuration says


def test_paths_are_relative_to_the_configuration(data):
    settings = read_settings(write_config(data))
    assert (settings.train, settings.test) == (data / "train", data / "test")


def test_a_model_that_is_there_is_scored_with_one_seed(data):
    jobs = [job.name for job in jobs_of(read_settings(write_config(data)))]
    assert jobs == ["bicubic-x2-seed0", "edsr-x2-seed0", "edsr-x2-seed1"]


def test_a_system_may_have_upscales_and_a_budget_of_its_own(data):
    text = CONFIG + "upscales = [4]\nbudget = { cpu_minutes = 1 }\n"
    entry = read_settings(write_config(data, text)).entry("edsr")
    assert entry.upscales == (4,)
    assert entry.own_schooling
    assert (entry.schooling.budget.steps, entry.schooling.budget.cpu_minutes) == (None, 1.0)
    assert (entry.schooling.batch, entry.schooling.patch) == (1, 8)
    assert entry.settings == {"width": 8, "blocks": 1}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seeds = [0, 1]", "seed = [0, 1]", r"unknown key seed; do you mean seeds\?"),
        ("steps = 2", "steps = 2.5", r"\[budget\]: steps = 2.5 is not a whole number"),
        ("steps = 2", "steps = true", "steps = True is not a whole number"),
        ("steps = 2", "steps = 0", "steps = 0 is below 1"),
        ("steps = 2", "steps = 2\ncpu_minutes = 1", "steps or cpu_minutes, not both"),
        ("steps = 2", "", "give steps or cpu_minutes"),
        ("[budget]\nsteps = 2\nbatch = 1\npatch = 8", "", "edsr is to be trained: give"),
        ("upscales = [2]", "upscales = [2, 5]", "upscales are of 2, 3 and 4"),
        ("upscales = [2]", "upscales = [2, 2]", "upscales names something twice"),
        ("upscales = [2]", "upscales = 2", "upscales = 2 is not a list"),
        ("seeds = [0, 1]", "seeds = [-1]", "seeds are one or more numbers from 0"),
        ("bands = 8", 'protocol = "dmgsr"', "protocol 'dmgsr' is not one of product, dmgasr"),
        ('train = "train"', 'train = "trian"', "trian does not exist"),
        ('train = "train"', "", "train is missing"),
        ('model = "bicubic"', 'model = "bicubic"\nwidth = 3', "unknown key width"),
        ('model = "bicubic"', 'model = "bicubic"\narchitecture = "edsr"', "not both"),
        ("[systems.edsr]", '[systems."ed/sr"]', "letters, digits"),
        ("[systems.edsr]", "[systems.Bicubic]", "differ in capital letters only"),
        ("blocks = 1", "blocks = { deep = 1 }", "no setting of a network"),
        ("blocks = 1", 'blocks = 1\n[tables]\ntimes = ["edrs"]', "there is no system 'edrs'"),
        ("blocks = 1", "blocks = 1\n[tables]\ntimes_at = [5]", "times_at are of 2, 3 and 4"),
        ("blocks = 1", "blocks = ", "not a TOML file"),
    ],
)
def test_a_wrong_configuration_is_told_by_file_and_key(data, old, new, told):
    assert old in CONFIG
    path = write_config(data, CONFIG.replace(old, new))
    with pytest.raises(OptionError, match=told) as caught:
        read_settings(path)
    assert str(path) in str(caught.value)
    assert "::" not in str(caught.value)


def test_a_setting_that_a_network_does_not_have_is_refused_before_any_work(data, tmp_path):
    config = write_config(data, CONFIG.replace("blocks = 1", "bloks = 1"))
    found = call(config, tmp_path / "out")
    assert found.exit_code == 1
    assert "[systems.edsr]: edsr has no setting bloks" in found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("group_overlap = 1", "group_overlap = 4", "group_overlap must be below group_size"),
        ('unet_widths = "1 2"', 'unet_widths = "1 a"', "unet_widths '1 a': give whole numbers"),
    ],
)
def test_settings_that_no_network_is_built_of_are_refused_before_any_work(
    data, tmp_path, old, new, told
):
    assert old in GROUPS
    config = write_config(data, CONFIG + GROUPS.replace(old, new))
    found = call(config, tmp_path / "out", "--dry-run")
    assert found.exit_code == 1
    assert f"{config}: [systems.groups]: " in found.stderr
    assert told in found.stderr


def test_an_unknown_model_is_told_by_file_and_system(data, tmp_path):
    config = write_config(data, CONFIG.replace('"bicubic"', '"bicubc"'))
    found = call(config, tmp_path / "out", "--dry-run")
    assert f"{config}: [systems.bicubic]: unknown model 'bicubc'" in found.stderr


def test_a_model_is_not_scored_at_what_it_was_not_made_for(done, data, tmp_path):
    model = done[0] / "models" / "edsr-x2-seed0.safetensors"
    text = CONFIG.replace('"bicubic"', f'"{model}"').replace("upscales = [2]", "upscales = [2, 3]")
    found = call(write_config(data, text), tmp_path / "out", "--dry-run")
    assert found.exit_code == 1
    assert f"{model} was not made for upscale 3: give upscales = [2]" in found.stderr


def test_the_comparison_in_the_repository_can_be_read(data, tmp_path):
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "comparison.toml"
    text = path.read_text().replace("../../shared/data/train", str(data / "train"))
    text = text.replace("../../shared/data/val", str(data / "test"))
    (tmp_path / "c.toml").write_text(text)
    settings = read_settings(tmp_path / "c.toml")
    plan = plan_benchmark(settings, Folder(tmp_path / "out"))
    assert {"edsr", "gdrrn", "sspsr", "mcnet", "cegatsr", "gelin", "dmgasr"} <= {
        planned.job.entry.label for planned in plan.jobs
    }


def test_scenes_to_train_on_are_not_scored(data, tmp_path):
    config = write_config(data, CONFIG.replace('test = "test"', 'test = "train/one.tif"'))
    found = call(config, tmp_path / "out", "--dry-run")
    assert found.exit_code == 1
    assert "train and test are the same scenes" in found.stderr


def test_a_scene_to_hold_out_that_is_not_there_ends_it_at_once(data, tmp_path):
    config = write_config(data, CONFIG.replace('"held"', '"hold"'))
    found = call(config, tmp_path / "out")
    told = "no scene to train on is called hold; there are held, one, two"
    assert f"{config}: [data]: held_out: {told}" in found.stderr
    assert made(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("shape", "told"),
    [((6, 48, 40), "6 usable bands, where 8 are asked for"), ((12, 9, 9), "9 x 9 rows")],
)
def test_scenes_that_cannot_be_scored_end_it_before_any_training(data, tmp_path, shape, told):
    bands, height, width = shape
    profile = {"driver": "GTiff", "dtype": "uint16", "count": bands, "height": height}
    with rasterio.open(tmp_path / "bad.tif", "w", **profile, width=width) as sink:
        sink.write(np.arange(np.prod(shape), dtype="uint16").reshape(shape))
    test = f'test = "{tmp_path / "bad.tif"}"'
    found = call(write_config(data, CONFIG.replace('test = "test"', test)), tmp_path / "out")
    assert found.exit_code == 1
    assert f"bad.tif: {told}" in found.stderr
    assert made(tmp_path / "out") == {}


# What is planned


def test_a_dry_run_tells_budgets_and_writes_nothing(data, tmp_path):
    found = call(write_config(data), tmp_path / "out", "--dry-run", "--progress", "json")
    plan = json.loads(found.stdout)
    assert (plan["to_train"], plan["steps"], plan["cpu_minutes"]) == (2, 4, 0)
    assert [job["name"] for job in plan["jobs"]][:2] == ["bicubic-x2-seed0", "edsr-x2-seed0"]
    assert not (tmp_path / "out").exists()


def test_a_selection_leaves_the_others_out(data, tmp_path):
    settings = read_settings(write_config(data))
    selection = Selection(labels=("edsr",), seeds=(1,))
    plan = plan_benchmark(settings, Folder(tmp_path), selection)
    assert [planned.job.name for planned in plan.jobs] == ["edsr-x2-seed1"]
    with pytest.raises(OptionError, match="no system 'esdr'; there are bicubic, edsr"):
        plan_benchmark(settings, Folder(tmp_path), Selection(labels=("esdr",)))
    with pytest.raises(OptionError, match="no system at that upscale"):
        plan_benchmark(settings, Folder(tmp_path), Selection(upscales=(3,)))


def test_parts_of_a_scene_are_held_out_with_it():
    cube = np.zeros((1, 1, 1), np.float32)
    names = ("a, part 1", "a, part 2", "ab")
    cubes = [NamedCube(name, cube) for name in names]
    used, held = divided(cubes, ["a"])
    assert ([c.name for c in used], [c.name for c in held]) == (["ab"], list(names[:2]))
    with pytest.raises(OptionError, match="no scene to train on is called b; there are a, part 1"):
        divided(cubes, ["b"])
    with pytest.raises(OptionError, match="leaves no scene"):
        divided(cubes, ["a", "ab"])


# What is done


@pytest.fixture(scope="module")
def done(data, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A comparison that was made."""
    out = tmp_path_factory.mktemp("made") / "out"
    config = write_config(data, CONFIG + '\n[tables]\ntimes = ["edsr"]\n')
    return out, call(config, out)


def rows_of(out: Path, name: str) -> dict[str, dict[str, str]]:
    with (out / "tables" / f"{name}.csv").open() as file:
        return {row["label"]: row for row in csv.DictReader(file)}


def test_systems_are_trained_scored_timed_and_drawn(done):
    out, found = done
    assert found.exit_code == 0, found.stderr
    assert set(made(out)) == {
        *(f"models/edsr-x2-seed{n}.{end}" for n in (0, 1) for end in ("json", "safetensors")),
        *(f"scores/edsr-x2-seed{n}.json" for n in (0, 1)),
        *(f"times/edsr-x2-seed{n}.json" for n in (0, 1)),
        "scores/bicubic-x2-seed0.json",
    }
    for ending in ("csv", "md", "tex"):
        assert (out / "tables" / f"comparison.{ending}").is_file()
    assert (out / "figures" / "overview.png").stat().st_size > 1000
    assert f"wrote {out / 'tables'}: comparison, all-bands, times" in found.stderr


def test_tables_are_means_over_scenes_and_seeds(done):
    out, _ = done
    seeds = []
    for seed in (0, 1):
        content = json.loads((out / "scores" / f"edsr-x2-seed{seed}.json").read_text())
        seeds.append(np.mean([row["mpsnr"] for row in content["rows"] if row["bands"] == "8"]))
    row = rows_of(out, "comparison")["edsr"]
    assert float(row["MPSNR"]) == pytest.approx(np.mean(seeds))
    assert float(row["MPSNR sd"]) == pytest.approx(np.std(seeds, ddof=1))
    assert seeds[0] != seeds[1]
    assert rows_of(out, "comparison")["bicubic"]["MPSNR sd"] == ""


def test_only_systems_that_take_any_bands_are_compared_on_all(done):
    assert set(rows_of(done[0], "all-bands")) == {"bicubic"}


def test_the_table_of_systems_tells_parameters_and_steps(done):
    row = rows_of(done[0], "systems")["edsr"]
    assert row["steps"] == "2"
    assert int(row["parameters"].replace(" ", "")) > 1000


def test_scores_of_each_scene_are_kept(done):
    with (done[0] / "tables" / "scenes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["label"], row["seed"], row["bands"]) for row in rows} == {
        ("bicubic", "0", "8"),
        ("bicubic", "0", "all"),
        ("edsr", "0", "8"),
        ("edsr", "1", "8"),
    }
    assert {row["scene"] for row in rows} == {"other"}


def test_what_is_there_is_not_made_again(done, data):
    out, _ = done
    before = made(out)
    found = call(write_config(data, CONFIG + '\n[tables]\ntimes = ["edsr"]\n'), out)
    assert "3 jobs, 0 to train, 0 to score" in found.stderr
    assert made(out) == before


@pytest.mark.parametrize(("times_at", "timed"), [("", {2, 3}), ("times_at = [3]", {3})])
def test_systems_are_timed_at_the_upscales_that_are_named(data, times_at, timed):
    wider = CONFIG.replace("upscales = [2]", "upscales = [2, 3]")
    chosen = read_settings(
        write_config(data, f'{wider}\n[tables]\ntimes = ["edsr"]\n{times_at}\n')
    ).chosen
    assert {upscale for upscale in (2, 3) if chosen.is_timed("edsr", upscale)} == timed
    assert not chosen.is_timed("bicubic", 3)


def test_a_system_may_be_left_out_of_the_scores_on_all_bands(data, tmp_path):
    out = tmp_path / "out"
    lean = CONFIG.replace('model = "bicubic"', 'model = "bicubic"\nall_bands = false')
    only = ("--only", "bicubic", "--no-figures")
    assert call(write_config(data, lean), out, *only).exit_code == 0
    assert {row["bands"] for row in scores_of(out, "bicubic-x2-seed0")} == {"8"}
    found = call(write_config(data), out, *only)
    assert "scored on all bands" in found.stderr
    assert {row["bands"] for row in scores_of(out, "bicubic-x2-seed0")} == {"8", "all"}


def scores_of(out, name):
    return json.loads((out / "scores" / f"{name}.json").read_text())["rows"]


def test_other_settings_are_refused_then_trained_anew(data, tmp_path):
    out = tmp_path / "out"
    assert call(write_config(data), out, "--no-figures").exit_code == 0
    before = made(out)
    longer = write_config(data, CONFIG + "budget = { steps = 3 }\n")
    refused = call(longer, out, "--no-figures")
    assert refused.exit_code == 1
    assert "budget was 2 steps, is 3 steps" in refused.stderr
    assert made(out) == before
    assert call(longer, out, "--no-figures", "--seed", "0", "--overwrite").exit_code == 0
    changed = {name for name, when in made(out).items() if when != before[name]}
    assert changed == {
        "models/edsr-x2-seed0.json",
        "models/edsr-x2-seed0.safetensors",
        "scores/edsr-x2-seed0.json",
    }
    notes = (out / "tables" / "comparison.md").read_text()
    assert "† EDSR: trained by 3 steps (batch 1, patch 8, published learning rate)" in notes
    assert "EDSR ×2, seed 1: trained otherwise: budget was 2 steps, is 3 steps" in notes


def test_scores_follow_the_scenes(data, tmp_path):
    text = CONFIG.replace("seeds = [0, 1]", "seeds = [0]").replace('"test"', '"moved"')
    (data / "moved").mkdir()
    scene = data / "moved" / "other.tif"
    scene.write_bytes((data / "test" / "other.tif").read_bytes())
    config, out = write_config(data, text), tmp_path / "out"
    call(config, out, "--only", "bicubic", "--no-figures")
    with rasterio.open(scene, "r+") as dataset:
        dataset.write(dataset.read() + 1)
    found = call(config, out, "--only", "bicubic", "--no-figures")
    assert "scores are made again: test files are not those they were" in found.stderr


def test_a_failure_leaves_the_others_alone_and_is_told(data, tmp_path, monkeypatch):
    score = make.score

    def failing(model, **options):
        if "seed0" in str(model):
            raise MemoryError("too large")
        return score(model, **options)

    monkeypatch.setattr(make, "score", failing)
    config, out = write_config(data), tmp_path / "out"
    found = call(config, out, "--no-figures")
    assert found.exit_code == 1
    assert "1 of 3 jobs failed: edsr-x2-seed0: MemoryError: too large" in found.stderr
    assert rows_of(out, "comparison")["edsr"]["MPSNR"]  # of the other seed
    notes = (out / "tables" / "comparison.md").read_text()
    assert "EDSR ×2, seed 0: failed: MemoryError: too large." in notes
    monkeypatch.undo()
    before = made(out)
    assert call(config, out, "--no-figures").exit_code == 0
    assert {name for name in made(out) if name not in before} == {"scores/edsr-x2-seed0.json"}
    assert "failed" not in (out / "tables" / "comparison.md").read_text()


def test_one_cause_of_many_failures_is_told_once(data, tmp_path, monkeypatch):
    def failing(model, **options):
        raise MemoryError("too large")

    monkeypatch.setattr(make, "score", failing)
    found = call(write_config(data), tmp_path / "out", "--only", "edsr", "--no-figures")
    told = "2 of 2 jobs failed: edsr-x2-seed0, edsr-x2-seed1: MemoryError: too large\n"
    assert found.stderr.endswith(told)


def test_a_dry_run_of_tables_is_wrong_usage(data, tmp_path):
    found = call(write_config(data), tmp_path / "out", "--dry-run", "--tables-only")
    assert found.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_system_without_scores_has_dashes(data, tmp_path):
    out = tmp_path / "out"
    assert call(write_config(data), out, "--only", "bicubic", "--no-figures").exit_code == 0
    text = (out / "tables" / "comparison.md").read_text()
    assert "| EDSR | – | – | – | – | – | – |" in text
    assert "EDSR ×2, seed 0; EDSR ×2, seed 1: not scored yet." in text


def test_an_upscale_without_scores_is_left_out_of_the_table(data, tmp_path):
    config = write_config(data, CONFIG.replace("upscales = [2]", "upscales = [2, 3]"))
    call(config, tmp_path / "out", "--only", "bicubic", "--upscale", "3", "--no-figures")
    text = (tmp_path / "out" / "tables" / "comparison.md").read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["×3"]


def test_a_canceled_training_leaves_no_model_and_is_gone_on_with(data, tmp_path, monkeypatch):
    purposes = []

    def canceled(run, train, held, out, log):
        purposes.append((run, [cube.name for cube in train], [cube.name for cube in held]))
        if len(purposes) == 1:
            raise Canceled("canceled by SIGINT")
        raise ModelError("far enough")

    monkeypatch.setattr(make, "trainer", lambda: canceled)
    config, out = write_config(data), tmp_path / "out"
    found = call(config, out, "--seed", "0")
    assert (found.exit_code, "canceled by SIGINT" in found.stderr) == (1, True)
    assert [name for name in made(out) if name.endswith("safetensors")] == []
    assert not (out / "scores" / "edsr-x2-seed0.json").exists()
    assert not list((out / "failures").iterdir())
    assert rows_of(out, "comparison")  # of what was scored before it
    call(config, out, "--seed", "0", "--only", "edsr")
    assert purposes[0] == purposes[1]  # the same training: what is kept beside the model is its
    assert purposes[0][1:] == (["one", "two"], ["held"])


def test_a_job_of_another_process_is_left_to_it(data, tmp_path):
    config, out = write_config(data), tmp_path / "out"
    folder = Folder(out)
    folder.make()
    with (out / "locks" / "bicubic-x2-seed0").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = call(config, out, "--only", "bicubic", "--no-figures")
    assert found.exit_code == 0
    assert "bicubic-x2-seed0: another process is at it" in found.stderr
    assert made(out) == {}


def test_tables_only_makes_nothing_else(done, data, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    shutil.rmtree(out / "tables")
    before = set(made(out))
    found = call(write_config(data), out, "--tables-only", "--no-figures", "--progress", "json")
    assert found.exit_code == 0, found.stderr
    assert set(made(out)) == before
    files = json.loads(found.stdout.splitlines()[-1])["files"]
    assert str(out / "tables" / "comparison.csv") in files
    assert (out / "tables" / "comparison.csv").is_file()


def test_tables_of_nothing_are_refused_and_nothing_is_made(data, tmp_path):
    mistyped = tmp_path / "typo"
    found = call(write_config(data), mistyped, "--tables-only")
    assert found.exit_code == 1
    assert f"{mistyped}: no folder there that" in found.stderr
    assert not mistyped.exists()
    found = call(write_config(data), tmp_path, "--tables-only")
    assert f"{tmp_path}: nothing there that" in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_of_something_is_told_in_the_singular(data, tmp_path):
    single = CONFIG.replace("steps = 2", "steps = 1").replace("seeds = [0, 1]", "seeds = [0]")
    config, out = write_config(data, single), tmp_path / "out"
    told = call(config, out, "--only", "edsr", "--dry-run").stderr
    assert "train for 1 step, score" in told
    assert "1 job, 1 to train, 1 to score, 1 step of training" in told
    done = call(config, out, "--only", "edsr", "--no-figures")
    assert "mean over 1 scene." in (out / "tables" / "comparison.md").read_text()
    facts = read_record(out / "models" / "edsr-x2-seed0.json").facts
    assert facts["budget"] == "1 steps", done.stderr  # as folders of old have it


def test_a_trained_model_says_which_bands_it_was_trained_on(done):
    model = done[0] / "models" / "edsr-x2-seed0.safetensors"
    shown = CliRunner().invoke(cli, ["models", "show", str(model)]).output
    rule = "8 bands picked evenly of each scene's m good ones, by wavelength"
    assert (
        f"bands_from: {rule}: of these the numbers 1 + round(i (m - 1) / 7), i = 0 ... 7" in shown
    )


@pytest.fixture
def small_when_timed(monkeypatch):
    """A diffusion model takes half a minute for what is timed else."""
    monkeypatch.setattr(make, "SIDE", 16)


@pytest.mark.usefixtures("small_when_timed")
def test_groups_have_their_autoencoders_measured(data, tmp_path):
    config, out = write_config(data, CONFIG + GROUPS), tmp_path / "out"
    found = call(config, out, "--only", "groups")
    assert found.exit_code == 0, found.stderr
    told = json.loads((out / "reconstructions" / "groups-x2-seed0.json").read_text())
    assert (told["group"], told["overlap"]) == (4, 1)
    assert 0 < told["psnr"] < 60
    assert (out / "figures" / "groups-x2.png").is_file()
    with (out / "tables" / "groups.csv").open() as file:
        header = next(csv.reader(file))
    assert header[3:] == ["MPSNR", "MSSIM", "ERGAS"]


def autoencoder_file(path, bands=8):
    """Write an autoencoder that the system `groups` can start from, with random weights."""
    sizes = ("group_size", "group_overlap", "width", "blocks", "global_width", "global_blocks")
    settings = dict(zip(sizes, (4, 1, 8, 1, 8, 1), strict=True))
    config = SystemConfig("gae", "1", (2,), "gae", bands, settings)
    save_system(path, build(config), config, {})
    return path


@pytest.mark.usefixtures("small_when_timed")
def test_a_system_starts_from_the_weights_of_a_file(data, tmp_path):
    start = autoencoder_file(data / "gae.safetensors")  # beside the configuration
    more = 'diffusion_steps = 2\nautoencoder_share = 0\nstart = "gae.safetensors"'
    config, out = write_config(data, CONFIG + GROUPS.replace("diffusion_steps = 2", more)), tmp_path
    found = call(config, out, "--only", "groups", "--no-figures")
    assert found.exit_code == 0, found.stderr
    trained = load_file(out / "models" / "groups-x2-seed0.safetensors")
    assert all(torch.equal(trained[name], value) for name, value in load_file(start).items())
    facts = read_record(out / "models" / "groups-x2-seed0.json").facts
    assert facts["start weights"] == sha256_of(start)
    assert "start gae.safetensors" in (out / "tables" / "systems.md").read_text()
    start.unlink()
    told = call(config, out, "--tables-only", "--no-figures")
    assert told.exit_code == 0, told.stderr
    assert "start weights are not those" in (out / "tables" / "groups.md").read_text()


def test_without_a_start_the_facts_are_what_they_were(done):
    facts = read_record(done[0] / "models" / "edsr-x2-seed0.json").facts
    assert not [name for name in facts if "start" in name]


@pytest.mark.parametrize(
    ("system", "start", "told"),
    [
        ("groups", "none.safetensors", "cannot read model file .*none.safetensors"),
        ("groups", "other.safetensors", "it is for 9 bands, the system that is to start from it"),
        ("edsr", "other.safetensors", "it is for 9 bands"),
        ("hsisr", "other.safetensors", "hsisr takes no start"),
        ("bicubic", "other.safetensors", "unknown key start"),
    ],
)
def test_what_cannot_be_started_from_is_refused_before_any_work(
    data, tmp_path, system, start, told
):
    autoencoder_file(data / "other.safetensors", bands=9)
    text = f"{CONFIG}\n[systems.hsisr]\n{GROUPS}"
    line = f'[systems.{system}]\nstart = "{start}"'
    config = write_config(data, text.replace(f"[systems.{system}]", line))
    found = call(config, tmp_path / "out", "--dry-run")
    assert found.exit_code == 1
    assert re.search(rf"\[systems\.{system}\].*{told}", found.stderr)


@pytest.mark.parametrize(("good", "count"), [(89, 60), (60, 60), (224, 60), (7, 2)])
def test_the_rule_that_is_told_is_the_one_that_picks(good, count):
    told = [1 + round(i * (good - 1) / (count - 1)) for i in range(count)]
    assert [band + 1 for band in pick_evenly(range(good), count)] == told
    assert f"numbers 1 + round(i (m - 1) / {count - 1}), i = 0" in picking_rule(count)


# Records


def test_a_torn_record_is_none(tmp_path):
    path = tmp_path / "a" / "record.json"
    write_record(path, {"seed": "0"}, {"value": float("nan"), "best": float("inf")})
    assert read_record(path).content == {"value": None, "best": None}
    assert [p.name for p in path.parent.iterdir()] == ["record.json"]
    path.write_text(path.read_text()[:20])
    assert read_record(path) is None
    assert read_record(tmp_path / "none.json") is None


def test_what_is_drafted_appears_when_it_is_whole_or_never(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with drafted(path) as one, drafted(path) as other:  # two processes, say
        one.write_text("one")
        other.write_text("other")
        assert not path.exists()
    assert path.read_text() == "one"  # whose block ended last

    def fail():
        with drafted(path) as draft:
            draft.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [p.name for p in path.parent.iterdir()] == ["table.csv"]
    assert path.read_text() == "one"


def test_a_lock_that_cannot_be_written_is_told(tmp_path):
    said = pytest.raises(OutputError, match=r"locks.edsr-x2-seed0: cannot be written")
    with said, Folder(tmp_path).locked("edsr-x2-seed0"):
        pass


def test_a_difference_is_told_in_words():
    assert difference({"seed": "0"}, {"seed": "0"}) == ""
    told = difference({"seed": "0", "batch": "1"}, {"seed": "1"})
    assert told == "seed was 0, is 1; batch was 1, is none"


# Tables


COLUMNS = (Column("MPSNR", 2, 1), Column("SAM", 1, -1), Column("note"))


def table(*rows: tuple[float | None, float | None]) -> Table:
    cells = [(TableCell(a), TableCell(b), TableCell(words="50 % of_it & more")) for a, b in rows]
    made = ranked(COLUMNS, [Row(f"r{n}", f"R_{n}", c) for n, c in enumerate(cells)])
    return Table("quality", "Quality #1", COLUMNS, (Section("×2", made),), ("a < b ± 1",))


def test_best_and_second_are_marked_by_what_is_read():
    made = table((30.001, 5.0), (30.004, 4.0), (29.0, 4.5), (28.0, None), (None, 9.0))
    ranks = [[cell.rank for cell in row.cells] for row in made.sections[0].rows]
    assert ranks == [[1, 0, 0], [1, 1, 0], [2, 2, 0], [0, 0, 0], [0, 0, 0]]


def test_cells_summarise_seeds():
    assert TableCell.over([1.0, 3.0, None]) == TableCell(2.0, pytest.approx(2**0.5))
    assert TableCell.over([2.0]).text(1) == "2.0"
    assert TableCell.over([None]).text(1) == "–"
    assert TableCell(2.0, 0.25).text(2) == "2.00 ± 0.25"


def test_small_times_keep_two_digits_and_large_ones_all():
    column = Column("64 px", 3, -1, significant=2)
    values = (0.00012345, 0.0451, 1.26, 123.4)
    assert [TableCell(v).text(column.places(v)) for v in values] == [
        "0.00012",
        "0.045",
        "1.3",
        "123",
    ]
    assert TableCell().text(column.places(None)) == "–"
    rows = [Row(str(v), "", (TableCell(v),)) for v in (0.00012, 0.000124, 0.0002)]
    assert [row.cells[0].rank for row in ranked((column,), rows)] == [1, 1, 2]


def test_negative_numbers_have_a_minus():
    assert TableCell(-0.25, 0.5).text(2) == "−0.25 ± 0.50"
    made = table((-1.5, 5.0))
    assert "**−1.50**" in to_markdown(made)
    assert r"\textbf{$-$1.50}" in to_latex(made)
    assert ",-1.5," in to_csv(made)  # numbers for programs


def test_long_words_wrap_in_latex():
    columns = (Column("steps"), Column("settings", wraps=True))
    row = Row("a", "A", (TableCell(words="2"), TableCell(words="width 8, " * 30)))
    text = to_latex(Table("systems", "Systems", columns, (Section("×2", (row,)),)))
    assert r"{lr>{\raggedright\arraybackslash}p{0.25\linewidth}}" in text
    assert r"% needs \usepackage{array,booktabs}" in text
    assert r"% needs \usepackage{booktabs}" in to_latex(table((30.0, 5.0)))


def test_a_table_wider_than_a_page_is_shrunk_in_latex():
    columns = tuple(Column(f"c{n}") for n in range(7))
    row = Row("a", "A", tuple(TableCell(1.0) for _ in columns))
    text = to_latex(Table("wide", "Wide", columns, (Section("×2", (row,)),)))
    assert r"\usepackage{booktabs,graphicx}" in text
    assert r"\resizebox{\linewidth}{!}{%" in text
    assert text.count("{") == text.count("}")


def test_markdown_marks_and_escapes():
    text = to_markdown(table((30.0, 5.0), (29.0, 4.0)))
    assert "| R\\_0 | **30.00** | <u>5.0</u> | 50 % of\\_it & more |" in text
    assert "|  | MPSNR ↑ | SAM ↓ | note |" in text
    assert "a &lt; b ± 1" in text


def test_csv_has_every_digit():
    lines = list(csv.reader(to_csv(table((30.123456789, None))).splitlines()))
    assert lines[1] == ["2", "r0", "R_0", "30.123456789", "", "50 % of_it & more"]


def test_latex_is_balanced_and_escaped():
    text = to_latex(table((30.0, 5.0), (29.0, None)))
    assert r"R\_0 & \textbf{30.00} & \textbf{5.0} & 50 \% of\_it \& more \\" in text
    assert r"\caption{Quality \#1}" in text
    assert r"a \textless{} b $\pm$ 1" in text
    bare = re.sub(r"\\[\\{}&%#_$]", "", re.sub(r"(?m)^%.*$", "", text))
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search(r"[%#_<>]|[^\x00-\x7f]", bare)
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    cells = [len(re.findall(r"(?<!\\)&", line)) for line in body.splitlines() if "&" in line]
    assert cells == [3, 3, 3]
    opened, closed = (re.findall(rf"\\{word}{{(\w+)}}", text) for word in ("begin", "end"))
    assert opened == closed[::-1]


def test_published_numbers_stand_beside_their_own_protocol_only(data):
    settings = read_settings(write_config(data))
    assert published_tables(settings) == []
    quality, ablation = published_tables(replace(settings, protocol="dmgasr", upscales=(4,)))
    assert [section.title for section in quality.sections] == [
        "PaviaC, ×4",
        "Chikusei, ×4",
        "Harvard, ×4",
    ]
    ours = quality.sections[0].rows[-1]
    assert [cell.mean for cell in ours.cells] == [27.928, 0.785, 0.880, 0.0423, 7.406, 6.428]
    assert [cell.rank for cell in ours.cells] == [1, 1, 1, 1, 0, 1]
    assert len(ablation.sections[0].rows) == 5
