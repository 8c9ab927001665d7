"""A comparison goes on with what it was of: nothing else, and whatever is harmless."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from attacks.test_trainings import scene_of

from hsisr_geo.benchmark.comparison.plan import plan_benchmark
from hsisr_geo.benchmark.configuration import read_settings
from hsisr_geo.benchmark.facts import Deciding
from hsisr_geo.benchmark.folder import Folder
from hsisr_geo.benchmark.records import write_record
from hsisr_geo.benchmark.systems.training.judge import purpose_of
from hsisr_geo.benchmark.systems.training_run import Budget, NamedCube, TrainingRun
from hsisr_geo.errors import OutputError
from hsisr_geo.model.training.progress_file import progress_path

CONFIG = """
upscales = [2]
[data]
train = "train"
test = "test"
held_out = ["a", "b"]
[budget]
steps = 2
[systems.edsr]
width = 8
blocks = 1
"""
NODATA = "<PAMDataset><PAMRasterBand band='1'>{}</PAMRasterBand></PAMDataset>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A comparison of scenes of several files, whose training was begun and stopped."""
    root = tmp_path_factory.mktemp("comparison")
    for name in ("train", "test", "far"):
        (root / name).mkdir()
    for seed, name in enumerate(("train/a", "train/b", "train/c", "test/d", "far/e")):
        scene_of(root / f"{name}.tif", seed)
    rasterio.shutil.copy(root / "train" / "c.tif", root / "train" / "envi.img", driver="ENVI")
    rasterio.shutil.copy(root / "far" / "e.tif", root / "train" / "v.vrt", driver="VRT")
    edited(f'relativeToVRT="0">{root}', 'relativeToVRT="1">..', "train/v.vrt")(root)
    (root / "c.toml").write_text(CONFIG)
    settings, folder = read_settings(root / "c.toml"), Folder(root / "out")
    folder.make()
    (planned,) = plan_benchmark(settings, folder).jobs
    facts = Deciding(settings).of_training(planned.job)
    write_record(folder.training(planned.job.name), facts, {})
    folder.progress(planned.job.name).touch()
    return root


@pytest.fixture
def root(made, tmp_path):
    """The same, moved."""
    return shutil.copytree(made, tmp_path / "moved")


def said_of(root):
    """What speaks against going on: "" where nothing does."""
    folder = Folder(root / "out")
    plan = plan_benchmark(read_settings(root / "c.toml"), folder)
    try:
        plan.check_overwrites(folder.root, overwrite=False)
    except OutputError as error:
        return str(error)
    return ""


def edited(old, new, file="c.toml"):
    return lambda root: (root / file).write_text((root / file).read_text().replace(old, new))


def noted(said):
    return lambda root: (root / "train" / "a.tif.aux.xml").write_text(NODATA.format(said))


def _turn_the_source(root):
    with rasterio.open(root / "far" / "e.tif", "r+") as dataset:
        dataset.write(dataset.read()[:, ::-1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edited("width = 8", "width = 9"), "setting width was 8, is 9"),
        (edited('"a", "b"', '"a"'), "held out was a, b, is a"),
        (edited("byte order = 0", "byte order = 1", "train/envi.hdr"), "training files are not"),
        (_turn_the_source, "training files are not"),
        (noted("<NoDataValue>7</NoDataValue>"), "training files are not"),
    ],
)
def test_what_was_learned_from_something_else_is_not_thrown_away(root, change, said):
    """Nor gone on with: a training that was begun is refused as a finished one is."""
    change(root)
    assert said in said_of(root)


@pytest.mark.parametrize(
    "change",
    [
        edited("width = 8\nblocks = 1", "# smaller\nblocks = 1\nwidth = 8"),
        edited('"a", "b"', '"b", "a"'),
        edited("[data]", 'title = "Other"\n[data]'),
        noted("<Metadata><MDI key='STATISTICS_MEAN'>7</MDI></Metadata>"),
        lambda root: (root / "train" / "README.txt").write_text("of a field campaign"),
    ],
)
def test_what_changes_no_weights_is_let_through(root, change):
    change(root)
    assert said_of(root) == ""


def test_progress_is_of_scenes_and_weights_not_of_places(tmp_path):
    """Scenes that are turned have the sum of their pixels in common, and nothing else."""
    assert Folder(tmp_path).progress("a-x2") == progress_path(Folder(tmp_path).model("a-x2"))
    cube = np.random.default_rng(0).random((3, 8, 8), np.float32)
    start = tmp_path / "start.safetensors"
    start.write_bytes(b"weights")
    run = TrainingRun("edsr", "edsr", 2, 3, Budget(2), start=start)
    kept = purpose_of(run, [NamedCube("a", cube)], [])
    assert purpose_of(run, [NamedCube("a", cube[:, ::-1])], []) != kept
    moved = replace(run, start=start.rename(tmp_path / "other.safetensors"), device="cpu")
    assert purpose_of(moved, [NamedCube("a", cube)], []) == kept
    moved.start.write_bytes(b"others")
    assert purpose_of(moved, [NamedCube("a", cube)], []) != kept
