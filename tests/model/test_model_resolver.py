"""The shipped model as a resolver: exact under tiling, carries detail, really samples."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from silent_model import silent

from hsisr_geo.cube.degradation import named
from hsisr_geo.errors import ModelError
from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model import reach as reaches
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.scene import LatentBasis
from hsisr_geo.model.training.training_data import TrainingScene, degraded_pair
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL, find_model
from hsisr_geo.resolver.load import Recipe

torch.manual_seed(0)


def _resolver(upscale: int = 2, **options: object) -> DiffusionResolver:
    return load(Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu", **options))  # type: ignore[arg-type]


def _landscape(bands: int = 40, side: int = 96) -> NDArray[np.float32]:
    """Fields with sharp borders, four materials with smooth spectra, a little sensor noise."""
    rng = np.random.default_rng(3)
    field = rng.integers(0, 4, (side // 12, side // 12)).repeat(12, 0).repeat(12, 1)
    field = np.roll(field, (5, 3), (0, 1))
    wave = np.linspace(0, 3, bands)
    spectra = 0.3 + 0.2 * np.stack([np.sin(wave + phase) for phase in range(4)])
    shade = 1 + 0.2 * np.sin(np.arange(side) / 3)
    cube = spectra[field].transpose(2, 0, 1) * shade
    return (1e4 * (cube + 0.001 * rng.standard_normal(cube.shape))).astype(np.float32)


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_a_window_with_its_context_gives_the_pixels_of_the_whole(upscale: int) -> None:
    resolver, cube = _resolver(upscale), _landscape(20, 96)
    resolver = replace(resolver, config=replace(resolver.config, components=2))
    resolve = resolver.fit(statistics_of(cube))
    whole = resolve(cube, (0, 0))
    context, core = resolver.context, slice(40, 56)
    start, stop = core.start - context, core.stop + context
    part = resolve(np.ascontiguousarray(cube[:, start:stop, start:stop]), (start, start))
    inside = slice(context * upscale, (context + 16) * upscale)
    expected = whole[:, core.start * upscale : core.stop * upscale, :][
        :, :, core.start * upscale : core.stop * upscale
    ]
    np.testing.assert_allclose(part[:, inside, inside], expected, rtol=1e-4, atol=0.05)
    # ^ 0.05 DN of 10 000: rounding of float32, as convolutions of other sizes add up otherwise


@pytest.mark.parametrize("upscale", [2, 4])
def test_the_autoencoder_carries_the_detail(upscale: int) -> None:
    """Plain decoding of the very same latents loses what detail decoding keeps."""
    resolver = _resolver(upscale, backend="torch")
    pair = degraded_pair(TrainingScene("landscape", _landscape()), upscale)
    autoencoder = resolver.network.autoencoder
    x, u = (pair.standardise(c) for c in (pair.hr, back_projection.interpolate(pair.lr, upscale)))
    with torch.inference_mode():
        z_hr, z_u = autoencoder.encode(x), autoencoder.encode(u)
        plain = autoencoder.decode(z_hr, len(x))
        detailed = u + autoencoder.detail(z_hr, z_u, len(x))
    error = {
        n: float((c - x).square().mean())
        for n, c in (("plain", plain), ("detail", detailed), ("bicubic", u))
    }
    assert error["detail"] < error["plain"]
    assert error["detail"] < 0.1 * error["bicubic"]


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_the_network_beats_its_own_pipeline_without_it(upscale: int) -> None:
    pair = degraded_pair(TrainingScene("landscape", _landscape()), upscale)
    ours = _resolver(upscale).fit(pair.statistics)(pair.lr.numpy(), (0, 0))
    without = silent(_resolver(upscale, backend="torch"))
    without = without.fit(pair.statistics)(pair.lr.numpy(), (0, 0))
    reference = pair.hr.numpy()
    gain = (
        evaluate(ours, reference, upscale=upscale).mpsnr
        - evaluate(without, reference, upscale=upscale).mpsnr
    )
    assert gain > 0.3


def test_without_detail_the_seed_has_no_meaning() -> None:
    cube = _landscape(20, 24)
    first, second = (_resolver(seed=s).fit(statistics_of(cube))(cube, (0, 0)) for s in (1, 2))
    np.testing.assert_array_equal(first, second)


def test_with_detail_seeds_differ_and_repeat() -> None:
    cube = _landscape(5, 24)
    one, two, again = (
        _resolver(detail=1.0, seed=s).fit(statistics_of(cube))(cube, (0, 0)) for s in (1, 2, 1)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - two).mean() > 1.0


@pytest.mark.parametrize("bands", [1, 2, 15, 16, 33])
def test_any_number_of_bands(bands: int) -> None:
    cube = _landscape(40, 24)[:bands]
    assert _resolver().fit(statistics_of(cube))(cube, (0, 0)).shape == (bands, 48, 48)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 1), (3, 4)])
def test_scenes_of_a_few_pixels(shape: tuple[int, int]) -> None:
    cube = _landscape(20, 24)[:, : shape[0], : shape[1]].copy()
    out = _resolver(4).fit(statistics_of(cube))(cube, (0, 0))
    assert out.shape == (20, 4 * shape[0], 4 * shape[1])
    assert np.isfinite(out).all()


def test_a_constant_scene_stays_constant() -> None:
    cube = np.full((20, 8, 8), 1234.0, np.float32)
    out = _resolver().fit(statistics_of(cube))(cube, (0, 0))
    np.testing.assert_allclose(out, 1234.0, rtol=1e-5)


def test_components_are_white_and_invertible() -> None:
    pair = degraded_pair(TrainingScene("landscape", _landscape()), 2)
    network = _resolver(backend="torch").network
    spectra = pair.standardise(pair.lr).flatten(1).T.numpy()
    basis = LatentBasis.fit(network.autoencoder, spectra, 6)
    c = basis.analyse(network.autoencoder.encode(pair.standardise(pair.lr))).flatten(1)
    covariance = (c @ c.T / c.shape[1]).numpy()
    np.testing.assert_allclose(covariance, np.eye(6), atol=0.02)
    np.testing.assert_allclose((basis.analysis @ basis.synthesis).numpy(), np.eye(6), atol=1e-3)
    assert list(basis.weight) == sorted(basis.weight, reverse=True)


def test_back_projection_halves_the_residual() -> None:
    lr = torch.from_numpy(_landscape(4, 36))
    x = back_projection.interpolate(lr, 2) + 5 * torch.randn(4, 72, 72)
    bicubic = named("bicubic", 2)
    residuals = [
        float(
            (
                back_projection.degrade(back_projection.back_project(x, lr, bicubic, k), bicubic)
                - lr
            ).norm()
        )
        for k in range(4)
    ]
    assert all(b < 0.7 * a for a, b in pairwise(residuals))


@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize("spec", ["bicubic", "gaussian:0.005", "gaussian:0.5"])
def test_a_back_projection_reaches_no_further_than_it_says(upscale: int, spec: str) -> None:
    degradation = named(spec, upscale)
    lr = torch.zeros(1, 41, 41)
    lr[0, 20, 20] = 1
    u = back_projection.interpolate(lr, upscale)
    for iterations in (1, 2):
        x = back_projection.back_project(u, lr, degradation, iterations)
        felt = int((x[0].nonzero() // upscale - 20).abs().max())
        said = iterations * reaches.reach(degradation) + 2
        assert said - iterations <= felt <= said


def test_unknown_upscale_and_device_are_named() -> None:
    path = find_model(DEFAULT_MODEL)
    with pytest.raises(ModelError, match="knows upscale 2, 3, 4, not 8"):
        load(Recipe(str(path), upscale=8))
    with pytest.raises(ModelError, match="unknown device"):
        load(Recipe(str(path), upscale=2, device="abacus"))


def test_detail_widens_the_context() -> None:
    resolver = _resolver()
    assert replace(resolver, detail=1.0).context > resolver.context


def test_statistics_are_required() -> None:
    with pytest.raises(ModelError, match="statistics"):
        _resolver().fit(None)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network, header = load_network(find_model(DEFAULT_MODEL))
    next(network.denoiser.parameters()).data.fill_(float("nan"))
    path = tmp_path / "nan.safetensors"
    save_network(path, network, header.config, header.card)
    with pytest.raises(ModelError, match="not finite"):
        load(Recipe(str(path), upscale=2, device="cpu"))
