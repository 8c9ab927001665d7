"""An answer is brought back to its input along the scene's axes, by what is signal there."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.resampling import upsample
from hsisr_geo.model import back_projection, images
from hsisr_geo.model.axes.principal import PrincipalAxes
from hsisr_geo.model.axes.signal import SignalAxes, summed

BICUBIC = named("bicubic", 2)


def _seen(noise: float, bands: int = 24) -> NDArray[np.float64]:
    """Three materials' spectra in 3000 pixels (band, pixel), of unit variance, and noise."""
    rng = np.random.default_rng(5)
    ground = rng.standard_normal((bands, 3)) @ rng.standard_normal((3, 3000))
    ground /= ground.std(axis=1, keepdims=True)
    return ground + noise * rng.standard_normal(ground.shape)


def _fitted(noise: float) -> SignalAxes:
    found = SignalAxes.fit(PrincipalAxes.of(np.corrcoef(_seen(noise)), 3000))
    assert found is not None
    return found


def test_noise_stays_away_and_ground_comes_back() -> None:
    """Of 24 axes with noise of a tenth in every band, three are ground."""
    signal = _fitted(0.1)
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((24, 4000)).astype(np.float32)
    ground = (_seen(0.0) / np.hypot(1, 0.1)).astype(np.float32)

    def back(residual: NDArray[np.float32]) -> NDArray[np.float32]:
        axes = signal.along(residual)[:, None]
        made: NDArray[np.float32] = signal.across(axes, slice(None))[:, 0]
        return made

    assert np.square(back(noise)).mean() < 0.3 * np.square(noise).mean()
    assert np.square(back(ground) - ground).mean() < 0.001


def test_without_noise_all_comes_back() -> None:
    signal = np.sort(_fitted(1e-6).share.ravel())
    assert signal[-3:] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 500), (7, 500), (19, 500), (50, 4)])
def test_where_no_noise_can_be_told_bands_come_back_whole(shape: tuple[int, int]) -> None:
    bands, pixels = shape
    assert SignalAxes.fit(PrincipalAxes.of(np.eye(bands), pixels)) is None


def test_where_a_blur_is_taken_off_noisy_axes_stay_as_they_are() -> None:
    """Of noise of a third of each band's deviation, 21 axes are left out, and ground is kept."""
    found = SignalAxes.fit(PrincipalAxes.of(np.corrcoef(_seen(0.3)), 3000), sharpened=True)
    assert found is not None
    assert found.axes.shape == (24, 3)
    assert found.share.ravel() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_coarse_images_add_up_to_what_back_projection_adds(iterations: int) -> None:
    """Irani and Peleg's steps, one after another, on a fine image that is far from its input."""
    rng = np.random.default_rng(7)
    given = rng.standard_normal((2, 12, 14)).astype(np.float32)
    fine = rng.standard_normal((2, 24, 28)).astype(np.float32)
    missing = given - BICUBIC.apply(fine)
    ours = fine + upsample(summed(missing, 1.0, BICUBIC, iterations), 2)
    steps = back_projection.back_project(
        torch.from_numpy(fine), torch.from_numpy(given), BICUBIC, iterations
    )
    np.testing.assert_allclose(ours, steps.numpy(), atol=1e-5)


@pytest.mark.parametrize("spec", ["bicubic", "gaussian:0.1,0.4"])
@pytest.mark.parametrize("factor", [2, 3])
def test_degrading_an_interpolation_needs_none(spec: str, factor: int) -> None:
    """By NumPy and by torch; at the edges, too, where taps fall outside."""
    degradation = named(spec, factor)
    cube = np.random.default_rng(8).standard_normal((2, 40, 9)).astype(np.float32)
    expected = degradation.apply(upsample(cube, factor))
    np.testing.assert_allclose(images.degrade_again(cube, degradation), expected, atol=1e-5)
    by_torch = images.degrade_again(torch.from_numpy(cube), degradation).numpy()
    np.testing.assert_allclose(by_torch, expected, atol=1e-5)
