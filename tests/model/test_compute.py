"""Less work, the same numbers: parts of windows, pieces of parts, batches, devices, precisions."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import torch
from flop_counting import needs_counting
from torch.utils.flop_counter import FlopCounterMode

from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.windows import Window, area, scaled
from hsisr_geo.errors import Canceled, ModelError
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.model.inference.devices import Places, choose_device, copies, visible
from hsisr_geo.model.inference.execution import Execution
from hsisr_geo.model.inference.kernels import chunks
from hsisr_geo.model.inference.memory import Amount, is_out_of_memory
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.network import Network
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.protocol import pinned

SCENE = (62, 64)
PARTS = [
    (slice(27, 33), slice(27, 35)),  # inside, all context there
    (slice(0, 9), slice(55, 64)),  # in a corner of the scene
    (slice(0, 62), slice(29, 35)),  # from edge to edge
]


def _small(upscale: int, **options: object) -> DiffusionResolver:
    """Return a small model of random weights, none of them zero, whose sample reaches 24 pixels."""
    torch.manual_seed(1)
    config = ModelConfig(
        "small", "0", (2, 3, 4), components=3, denoiser_width=8, denoiser_blocks=2,
        denoiser_fine_width=4, sigma_y=(0.9,) * 3, diffusion_steps=2, subspace_rank=3,
    )  # fmt: skip
    network = Network(config).eval().requires_grad_(False)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    resolver = DiffusionResolver(network, config, "", upscale, 0.0, 0, named("bicubic", upscale))
    return replace(resolver, **options)  # type: ignore[arg-type]


def _cube(bands: int = 18, shape: tuple[int, int] = SCENE) -> np.ndarray:
    rng = np.random.default_rng(4)
    field = rng.normal(size=(3, *shape))
    mixed = np.tensordot(rng.normal(size=(bands, 3)), field, axes=1)
    return (1e3 + 100 * mixed).astype(np.float32)


def _assert_close(ours: np.ndarray, expected: np.ndarray, limit: float = 2e-5) -> None:
    """Within the rounding of float32, in units of the numbers' own spread."""
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() <= limit * expected.std()


# --- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_a_part_of_the_network_is_that_part_of_the_whole(upscale: int, part: Window) -> None:
    network = _small(upscale).network.denoiser
    shape = 1, 1, *(upscale * n for n in SCENE)
    y, condition, level = torch.randn(shape), torch.randn(shape), torch.tensor([0.4])
    with torch.inference_mode():
        whole = network(y, condition, level, upscale)
        ours = network(y, condition, level, upscale, part)
    rows, cols = scaled(part, upscale)
    _assert_close(ours.numpy(), whole[..., rows, cols].numpy())


@pytest.mark.parametrize("detail", [0.0, 1.0])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_a_part_is_that_part_of_the_whole(upscale: int, part: Window, detail: float) -> None:
    """Each stage makes less, and what it makes is the same."""
    cube = _cube()
    resolve = _small(upscale, detail=detail, seed=8).fit_parts(statistics_of(cube), Event())
    (ours,) = resolve(cube, (5, 70), part)
    rows, cols = scaled(part, upscale)
    _assert_close(ours, _whole(upscale, detail)[:, rows, cols])


@cache
def _whole(upscale: int, detail: float) -> np.ndarray:
    """Return what the small model makes of the whole scene: the same for each of the parts."""
    cube, everything = _cube(), tuple(slice(0, n) for n in SCENE)
    resolve = _small(upscale, detail=detail, seed=8).fit_parts(statistics_of(cube), Event())
    (whole,) = resolve(cube, (5, 70), everything)
    whole.flags.writeable = False
    return whole


def test_the_spread_of_a_part_is_that_part_of_the_whole() -> None:
    cube, part = _cube(), PARTS[0]
    resolve = _small(2, seed=3).sampled(3).fit(statistics_of(cube), Event())
    best, sigma = resolve(cube, (0, 0), tuple(slice(0, n) for n in SCENE))
    ours, ours_sigma = resolve(cube, (0, 0), part)
    rows, cols = scaled(part, 2)
    _assert_close(ours, best[:, rows, cols])
    _assert_close(ours_sigma, sigma[:, rows, cols], 1e-3)  # a difference of samples, hence more


def test_each_evaluation_covers_what_later_ones_read() -> None:
    """Of the released model: 19 input pixels less on every side, down to what is decoded."""
    model = load(Recipe(DEFAULT_MODEL, upscale=2, device="cpu", detail=1.0, backend="torch"))
    model = replace(model, config=replace(model.config, components=1, diffusion_steps=3))
    seen: list[int] = []
    model.network.denoiser.register_forward_pre_hook(lambda _, args: seen.append(args[0].shape[2]))
    cube = _cube(4, (140, 20))
    part = slice(66, 70), slice(0, 20)
    model.fit_parts(statistics_of(cube), Event())(cube, (0, 0), part)
    assert seen == [2 * (4 + 2 * (8 + 19 * left)) for left in (3, 2, 1)]


# --- what it costs --------------------------------------------------------------------------------


@needs_counting
@pytest.mark.parametrize(("detail", "samples"), [(0.0, 0), (1.0, 0), (0.0, 3)])
@pytest.mark.parametrize("upscale", [2, 4])
def test_multiply_adds_are_those_that_torch_counts(
    upscale: int, detail: float, samples: int
) -> None:
    model = load(
        Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu", detail=detail, backend="torch")
    )
    model = replace(model, config=replace(model.config, components=2, diffusion_steps=2))
    cube, part = _cube(30, (48, 40)), (slice(16, 34), slice(0, 22))
    maker = model.sampled(samples).fit if samples else model.fit_parts
    resolve = maker(statistics_of(cube), Event())
    with FlopCounterMode(display=False) as counter:
        resolve(cube, (0, 0), part)
    said = model.cost(30, (48, 40), part, samples)
    assert said.multiply_adds == pytest.approx(counter.get_total_flops() / 2, rel=0.03)
    assert said.work > said.multiply_adds
    assert said.memory > 4 * 30 * area(part) * upscale**2


# --- out of memory --------------------------------------------------------------------------------


class Short:
    """A device that runs out of memory for more than so many pixels."""

    def __init__(self, pixels: int, error: Exception) -> None:
        self.pixels, self.error, self.tried = pixels, error, []

    def __call__(self, part: Window) -> tuple[np.ndarray, ...]:
        self.tried.append(area(part))
        if area(part) > self.pixels:
            raise self.error
        rows, cols = scaled(part, 2)
        grid = np.mgrid[rows, cols].astype(np.float32)
        return grid, grid[:1]


FULL = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate"),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__)
def test_a_part_that_does_not_fit_is_made_in_pieces(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    amount, short = Amount(torch.device("cpu")), Short(900, error)
    part = slice(3, 60), slice(10, 50)
    with caplog.at_level(logging.INFO, "hsisr_geo"):
        made = amount.make(part, 2, short, area)
        again = Short(900, error)
        amount.make(part, 2, again, area)
    rows, cols = scaled(part, 2)
    np.testing.assert_array_equal(made[0], np.mgrid[rows, cols])
    np.testing.assert_array_equal(made[1], np.mgrid[rows, cols][:1])
    assert max(again.tried) <= 900  # what was learnt is kept
    assert len(caplog.records) == 1
    assert "less at a time" in caplog.text


def test_a_gpu_is_given_what_its_free_memory_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1000, 4000))
    amount, short = Amount.on(torch.device("cuda", 0)), Short(1 << 30, FULL[0])
    part = slice(0, 60), slice(0, 40)
    amount.make(part, 2, short, need=area)
    assert sum(short.tried) == area(part)
    assert 400 < max(short.tried) <= 800
    assert not caplog.records  # as planned


def test_memory_for_next_to_nothing_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"not enough memory on cpu even for .* smaller --tile"):
        Amount(torch.device("cpu")).make((slice(0, 64), slice(0, 64)), 2, Short(0, FULL[0]), area)


def test_other_failures_are_not_taken_for_a_lack_of_memory() -> None:
    other = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    short = Short(0, other)
    with pytest.raises(RuntimeError, match="shapes"):
        Amount(torch.device("cpu")).make((slice(0, 64), slice(0, 64)), 2, short, area)
    assert len(short.tried) == 1


def test_a_run_that_ran_out_of_memory_has_the_same_pixels(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cube, forward = _cube(), LocalUNet.forward
    resolver = _small(2)
    part = slice(4, 50), slice(4, 40)
    (expected,) = resolver.fit_parts(statistics_of(cube), Event())(cube, (0, 0), part)

    def short_of_memory(self: LocalUNet, y: torch.Tensor, *args: object) -> torch.Tensor:
        if y.shape[-1] * y.shape[-2] > 4 * 2400:  # half of the part fits, with its context
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return forward(self, y, *args)

    monkeypatch.setattr(LocalUNet, "forward", short_of_memory)
    resolve = resolver.fit_parts(statistics_of(cube), Event())
    with caplog.at_level(logging.WARNING, "hsisr_geo"):
        (ours,) = resolve(cube, (0, 0), part)
    _assert_close(ours, expected)
    assert "not enough memory" in caplog.text


def test_only_memory_errors_are_memory_errors() -> None:
    assert all(map(is_out_of_memory, FULL))
    assert not is_out_of_memory(RuntimeError("CUDA error: an illegal memory access"))
    assert not is_out_of_memory(ValueError("not enough memory"))


# --- amounts and precision ------------------------------------------------------------------------


@pytest.mark.parametrize("images", [1, 2, 3])
def test_amounts_change_nothing_but_rounding(images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cube, resolver = _cube(shape=(30, 27)), _small(3)
    expected = resolver.fit(statistics_of(cube))(cube, (0, 0))
    amounts = Execution(images=images, layer_bytes=1, bands=5, strip_bytes=1)
    monkeypatch.setattr(DiffusionResolver, "execution", property(lambda _: amounts))
    _assert_close(resolver.fit(statistics_of(cube))(cube, (0, 0)), expected)


def test_a_tile_given_up_stops_within_an_evaluation() -> None:
    given_up, cube, resolver = Event(), _cube(), _small(2)
    resolver.network.denoiser.register_forward_hook(lambda *_: given_up.set())
    calls: list[int] = []
    resolver.network.denoiser.register_forward_hook(lambda *_: calls.append(1))
    with pytest.raises(Canceled):
        resolver.fit_parts(statistics_of(cube), given_up)(cube, (0, 0), PARTS[0])
    assert len(calls) == 1  # of three components


def test_bfloat16_is_near_and_recorded() -> None:
    cube = _cube(12, (24, 20))
    exact, near = (
        load(Recipe(DEFAULT_MODEL, upscale=2, device="cpu", precision=precision))
        for precision in ("float32", "bfloat16")
    )
    assert [r.provenance()["precision"] for r in (exact, near)] == ["float32", "bfloat16"]
    a, b = (r.fit(statistics_of(cube))(cube, (0, 0)) for r in (exact, near))
    error = np.abs(a - b) / cube.std(axis=(1, 2))[:, None, None]
    assert 0 < error.max() < 0.02
    assert np.sqrt((error**2).mean()) < 1e-3


def test_an_unknown_precision_is_named() -> None:
    with pytest.raises(ModelError, match="unknown precision 'float8'"):
        load(Recipe(DEFAULT_MODEL, upscale=2, device="cpu", precision="float8"))


def test_chunks_cover_a_length_once() -> None:
    assert [(s.start, s.stop) for s in chunks(7, 3)] == [(0, 3), (3, 6), (6, 7)]


# --- devices --------------------------------------------------------------------------------------


def test_each_device_takes_one_tile_at_a_time() -> None:
    places = Places([torch.device("cpu")] * 2, lambda _: object())
    with places.lent() as one, places.lent() as other:
        assert one.here is not other.here
        third: list[object] = []
        waiting = Thread(target=lambda: third.extend(_lend(places)))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join(5)
    assert third[0] in (one.here, other.here)


def _lend(places: Places[object]) -> Iterator[object]:
    with places.lent() as place:
        yield place.here


def test_a_device_is_given_back_when_its_tile_fails() -> None:
    places = Places([torch.device("cpu")], lambda _: 0)
    with pytest.raises(ZeroDivisionError), places.lent() as place:
        1 / place.here
    assert list(_lend(places)) == [0]


def test_tiles_on_several_devices_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places on the CPU stand for two GPUs, used in turn."""
    cube, resolver = _cube(), _small(2)
    expected = resolver.fit(statistics_of(cube))(cube, (0, 0))
    monkeypatch.setattr(DiffusionResolver, "devices", property(lambda _: [torch.device("cpu")] * 2))
    assert resolver.places == 2
    resolve = resolver.fit_parts(statistics_of(cube), Event())
    for part in PARTS:
        rows, cols = scaled(part, 2)
        _assert_close(resolve(cube, (0, 0), part)[0], expected[:, rows, cols])


def test_a_network_is_copied_only_to_where_it_is_not() -> None:
    network = _small(2).network
    put = copies(network)
    assert put(torch.device("cpu")) is network
    there = put(torch.device("meta"))
    assert next(there.parameters()).device.type == "meta"
    assert next(network.parameters()).device.type == "cpu"


def test_all_visible_gpus_or_one_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert [str(d) for d in visible(choose_device("auto"))] == ["cuda:0", "cuda:1", "cuda:2"]
    assert [str(d) for d in visible(choose_device("cuda:1"))] == ["cuda:1"]
    assert [str(d) for d in visible(choose_device("cpu"))] == ["cpu"]
    with pytest.raises(ModelError, match="there is no cuda:3: 3 CUDA devices are visible"):
        choose_device("cuda:3")


def test_workers_take_turns_at_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    everywhere = _small(2, device=torch.device("cuda"))
    assert everywhere.places == 2
    assert [str(pinned(everywhere, n).devices) for n in range(3)] == [
        str([torch.device("cuda", n)]) for n in (0, 1, 0)
    ]
    assert str(pinned(_small(2), 3).devices[0]) == "cpu"
    assert pinned(BicubicResolver(2), 1) == BicubicResolver(2)


def test_without_a_gpu_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(ModelError, match="no usable CUDA device"):
        choose_device("cuda:0")


def test_the_released_model_knows_its_context(tmp_path: Path) -> None:
    model = load(Recipe(DEFAULT_MODEL, upscale=2, device="cpu"))
    assert model.context == 2 + 19 + 2 * 4
    assert replace(model, detail=1.0).context == 2 + 6 * 19 + 2 * 4
