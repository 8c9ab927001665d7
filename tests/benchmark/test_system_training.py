"""Training for a comparison: budgets are kept, batches aligned, a stopped run loses nothing."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from hsisr_geo.benchmark.systems import build
from hsisr_geo.benchmark.systems.system import DrawNoise, Stage, System
from hsisr_geo.benchmark.systems.training.batches import Patches, degraded, keyed
from hsisr_geo.benchmark.systems.training.purse import Purse, Spent, schedule
from hsisr_geo.benchmark.systems.training.train import train_system
from hsisr_geo.benchmark.systems.training_run import Budget, NamedCube, TrainingRun
from hsisr_geo.cube.degradation import BICUBIC, named
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection
from hsisr_geo.model.training.progress_file import progress_path
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_header
from hsisr_geo.resolver.system_config import OWN

BANDS = 8
TINY = {"width": 8, "blocks": 1, "bicubic_skip": True}
TINY_OWN = {
    "autoencoder_width": 8,
    "components": 3,
    "denoiser_width": 8,
    "denoiser_blocks": 1,
    "denoiser_fine_width": 4,
    "group_size": 4,
    "group_overlap": 1,
}


def _cube(name: str, rows: int, cols: int, seed: int) -> NamedCube:
    """Smooth spectra on square fields."""
    rng = np.random.default_rng(seed)
    spectra = np.stack([np.linspace(0.2, 1, BANDS), np.linspace(1, 0.1, BANDS)])
    ground = rng.random((2, -(-rows // 6), -(-cols // 6))).repeat(6, 1).repeat(6, 2)
    cube = np.tensordot(spectra.T, ground[:, :rows, :cols], axes=1) / 2
    return NamedCube(name, cube.astype(np.float32))


TRAIN = [_cube("a", 40, 50, 0), _cube("b", 37, 31, 1), _cube("small", 9, 30, 2)]
HELD = [_cube("held", 33, 32, 3)]


@dataclass(frozen=True)
class NoisySettings:
    """Of the stand-in."""

    width: int = 2


class Noisy(System):
    """A stochastic system of two stages, with dropout and draws of its own."""

    stochastic: ClassVar[bool] = True

    def __init__(self, bands: int, upscale: int, settings: NoisySettings = NoisySettings()) -> None:
        super().__init__(bands, upscale)
        self.first = nn.Conv2d(bands, bands, 1)
        self.second = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(bands, bands, settings.width + 1, 1, 1)
        )

    def resolve(self, lr: Tensor, draw: DrawNoise) -> Tensor:
        raise AssertionError("a check of a stochastic system must not sample")

    def stages(self) -> tuple[Stage, ...]:
        def first(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
            return (self.first(hr) - hr).square().mean()

        def second(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
            noise = torch.randn(hr.shape, generator=generator)
            return (self.second(self.first(hr) + 0.1 * noise) - hr).abs().mean()

        return (
            Stage("first", 0.25, self.first, first, 1e-2),
            Stage("second", 0.75, self.second, second, 1e-3),
        )


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> str:
    """The stand-in, by a name of its own."""
    where = build.Architecture(__name__, "Noisy", "NoisySettings")
    monkeypatch.setitem(build.ARCHITECTURES, "noisy", where)
    return "noisy"


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    """Sums of several threads differ in the last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _run(architecture: str = "edsr", **changes: Any) -> TrainingRun:
    settings = {"edsr": TINY, OWN: TINY_OWN}.get(architecture, {})
    run = TrainingRun(
        "tiny", architecture, 2, BANDS, Budget(steps=20), settings, patch=8, device="cpu"
    )
    return replace(run, **changes)


def _quiet(line: str) -> None:
    pass


def _trained(run: TrainingRun, out: Path, log: Callable[[str], None] = _quiet) -> dict[str, Any]:
    train_system(run, TRAIN, HELD, out, log)
    return read_header(out).card


def _same_weights(one: Path, other: Path) -> bool:
    first, second = load_file(one), load_file(other)
    return all(torch.equal(first[name], second[name]) for name in first)


class Stopped(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize(
    ("architecture", "stop"), [("edsr", 2), ("noisy", 3), ("noisy", 7), (OWN, 3), (OWN, 7)]
)
def test_a_stopped_run_goes_on_to_the_weights_of_a_whole_one(
    architecture: str, stop: int, noisy: str, tmp_path: Path
) -> None:
    run = _run(architecture, check_every=0.25)
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    card = _trained(run, whole)
    lines = 0

    def stop_later(line: str) -> None:
        nonlocal lines
        lines += "loss" in line
        if lines == stop:
            raise Stopped

    with pytest.raises(Stopped):
        _trained(run, parts, stop_later)
    assert not parts.exists()
    later = _trained(run, parts)
    assert _same_weights(whole, parts)
    assert {**later, "cpu_seconds": 0} == {**card, "cpu_seconds": 0}
    assert sorted(tmp_path.iterdir()) == [parts, whole]


def test_progress_of_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    out, lines = tmp_path / "m.safetensors", []

    def stop(line: str) -> None:
        if "60%" in line:
            raise Stopped

    with pytest.raises(Stopped):
        _trained(_run(), out, stop)
    assert progress_path(out).exists()
    card = _trained(_run(seed=1), out, lines.append)
    assert any("starting again" in line for line in lines)
    assert card["steps"] == 20
    fresh = tmp_path / "fresh.safetensors"
    _trained(_run(seed=1), fresh)
    assert _same_weights(out, fresh)


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_a_budget_of_steps_is_kept_to_the_step(steps: int, noisy: str, tmp_path: Path) -> None:
    card = _trained(_run(noisy, budget=Budget(steps=steps)), tmp_path / "m.safetensors")
    assert card["steps"] == steps
    assert [stage["steps"] for stage in card["stages"]] == {1: [0, 1], 7: [2, 5], 20: [5, 15]}[
        steps
    ]


def test_a_budget_of_minutes_is_kept_to_a_step(tmp_path: Path) -> None:
    started = time.process_time()
    card = _trained(_run(budget=Budget(cpu_minutes=0.005)), tmp_path / "m.safetensors")
    assert 0.3 <= card["cpu_seconds"] <= 0.8
    assert card["cpu_seconds"] <= time.process_time() - started
    assert card["steps"] > 5


def test_checks_are_not_on_the_budget() -> None:
    spent = Spent()
    with spent.one_step():
        sum(range(10**5))
    before = spent.seconds
    sum(range(10**6))
    assert spent.seconds == before > 0
    assert spent.steps == 1


def test_stages_part_a_budget_by_their_shares() -> None:
    first, second = Purse.parts(Budget(cpu_minutes=2), [0.25, 0.75])
    assert (first.begin, first.end, second.begin, second.end) == (0, 30, 30, 120)
    assert first.done(Spent(5, 15.0)) == 0.5
    assert second.done(Spent(5, 31.0)) == pytest.approx(1 / 90)  # the step that took too long
    assert [p.end for p in Purse.parts(Budget(steps=10), [1, 1, 1])] == [3, 7, 10]


@pytest.mark.parametrize("budget", [Budget(), Budget(5, 1.0), Budget(0), Budget(None, -1.0)])
def test_a_budget_of_nothing_is_refused(budget: Budget, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="budget"):
        _trained(_run(budget=budget), tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_the_learning_rate_rises_shortly_and_falls_to_a_hundredth() -> None:
    rates = [schedule(done) for done in np.linspace(0, 1, 101)]
    assert rates[0] == 0.1
    assert max(rates) == max(rates[:6]) == pytest.approx(1, abs=0.01)
    assert rates[-1] == pytest.approx(0.01)
    assert np.all(np.diff(rates[5:]) < 0)


def test_the_loss_falls_and_held_out_cubes_come_out_better(tmp_path: Path) -> None:
    lines: list[str] = []
    run = _run(budget=Budget(steps=60), learning_rate=5e-3)
    card = _trained(run, tmp_path / "m.safetensors", lines.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines if "loss" in line]
    assert losses[-1] < losses[0]
    (held,) = degraded(HELD, 2)
    error = back_projection.interpolate(held.lr, 2) - held.hr
    bicubic = float(-10 * error.square().mean(dim=(1, 2)).log10().mean())
    assert card["best_check"] > bicubic + 0.5


def test_an_autoencoder_alone_is_checked_by_its_loss(tmp_path: Path) -> None:
    settings = {"group_size": 4, "group_overlap": 1, "width": 4, "blocks": 1, "global_width": 4}
    card = _trained(_run("gae", settings=settings), tmp_path / "m.safetensors")
    assert card["best_check"] < 0


def test_ours_learns_more_than_interpolation(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    card = _trained(_run(OWN, budget=Budget(steps=120), learning_rate=5e-3), out)
    (held,) = degraded(HELD, 2)
    near = back_projection.back_project(
        back_projection.interpolate(held.lr, 2), held.lr, named(BICUBIC, 2), 2
    )
    psnr = float(-10 * (near - held.hr).square().mean(dim=(1, 2)).log10().mean())
    assert card["best_check"] > psnr
    header = read_header(out)
    assert isinstance(header.config, ModelConfig)
    assert header.config.upscales == (2,)
    assert header.config.sigma_y[0] > 0
    assert [stage["name"] for stage in card["stages"]] == ["autoencoder", "denoiser"]


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_patches_are_aligned(upscale: int) -> None:
    """D of a true patch is the degraded patch, but where D would read beyond the true patch."""
    patches = Patches.of(degraded(TRAIN[:1], upscale), 8, upscale, _quiet)
    hr, lr = patches.draw(6, keyed(0, 0))
    assert hr.shape == (6, BANDS, 8 * upscale, 8 * upscale)
    assert lr.shape == (6, BANDS, 8, 8)
    made = back_projection.degrade(hr, named(BICUBIC, upscale))
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(made[inside], lr[inside], atol=1e-5, rtol=0)
    assert (made - lr).abs().max() > 1e-3  # the whole cube was degraded, not the patch


def test_draws_are_keyed_by_the_step() -> None:
    patches = Patches.of(degraded(TRAIN, 2), 8, 2, _quiet)
    first, again, other = (patches.draw(4, keyed(0, 0, step))[0] for step in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_all_symmetries_and_all_places_are_drawn() -> None:
    square = NamedCube("square", np.arange(BANDS * 64, dtype=np.float32).reshape(BANDS, 8, 8))
    patches = Patches.of(degraded([square], 2), 4, 2, _quiet)
    hr, _ = patches.draw(100, keyed(0))
    assert len({tuple(image[0].flatten().tolist()) for image in hr}) == 8
    wide = Patches.of(degraded([_cube("wide", 12, 14, 4)], 2), 4, 2, _quiet)
    drawn, there = wide.draw(200, keyed(0))[1], wide.cubes[0].lr
    assert set(drawn[:, 0].flatten().tolist()) == set(there[0].flatten().tolist())


def test_cubes_are_drawn_by_their_area() -> None:
    one, two = (
        NamedCube(name, np.full((1, 40, width), value, np.float32))
        for name, width, value in (("one", 20, 1), ("two", 60, 2))
    )
    values = Patches.of(degraded([one, two], 2), 4, 2, _quiet).draw(400, keyed(0))[0][:, 0, 0, 0]
    assert 0.7 < float((values > 1.5).float().mean()) < 0.8


def test_small_cubes_are_left_out_and_said_so() -> None:
    lines: list[str] = []
    patches = Patches.of(degraded(TRAIN, 2), 8, 2, lines.append)
    assert [cube.name for cube in patches.cubes] == ["a", "b"]
    assert any("small" in line for line in lines)
    shrunk = Patches.of(degraded(TRAIN[2:], 2), 8, 2, lines.append)
    assert shrunk.side == 4


def test_what_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    holed = NamedCube("holed", np.full((BANDS, 20, 20), np.nan, np.float32))
    other = NamedCube("other", np.ones((BANDS + 1, 30, 30), np.float32))
    for cubes, said in (([], "no cubes"), ([holed], "holed"), ([TRAIN[0], other], "other has 9")):
        with pytest.raises(ModelError, match=said):
            train_system(_run(), cubes, HELD, out, _quiet)
    with pytest.raises(ModelError, match="no settings"):
        _trained(_run(OWN, settings={"wide": 3}), out)
    assert not out.exists()


def test_held_out_cubes_are_never_trained_on(noisy: str, tmp_path: Path) -> None:
    """Other held-out cubes, at least as good a last check: the same weights."""
    for architecture in ("edsr", noisy, OWN):
        outs = []
        for index, held in enumerate((HELD, [_cube("other", 40, 40, 9)])):
            outs.append(tmp_path / f"{architecture}-{index}.safetensors")
            run = _run(architecture, check_every=1.0, budget=Budget(steps=8))
            train_system(run, TRAIN, held, outs[-1], _quiet)
        assert _same_weights(*outs)


def test_without_held_out_cubes_the_last_weights_are_kept(tmp_path: Path) -> None:
    for architecture in ("edsr", OWN):
        outs = [tmp_path / f"{architecture}-{n}.safetensors" for n in range(2)]
        train_system(_run(architecture, check_every=0.25), TRAIN, [], outs[0], _quiet)
        train_system(_run(architecture, check_every=1.0), TRAIN, [], outs[1], _quiet)
        assert _same_weights(*outs)
        assert read_header(outs[0]).card["best_check"] is None


def test_a_training_that_diverges_is_an_error_and_writes_no_model(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match="lower learning rate"):
        _trained(_run(learning_rate=math.inf), out)
    assert not out.exists()


def test_the_card_says_what_was_done(noisy: str, tmp_path: Path) -> None:
    card = _trained(_run(noisy, seed=5), tmp_path / "m.safetensors")
    assert card["purpose"] == "trained for comparison, not for use"
    assert card["scenes"] == ["a", "b", "small"]
    assert card["held_out"] == ["held"]
    assert card["budget"] == {"steps": 20}
    assert (card["batch"], card["patch"], card["seed"], card["bands"]) == (4, 8, 5, BANDS)
    assert card["parameters"] == (8 * 8 + 8) + (8 * 8 * 9 + 8)
    assert [stage["learning_rate"] for stage in card["stages"]] == [1e-2, 1e-3]
    assert card["best_check"] == card["stages"][1]["best_check"] < 0


def test_a_rate_of_the_benchmark_replaces_the_published_one(noisy: str, tmp_path: Path) -> None:
    card = _trained(_run(noisy, learning_rate=4e-4), tmp_path / "m.safetensors")
    assert {stage["learning_rate"] for stage in card["stages"]} == {4e-4}
    own = _run(noisy, learning_rate=4e-4, settings={"learning_rate": 1e-3})
    card = _trained(own, tmp_path / "own.safetensors")
    assert {stage["learning_rate"] for stage in card["stages"]} == {1e-3}
    with pytest.raises(ModelError, match="positive"):
        _trained(_run(noisy, settings={"learning_rate": "fast"}), tmp_path / "m.safetensors")


def test_a_training_leaves_the_callers_random_numbers_alone(tmp_path: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    _trained(_run(budget=Budget(steps=2)), tmp_path / "m.safetensors")
    assert torch.equal(torch.rand(3), expected)
