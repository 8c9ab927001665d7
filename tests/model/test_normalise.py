"""Inputs of any blur are brought to the one that the network knows, inside the scene's axes."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch
from flop_counting import needs_counting
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.inversion import inversion
from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.axes.normalise import Normaliser, normalising_reach
from hsisr_geo.model.axes.principal import PrincipalAxes
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.training.training_data import Pair, TrainingScene, degraded_pair
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.load import Recipe

FloatCube = NDArray[np.float32]
CONFIG = ModelConfig("test", "1", (2, 3, 4))


def _resolver(upscale: int, psf: str, backend: str = "auto") -> DiffusionResolver:
    recipe = Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu", psf=psf, backend=backend)
    return load(recipe)


def _ground(side: int = 96, bands: int = 30, noise: float = 1.0) -> FloatCube:
    """Fields with sharp borders of four materials, in thousands, and noise."""
    rng = np.random.default_rng(3)
    field = rng.integers(0, 4, (-(-side // 7), -(-side // 9))).repeat(7, 0).repeat(9, 1)
    spectra = 3000 + 1000 * np.stack([np.sin(np.linspace(0, 3, bands) + p) for p in range(4)])
    cube = spectra[field[:side, :side]].transpose(2, 0, 1)
    return (cube + noise * rng.standard_normal(cube.shape)).astype(np.float32)


def _pair(psf: str, upscale: int = 2) -> Pair:
    return degraded_pair(TrainingScene("ground", _ground()), upscale, named(psf, upscale))


def _normaliser(pair: Pair, psf: str) -> Normaliser:
    std = pair.statistics.std
    correlation = pair.statistics.covariance / np.outer(std, std)
    principal = PrincipalAxes.of(correlation, pair.statistics.count)
    found = Normaliser.fit(named(psf, pair.upscale), CONFIG, principal)
    assert found is not None
    return found.to("cpu")


def _error(cube: torch.Tensor, truth: torch.Tensor) -> float:
    inner = slice(4, -4)
    return float((cube - truth)[:, inner, inner].square().mean().sqrt())


@pytest.mark.parametrize("psf", ["gaussian:0.1", "gaussian:0.2", "gaussian:0.15,0.4"])
@pytest.mark.parametrize("upscale", [2, 3])
def test_a_blurred_input_is_near_what_the_trained_degradation_makes(psf: str, upscale: int) -> None:
    pair = _pair(psf, upscale)
    known = pair.standardise(back_projection.degrade(pair.hr, named("bicubic", upscale)))
    given = pair.standardise(pair.lr)
    normaliser = _normaliser(pair, psf)
    made = given + normaliser.across(normaliser.change(normaliser.along(given)))
    assert _error(made, known) < 0.5 * _error(given, known)


def test_rows_and_columns_have_their_own_blur() -> None:
    """The wrong way round it does harm, and turning the scene turns the answer."""
    pair = _pair("gaussian:0.1,0.6")
    known = pair.standardise(back_projection.degrade(pair.hr, named("bicubic", 2)))
    given = pair.standardise(pair.lr)
    right, wrong = (_normaliser(pair, f"gaussian:{m}") for m in ("0.1,0.6", "0.6,0.1"))
    axes = right.along(given)
    error = [_error(given + n.across(n.change(axes)), known) for n in (right, wrong)]
    assert error[0] < 0.5 * error[1]
    turned = wrong.change(axes.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(turned, right.change(axes), rtol=0, atol=1e-3)


def test_nothing_is_done_for_the_degradation_that_was_trained() -> None:
    principal = PrincipalAxes.of(np.eye(4), 100)
    assert Normaliser.fit(named("bicubic", 2), CONFIG, principal) is None
    assert normalising_reach(named("bicubic", 2), CONFIG) == 0


def test_noise_is_not_sharpened() -> None:
    """An axis of nothing but noise stays as it is; one with little noise is sharpened less."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((12, 50, 50)).astype(np.float32)
    correlation = np.corrcoef(noise.reshape(12, -1))
    normaliser = Normaliser.fit(
        named("gaussian:0.1", 2), CONFIG, PrincipalAxes.of(correlation, 2500)
    )
    assert normaliser is not None
    normaliser = normaliser.to("cpu")
    axes = normaliser.along(torch.from_numpy(noise))
    assert float(normaliser.change(axes).abs().max()) == 0
    power = np.ones(3)
    clean, noisy, noisier = inversion(named("gaussian:0.1", 2), power, np.array([0, 1e-2, 0.1]))
    gain = [np.polynomial.chebyshev.chebval(2 * 0.2 - 1, c) for c in (clean, noisy, noisier)]
    assert 3 < gain[0] < 5.5  # 1 / 0.2 would be 5
    assert gain[0] > gain[1] > gain[2]


def test_a_flat_image_stays_as_it_is() -> None:
    for coefficients in inversion(named("gaussian:0.2", 3), np.ones(2), np.array([0, 1e-3])):
        assert np.polynomial.chebyshev.chebval(1, coefficients) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("bands", [12, 60])
def test_noise_of_bands_is_what_their_neighbours_do_not_tell(bands: int) -> None:
    """Of many pixels and, where bands outnumber them, of a few neighbours each."""
    rng = np.random.default_rng(1)
    pixels = 300
    ground = rng.standard_normal((pixels, 3)) @ rng.standard_normal((3, bands))
    sigma = np.linspace(0.05, 0.3, bands)
    seen = ground + sigma * rng.standard_normal((pixels, bands))
    found = band_noise(np.corrcoef(seen.T), pixels) * seen.var(axis=0)
    assert np.median(found / sigma**2) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("shape", [(1, 500), (7, 500), (50, 4), (3, 3)])
def test_too_few_bands_or_pixels_tell_of_no_noise(shape: tuple[int, int]) -> None:
    bands, pixels = shape
    assert not band_noise(np.eye(bands), pixels).any()


@pytest.mark.parametrize(("bands", "pixels"), [(20, 18), (41, 60), (41, 240), (90, 300), (90, 531)])
def test_the_noise_of_a_band_is_what_a_regression_on_the_bands_next_to_it_leaves(
    bands: int, pixels: int
) -> None:
    rng = np.random.default_rng(bands)
    correlation = np.corrcoef(
        rng.standard_normal((bands, 3 * bands)) + np.sin(np.arange(3 * bands))
    )
    count = min(bands - 1, pixels // 6)
    first = np.clip(np.arange(bands) - count // 2, 0, bands - count - 1)
    for band, found in enumerate(band_noise(correlation, pixels)):
        near = [b for b in range(first[band], first[band] + count + 1) if b != band]
        weights = np.linalg.solve(correlation[np.ix_(near, near)], correlation[near, band])
        left = 1 - weights @ correlation[near, band]
        assert found == pytest.approx(min(1, left * pixels / (pixels - count)), abs=1e-6)


@pytest.mark.parametrize("upscale", [2, 4])
def test_a_window_with_its_context_gives_the_pixels_of_the_whole(upscale: int) -> None:
    resolver, cube = _resolver(upscale, "gaussian:0.2,0.35"), _ground(156, 12)
    resolver = replace(resolver, config=replace(resolver.config, components=1))
    resolve = resolver.fit(statistics_of(cube))
    whole = resolve(cube, (0, 0))
    context, core = resolver.context, slice(70, 86)
    start, stop = core.start - context, core.stop + context
    part = resolve(np.ascontiguousarray(cube[:, start:stop, start:stop]), (start, start))
    inside = slice(context * upscale, (context + 16) * upscale)
    fine = slice(core.start * upscale, core.stop * upscale)
    np.testing.assert_allclose(part[:, inside, inside], whole[:, fine, fine], rtol=1e-4, atol=0.05)


def test_a_known_blur_is_worth_more_than_the_trained_one_in_its_place() -> None:
    pair = _pair("gaussian:0.2")
    truth, given = pair.hr.numpy(), pair.lr.numpy()
    known, blind = (
        evaluate(_resolver(2, psf).fit(pair.statistics)(given, (0, 0)), truth, upscale=2)
        for psf in ("gaussian:0.2", "bicubic")
    )
    assert known.mpsnr > blind.mpsnr + 1
    assert known.sam_deg < blind.sam_deg


@needs_counting
def test_multiply_adds_are_those_that_torch_counts_and_few_more_than_without() -> None:
    """Counted on a small scene, and then, as they are right, compared on a tile of a usual one."""
    cube, small, part = (
        _ground(56, 40, noise=300),
        (slice(20, 30), slice(0, 24)),
        (slice(40, 104),) * 2,
    )
    cost = {}
    for psf in ("bicubic", "gaussian:0.2"):
        model = _resolver(2, psf, "torch")
        with FlopCounterMode(display=False) as counter:
            model.fit_parts(statistics_of(cube), Event())(cube, (0, 0), small)
        counted = counter.get_total_flops() / 2
        assert model.cost(40, (56, 56), small).multiply_adds == pytest.approx(counted, rel=0.03)
        cost[psf] = model.cost(40, (150, 150), part)
    assert cost["gaussian:0.2"].multiply_adds < 1.15 * cost["bicubic"].multiply_adds
    assert cost["gaussian:0.2"].work < 1.15 * cost["bicubic"].work


@pytest.mark.parametrize("bands", [1, 2, 5])
def test_scenes_of_few_bands_and_pixels(bands: int) -> None:
    cube = _ground(40, bands)[:, :9, :7]
    found = _resolver(2, "gaussian:0.2").fit(statistics_of(cube))(cube, (0, 0))
    assert found.shape == (bands, 18, 14)
    assert np.isfinite(found).all()
    flat = np.full((bands, 9, 7), 5, np.float32)
    same = _resolver(2, "gaussian:0.2").fit(statistics_of(flat))(flat, (0, 0))
    np.testing.assert_allclose(same, 5, rtol=1e-4)


@pytest.mark.parametrize("backend", ["auto", "torch"])
@pytest.mark.parametrize("psf", ["gaussian:0.2", "bicubic"])
def test_a_scene_of_noise_alone_has_an_answer(psf: str, backend: str) -> None:
    """None of its axes is signal."""
    noise = np.random.default_rng(4).normal(100, 10, (24, 20, 20)).astype(np.float32)
    resolve = _resolver(2, psf, backend).fit_parts(statistics_of(noise), Event())
    (made,) = resolve(noise, (0, 0), (slice(0, 20), slice(0, 20)))
    assert made.shape == (24, 40, 40)
    assert np.isfinite(made).all()
    assert abs(float(made.mean()) - 100) < 1
