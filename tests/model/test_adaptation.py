"""Adapting to a scene: what is learned from, what is held out, and when there is a result."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from click.testing import CliRunner
from hsisr_geo.cli.main import cli
from safetensors.torch import load_file

from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.resampling import decimate, upsample
from hsisr_geo.errors import AdaptationRefused, Canceled, RasterError
from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.adaptation.adapt import adapt, learn
from hsisr_geo.model.adaptation.block_placement import Detail, place_block
from hsisr_geo.model.adaptation.check import BlockCheck
from hsisr_geo.model.adaptation.coarser_scene import CoarserScene
from hsisr_geo.model.adaptation.data import SceneLesson
from hsisr_geo.model.adaptation.steps import AdaptationOptions
from hsisr_geo.model.adaptation.trial import HeldOutGain, TrialErrors
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.model.network import Network
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL, find_model
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_header, sha256_of

BANDS = 20


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are faster so, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def ground(side: int, seed: int = 0) -> np.ndarray:
    """Fields of many sizes with sharp borders, three materials (band, side, side), about 1000."""
    rng = np.random.default_rng(seed)
    cover = np.zeros((3, side, side))
    for _ in range(side * side // 64):
        row, col, (height, width) = *rng.integers(-8, side, 2), rng.integers(8, 33, 2)
        area = (slice(None), slice(max(row, 0), row + height), slice(max(col, 0), col + width))
        cover[area] = 0.2 + rng.random(3)[:, None, None]
    spectra = np.stack([np.linspace(1, 3, BANDS), np.sin(np.linspace(0, 3, BANDS)), np.ones(BANDS)])
    return (1000 * np.tensordot(spectra.T, cover, axes=1)).astype(np.float32)


def write(path: Path, cube: np.ndarray, bad: tuple[int, ...] = ()) -> Path:
    """Write a GeoTIFF of unsigned 16-bit numbers; NaN becomes nodata 65535, `bad` is from 1."""
    profile = {"count": len(cube), "height": cube.shape[1], "width": cube.shape[2]}
    profile |= {"driver": "GTiff", "dtype": "uint16", "nodata": 65535}
    stored = np.where(np.isnan(cube), 65535, cube.round().clip(0, 65534)).astype("uint16")
    with rasterio.open(path, "w", **profile) as sink:
        sink.write(stored)
        for band in range(1, len(cube) + 1):
            sink.update_tags(band, bbl=int(band not in bad))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped autoencoder with a small denoiser that knows nothing: it answers zero."""
    torch.manual_seed(0)
    shipped, header = load_network(find_model(DEFAULT_MODEL))
    config = replace(
        header.config,
        name="tiny",
        version="7",
        upscales=(2, 3),
        components=3,
        denoiser_width=16,
        denoiser_blocks=1,
        denoiser_fine_width=8,
        sigma_y=(0.8, 1.1),
        shrinkage=(1.0, 0.9),
        shading=(2.0, 1.5),
        colour=(0.5, 0.6),
        spread=(1.8, 2.0),
    )
    network = Network(config)
    network.autoencoder = shipped.autoencoder
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_network(path, network, config, {"licence": "none", "steps": 1})
    return path


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return ground(192)


@pytest.fixture(scope="module")
def scene(truth: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's scene: 96 x 96 pixels, whose finer truth we happen to know."""
    return write(tmp_path_factory.mktemp("scene") / "site.tif", decimate(truth, 2))


def options(scene: Path, model: Path, **changes: object) -> AdaptationOptions:
    standard = AdaptationOptions(
        scene, model, upscale=2, steps=150, check_every=50, learning_rate=3e-3, device="cpu"
    )
    return replace(standard, **changes)  # type: ignore[arg-type]


def quietly(_: object) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def adapted(scene: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("adapted") / "site.safetensors"
    adapt(options(scene, model), out, log=quietly)
    return out


# --- the result -----------------------------------------------------------------------------------


def test_an_adapted_model_is_better_at_the_scale_that_nobody_showed_it(
    truth: np.ndarray, scene: Path, model: Path, adapted: Path, tmp_path: Path
) -> None:
    scores = []
    for number, file in enumerate((model, adapted)):
        out = tmp_path / f"{number}.tif"
        args = ["run", str(scene), str(out), "--upscale", "2", "--model", str(file)]
        assert CliRunner().invoke(cli, args).exit_code == 0
        with rasterio.open(out) as source:
            scores.append(evaluate(source.read().astype(np.float32), truth, upscale=2))
    assert scores[1].mpsnr > scores[0].mpsnr + 0.2
    assert scores[1].sam_deg < scores[0].sam_deg


def test_the_card_says_what_it_was_adapted_to(scene: Path, model: Path, adapted: Path) -> None:
    header = read_header(adapted)
    assert header.config.name == "tiny-adapted-site"
    assert header.config.version == "7"
    assert header.config.upscales == (2,)
    assert header.config.sigma_y == (0.8,)
    assert header.config.shrinkage == (1.0,)
    assert (header.config.shading, header.config.colour) == ((2.0,), (0.5,))
    assert header.config.spread == (1.8,)
    card = header.card
    assert card["adapted_from"] == {"name": "tiny", "version": "7", "sha256": sha256_of(model)}
    assert (card["scene"], card["upscale"], card["steps"]) == ("site.tif", 2, 150)
    assert card["licence"] == "none"
    assert "this scene and its neighbours only" in card["limits"][0]
    scores = card["scores"]
    gain = scores["after"]["psnr_over_bicubic_db"] - scores["before"]["psnr_over_bicubic_db"]
    assert gain == pytest.approx(scores["gain_db"], abs=2e-3)
    assert scores["gain_db"] > max(0.05, 2 * scores["standard_error_db"])
    assert card["block"]["rows"][1] - card["block"]["rows"][0] == 24  # a quarter of 96


def test_only_the_last_layers_of_the_denoiser_have_changed(model: Path, adapted: Path) -> None:
    before, after = load_file(model), load_file(adapted)
    changed = {k.split(".")[1] for k in after if not torch.equal(before[k], after[k])}
    assert changed == {"up", "join", "tail"}
    left_out = {".".join(k.split(".")[:3]) for k in before if k not in after}
    assert left_out == {"denoiser.down.3", "denoiser.up.3"}


def test_seed_and_steps_repeat_the_weights(scene: Path, model: Path) -> None:
    brief = options(scene, model, steps=20, check_every=10)
    first, second, third = (
        learn(replace(brief, seed=seed), log=quietly).network.state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not all(torch.equal(first[k], third[k]) for k in first)


def test_time_limits_the_steps_and_the_card_tells_them(
    scene: Path, model: Path, tmp_path: Path
) -> None:
    short = options(scene, model, steps=None, minutes=0.02)
    shares: list[float] = []
    found = learn(short, progress=shares.append, log=quietly)
    assert 1 <= found.card["steps"] == len(shares) - 1
    assert shares[-1] == 1.0
    assert found.card["minutes"] < 0.2


# --- no result ------------------------------------------------------------------------------------


def test_a_model_that_gets_no_better_is_refused_and_nothing_written(
    scene: Path, model: Path, tmp_path: Path
) -> None:
    """A scene in an archive, whose name has two slashes side by side."""
    with zipfile.ZipFile(packed := scene.with_suffix(".zip"), "w") as archive:
        archive.write(scene, "site.tif")
    out, name = tmp_path / "out.safetensors", f"/vsizip/{packed}/site.tif"
    args = ["adapt", name, "--upscale", 2, "--out", out, "--model", model, "--steps", 3]
    result = CliRunner().invoke(cli, [str(a) for a in args], prog_name="hsisr-geo")
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last.startswith(f"hsisr-geo: error: {name}: not adapted, nothing written")
    assert "where 0.050 dB would be more than chance" in last
    assert list(tmp_path.iterdir()) == []


def test_what_is_more_than_chance() -> None:
    fair = BlockCheck(
        50, HeldOutGain(2.0, 0.1, 0.8), HeldOutGain(0.30, 0.10, 0.99), HeldOutGain(0.1, 0.1, 1.0)
    )
    assert fair.fault == fair.refusal() == ""
    assert fair.rank > replace(fair, over_start=HeldOutGain(0.30, 0.16, 0.99)).rank
    assert "chance" in replace(fair, over_start=HeldOutGain(0.30, 0.16, 0.99)).refusal()
    assert "0.050 dB" in replace(fair, over_start=HeldOutGain(0.04, 0.001, 0.99)).refusal()
    assert (
        "spectral angle grows 1.010-fold"
        in replace(fair, over_start=HeldOutGain(0.30, 0.10, 1.01)).refusal()
    )
    assert "other scales" in replace(fair, coarser=HeldOutGain(-0.01, 0.1, 0.9)).refusal()
    assert replace(fair, coarser=None).refusal() == ""


def test_noise_teaches_nothing(model: Path, adapted: Path, tmp_path: Path) -> None:
    """Pixels that know nothing of each other hide no detail that could be learned."""
    noise = 500 + 100 * np.random.default_rng(0).standard_normal((BANDS, 96, 96))
    source = write(tmp_path / "noise.tif", noise.astype(np.float32))
    with pytest.raises(AdaptationRefused, match=r"noise\.tif: not adapted"):
        adapt(options(source, model), tmp_path / "x.safetensors", log=quietly)


def test_canceling_leaves_nothing(scene: Path, model: Path, tmp_path: Path) -> None:
    def cancel(share: float) -> None:
        if share > 0.3:
            raise Canceled("enough")

    with pytest.raises(Canceled):
        adapt(options(scene, model), tmp_path / "x.safetensors", progress=cancel, log=quietly)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_sigterm_leaves_nothing(scene: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.safetensors"
    command = [
        sys.executable,
        "-m",
        "hsisr_geo.cli",
        "adapt",
        scene,
        "--upscale",
        "2",
        "--out",
        out,
    ]
    process = subprocess.Popen(
        [*command, "--model", model, "--minutes", "5", "--progress", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    events = (json.loads(line) for line in process.stdout)
    assert any(event["event"] == "progress" for event in events)  # it is learning now
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "canceled by SIGTERM" in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--out": "x.pt"}, "has the ending .safetensors"),
        ({"--out": "gone/x.safetensors"}, "create it first"),
        ({"--out": "taken.safetensors"}, "--overwrite"),
        ({"--model": "bicubic"}, "bicubic has no weights"),
        ({"--model": "back-projection"}, "back-projection has no weights"),
        ({"--upscale": "4"}, "was made for upscale 2, 3, not 4"),
        ({"--out": "the model"}, "is the model to start from"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told_before_anything_is_learned(
    changes: dict[str, str], message: str, scene: Path, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken.safetensors").write_text("mine")
    given = {"--out": "x.safetensors", "--upscale": "2", "--model": str(model)} | changes
    given["--out"] = str(model if given["--out"] == "the model" else tmp_path / given["--out"])
    args = ["adapt", str(scene), *(text for pair in given.items() for text in pair)]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 1
    assert message in result.output
    assert (tmp_path / "taken.safetensors").read_text() == "mine"


# --- what is learned from -------------------------------------------------------------------------


def tiny(model: Path) -> tuple[Network, ModelConfig]:
    network, header = load_network(model)
    return network.eval().requires_grad_(False), header.config.only(2)


def lesson_of(path: Path, model: Path) -> SceneLesson:
    return SceneLesson.of(CoarserScene.of(open_raster(path), 2), *tiny(model))


def test_a_window_of_the_coarser_scene_is_the_whole_ones(scene: Path) -> None:
    source = CoarserScene.of(open_raster(scene), 2)
    area = slice(10, 25), slice(20, 48)
    window, whole = source.read(area, margin=3), source.read((slice(0, 48),) * 2, margin=0)
    differ = np.abs(window.lr - whole.lr[:, 7:28, 17:48])
    assert differ.max() <= 1  # float32 sums that end near a half
    assert (differ > 0).mean() < 1e-3
    np.testing.assert_array_equal(window.hr, whole.hr[:, 20:50, 40:96])
    assert window.usable.all()


def test_no_filled_value_reaches_a_usable_pixel(truth: np.ndarray, tmp_path: Path) -> None:
    """Whatever stands in the holes, what is compared is what it is without holes."""
    cube = decimate(truth, 2)
    holed = cube.copy()
    holed[:, 30:34, 50:71] = np.nan
    holed[3, 60, 10] = np.nan  # one band alone
    whole, part = (
        CoarserScene.of(open_raster(write(tmp_path / f"{name}.tif", c)), 2).read(
            (slice(0, 48), slice(0, 48)), margin=0
        )
        for name, c in (("whole", cube), ("holed", holed))
    )
    assert 0.5 < part.usable.mean() < 0.95
    usable = part.usable.repeat(2, axis=0).repeat(2, axis=1)
    expected, found = (upsample(np.nan_to_num(w.lr, nan=-1e6), 2) for w in (whole, part))
    np.testing.assert_allclose(found[:, usable], expected[:, usable], rtol=1e-5)
    assert not np.allclose(found, expected)


def test_the_block_and_its_gap_are_not_learned_from(scene: Path, model: Path) -> None:
    lesson = lesson_of(scene, model)
    block, gap = lesson.placement.block, lesson.placement.gap
    assert gap >= 4
    (window,) = lesson.windows
    rows, cols = (slice(max(0, axis.start - gap), axis.stop + gap) for axis in block)
    assert not window.learnable[rows, cols].any()
    assert window.learnable.sum() >= 48 * 48 / 2
    x, u, weight = lesson.draw(40, np.random.default_rng(0))
    assert x.shape == u.shape == weight.shape == (40, 1, 48, 48)
    assert float(weight.mean()) == pytest.approx(1, abs=1e-5)
    window.x[:, 2 * rows.start : 2 * rows.stop, 2 * cols.start : 2 * cols.stop] = 1e6
    changed, _, _ = lesson.draw(40, np.random.default_rng(0))
    assert torch.equal(changed[weight > 0], x[weight > 0])
    assert not torch.equal(changed, x)


def test_a_bad_band_and_holes_are_never_used(
    truth: np.ndarray, model: Path, tmp_path: Path
) -> None:
    results = []
    for name, rubbish in (("one", 0.0), ("two", 60000.0)):
        cube = decimate(truth, 2)
        cube[4] = rubbish
        cube[:, 20:40, 20:60] = np.nan
        source = write(tmp_path / f"{name}.tif", cube, bad=(5,))
        found = learn(options(source, model, steps=50), log=quietly)
        results.append((found.best.over_bicubic, found.network.state_dict()))
    assert results[0][0] == results[1][0]
    assert all(torch.equal(value, results[1][1][name]) for name, value in results[0][1].items())


def test_the_smallest_scene_and_one_that_is_too_small(
    truth: np.ndarray, model: Path, tmp_path: Path
) -> None:
    enough = write(tmp_path / "enough.tif", truth[:, :40, :40])
    assert lesson_of(enough, model).placement.gap >= 4
    small = write(tmp_path / "small.tif", truth[:, :39, :39])
    with pytest.raises(RasterError, match=r"39 x 39 pixels are too few.* needs 40 x 40 pixels"):
        lesson_of(small, model)
    tiny_scene = write(tmp_path / "one.tif", truth[:, :1, :1])
    with pytest.raises(RasterError, match="too few"):
        lesson_of(tiny_scene, model)


def test_a_scene_of_holes_only_has_nothing_to_learn(model: Path, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.tif", np.full((BANDS, 60, 60), np.nan, np.float32))
    with pytest.raises(RasterError, match="no good band has data"):
        lesson_of(empty, model)


def test_one_band_is_enough(truth: np.ndarray, model: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "one.tif", decimate(truth[:1], 2))
    found = learn(options(source, model, steps=100), log=quietly)
    assert found.best.over_start.psnr_db > 0
    assert found.best.over_start.sam_ratio == 1.0


def test_a_mosaic_with_large_holes(scenes, model: Path) -> None:  # type: ignore[no-untyped-def]
    lesson = lesson_of(scenes.mosaic, model)
    assert np.isfinite(lesson.block.hr).all()
    assert np.isfinite(lesson.block.lr).all()
    assert all(torch.isfinite(w.x).all() and torch.isfinite(w.u).all() for w in lesson.windows)
    assert 256 <= sum(w.learnable.sum() for w in lesson.windows) < 0.6 * 96 * 80


def test_the_block_lies_where_the_ground_is_like_the_scene() -> None:
    """Not in the water, which would say nothing about the town."""
    energy = np.full((60, 60), 1e-6, np.float32)
    energy[:, 30:] = 1.0
    parts = [Detail((slice(0, 60), slice(0, 60)), np.ones((60, 60), bool), energy)]
    placement = place_block(parts, (60, 60), reach=15)
    assert placement is not None
    cols = placement.block[1]
    assert cols.start < 30 < cols.stop


# --- what it is judged by -------------------------------------------------------------------------


def test_gains_are_differences_of_the_scores_that_evaluate_gives(scene: Path, model: Path) -> None:
    lesson = lesson_of(scene, model)
    network, config = tiny(model)
    block = lesson.block
    gain = block.errors(network, config).gain_over(block.bicubic())
    rows, cols = (slice(2 * a.start, 2 * a.stop) for a in block.inside)
    bicubic = back_projection.interpolate(torch.from_numpy(block.lr), 2)[:, rows, cols].numpy()
    x_lr = (torch.from_numpy(block.lr) - block.scene.mean) / block.scene.std
    u = back_projection.interpolate(x_lr, 2)
    ours = back_projection.back_project(u, x_lr, named("bicubic", 2), 2)
    ours = (ours * block.scene.std + block.scene.mean)[:, rows, cols].numpy()
    # ^ what the model's pipeline does where its denoiser answers zero
    before, after = (evaluate(c, block.hr, upscale=2) for c in (bicubic, ours))
    assert gain.psnr_db == pytest.approx(after.mpsnr - before.mpsnr, abs=1e-3)
    assert gain.sam_ratio == pytest.approx(after.sam_deg / before.sam_deg, abs=1e-4)
    assert 0 < gain.error_db < gain.psnr_db


def test_a_gain_in_one_corner_alone_has_a_large_error() -> None:
    before = TrialErrors(np.full((16, 3), 10.0), 1.0)
    everywhere = TrialErrors(np.full((16, 3), 9.0), 1.0).gain_over(before)
    corner = np.full((16, 3), 10.0)
    corner[0] = 0.0
    lucky = TrialErrors(corner, 1.0).gain_over(before)
    assert everywhere.error_db == pytest.approx(0, abs=1e-6)
    assert lucky.error_db > 0.5 * lucky.psnr_db > 0
