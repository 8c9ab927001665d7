"""A scene is known by its pixels, wherever they lie: what is tested on was not trained on."""

import numpy as np
import pytest
import scipy.io
from attacks.test_trainings import options_of, train
from commands import write
from scenes import reflectance

from hsisr_geo.benchmark.data.protocols import check_apart, find_protocol
from hsisr_geo.cube.likeness import SHARED, pixels_of, shared
from hsisr_geo.errors import ModelError, OptionError

WAVELENGTHS = np.linspace(450, 2200, 12)


def cube_of(seed, rows=104, cols=96):
    return (reflectance(rows, cols, WAVELENGTHS, seed) * 1e4).astype(np.uint16)


SCENE = cube_of(0)


def as_mat(path, cube):
    scipy.io.savemat(path.with_suffix(".mat"), {"cube": cube.transpose(1, 2, 0)})


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A folder to train on, and one with another scene to test on."""
    root = tmp_path_factory.mktemp("apart")
    for name, cube in (("train/a", SCENE), ("train/b", cube_of(1)), ("test/c", cube_of(2))):
        (root / name).parent.mkdir(exist_ok=True)
        write(root / f"{name}.tif", cube)
    return root / "train", root / "test"


@pytest.mark.parametrize(
    "copy",
    [
        lambda path: as_mat(path, SCENE),
        lambda path: as_mat(path, SCENE[:, 10:80, 90:7:-1]),
        lambda path: write(path, np.ascontiguousarray(SCENE[:, 3:70, 5:])),
        lambda path: write(path, np.ascontiguousarray(np.rot90(SCENE, 1, (1, 2)))),
        lambda path: write(path, (SCENE / 1e4).astype(np.float32)),
        lambda path: write(path, SCENE + 100),
        lambda path: write(path, np.pad(SCENE, ((0, 0), (60, 0), (0, 40)), "wrap")),
    ],
)
def test_a_part_of_a_training_scene_is_not_scored(apart, copy):
    train, test = apart
    check_apart(find_protocol("sspsr"), train, test)
    copy(test / "x.tif")
    try:
        with pytest.raises(
            OptionError, match=r"x\.\w+, .* shares \d+% of its pixels with .*a\.tif"
        ):
            check_apart(find_protocol("sspsr"), train, test)
    finally:
        for path in test.glob("x.*"):
            path.unlink()


def test_scenes_have_pixels_of_their_own():
    """Of the same materials: none that are seen twice; and half a scene is half of it."""
    one, other = pixels_of(cube_of(0)), pixels_of(cube_of(1))
    assert shared(one, other) < 0.01
    half = pixels_of(np.concatenate([SCENE[:, :52], cube_of(1)[:, 52:]], axis=1))
    assert shared(half, one) == pytest.approx(0.5, abs=0.02)
    assert pixels_of(SCENE[:4]).size == 0
    assert pixels_of(np.full((12, 9, 9), 7.0, np.float32)).size == 0
    assert pixels_of(np.full((12, 9, 9), np.nan, np.float32)).size == 0


def test_two_parts_of_one_water_are_two_scenes():
    """Spectra that differ by a fiftieth of their contrast; a copy in another type is the same."""
    rng = np.random.default_rng(0)
    water = 500 + 2000 * np.exp(-np.arange(64) / 12)
    noise = rng.normal(0, 0.02 * water.std(), (64, 100, 100))
    cube = (water[:, None, None] + noise).astype(np.float32)
    one, other = pixels_of(cube[:, :50]), pixels_of(cube[:, 50:])
    assert shared(one, other) < SHARED
    assert shared(one, pixels_of(cube[:, :50] / np.float32(1e4))) > 0.95


def test_a_part_of_a_training_scene_is_not_held_out(tmp_path):
    write(tmp_path / "a.tif", SCENE)
    write(tmp_path / "b.tif", np.ascontiguousarray(SCENE[:, 70:10:-1, 20:90]))
    with pytest.raises(ModelError, match="b is held out, and shares 100% of its pixels with a"):
        train(options_of(tmp_path, tmp_path / "m.safetensors"))
