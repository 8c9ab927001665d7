"""Levels and samplers: exact ends of the chain, and the right law for a law that is known."""

import pytest
import torch
from torch import Tensor

from hsisr_geo.model.chain import levels
from hsisr_geo.model.diffusion import best_estimate, diffuse, sample


@pytest.mark.parametrize("steps", [1, 4, 20])
def test_the_chain_runs_from_pure_noise_to_clean(steps: int) -> None:
    chain = levels(steps)
    assert len(chain) == steps + 1
    assert chain[0] == 0.0
    assert chain[-1] == 1.0
    assert chain == sorted(chain)


def test_the_last_level_holds_no_signal_and_the_first_no_noise() -> None:
    y0, noise = torch.randn(2, 3, 1, 4, 4).unbind(0)
    assert torch.equal(diffuse(y0, noise, torch.zeros(3)), noise)
    assert torch.equal(diffuse(y0, noise, torch.ones(3)), y0)


def _gaussian_denoiser(mean: float, deviation: float):  # type: ignore[no-untyped-def]
    """E[y_0 | y_t] when y_0 is normal: what a perfect network would say."""

    def denoise(y_t: Tensor, level: Tensor) -> Tensor:
        a = level[:, None, None, None]
        gain = a * deviation**2 / (a**2 * deviation**2 + 1 - a**2)
        return mean + gain * (y_t - a * mean)

    return denoise


def test_best_estimate_is_the_mean() -> None:
    like = torch.empty(2, 1, 5, 5)
    estimate = best_estimate(_gaussian_denoiser(0.7, 0.3), like)
    torch.testing.assert_close(estimate, torch.full_like(like, 0.7))


def test_samples_have_the_mean_and_deviation_of_the_truth() -> None:
    torch.manual_seed(0)
    noise = torch.randn(4, 1, 100, 100)
    y0 = sample(_gaussian_denoiser(0.7, 0.3), noise, steps=50)
    assert y0.mean().item() == pytest.approx(0.7, abs=0.01)
    assert y0.std().item() == pytest.approx(0.3, rel=0.05)


def test_the_same_noise_gives_the_same_sample() -> None:
    noise = torch.randn(1, 1, 8, 8)
    denoise = _gaussian_denoiser(0.0, 1.0)
    assert torch.equal(sample(denoise, noise, 4), sample(denoise, noise, 4))
    assert not torch.equal(sample(denoise, noise, 4), sample(denoise, noise + 0.1, 4))
