"""Texture: shading changes brightness and no angle; with colour it makes the sample."""

import numpy as np
import pytest
import torch

from hsisr_geo.metrics import evaluate
from hsisr_geo.model.chain import add_texture


@pytest.fixture
def spectra() -> tuple[torch.Tensor, torch.Tensor]:
    """A best estimate and a sample (band, row, col), positive, in physical units."""
    rng = np.random.default_rng(5)
    best = torch.from_numpy(rng.uniform(500, 3000, (12, 16, 18)).astype(np.float32))
    added = torch.from_numpy((150 * rng.standard_normal(best.shape)).astype(np.float32))
    return best, best + added


def _angle(a: torch.Tensor, b: torch.Tensor) -> float:
    return evaluate(a.numpy(), b.numpy(), upscale=2).sam_deg


def test_with_both_gains_at_one_detail_one_is_the_sample(spectra) -> None:
    best, sample = spectra
    whole = add_texture(best, sample, 1.0, shading=1.0, colour=1.0)
    torch.testing.assert_close(whole, sample, rtol=1e-5, atol=1e-2)
    none = add_texture(best, sample, 0.0, shading=2.0, colour=0.5)
    torch.testing.assert_close(none, best)


def test_shading_alone_leaves_every_spectral_angle_as_it_is(spectra) -> None:
    best, sample = spectra
    shaded = add_texture(best, sample, 1.0, shading=3.0, colour=0.0)
    assert float((shaded - best).abs().mean()) > 30  # it does something
    assert _angle(shaded, best) < 0.05  # degrees; float32 has no more
    assert _angle(sample, best) > 3


def test_colour_changes_no_brightness_along_the_spectrum(spectra) -> None:
    best, sample = spectra
    coloured = add_texture(best, sample, 1.0, shading=0.0, colour=1.0)
    along = ((coloured - best) * best).sum(dim=0) / (best * best).sum(dim=0)
    assert float(along.abs().max()) < 1e-5
    assert _angle(coloured, best) > 3


def test_the_dial_is_linear_between_the_two(spectra) -> None:
    best, sample = spectra
    half, whole = (add_texture(best, sample, d, shading=1.2, colour=0.5) for d in (0.5, 1.0))
    torch.testing.assert_close(half, (best + whole) / 2, rtol=1e-5, atol=1e-2)


def test_a_spectrum_never_turns_over() -> None:
    best = torch.full((4, 2, 2), 100.0)
    dark = add_texture(best, torch.full_like(best, -400.0), 1.0, shading=2.0, colour=0.5)
    assert float(dark.min()) > 0


def test_a_pixel_without_any_light_stays_finite() -> None:
    best, sample = torch.zeros(4, 2, 2), torch.ones(4, 2, 2)
    assert torch.isfinite(add_texture(best, sample, 1.0, shading=2.0, colour=0.5)).all()
