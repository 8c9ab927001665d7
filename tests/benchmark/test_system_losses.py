"""The published losses against their formulas, written out in numpy."""

import math

import numpy as np
import pytest
import torch

from hsisr_geo.benchmark.systems.layers import losses

CUBES = np.random.default_rng(0).random((2, 2, 5, 6, 7))
SR, HR = (torch.from_numpy(cube) for cube in CUBES)  # (image, band, row, col) each


def variations(x: np.ndarray) -> tuple[float, float]:
    """SSPSR's sums, each over the number of its terms in one image, over the images."""
    images, bands, rows, cols = x.shape
    along_rows = (np.diff(x, axis=2) ** 2).sum() / (bands * (rows - 1) * cols)
    along_cols = (np.diff(x, axis=3) ** 2).sum() / (bands * rows * (cols - 1))
    along_bands = 2 * (np.diff(x, axis=1) ** 2).sum() / ((bands - 1) * rows * cols)
    return (along_rows + along_cols) / images, along_bands / images


def angle(x: np.ndarray, y: np.ndarray) -> float:
    norms = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return float(np.arccos((x * y).sum(axis=1) / norms).mean())


def magnitude(x: np.ndarray) -> np.ndarray:
    over_cols = np.diff(x, axis=3)[:, 1:, 1:, :]
    over_rows = np.diff(x, axis=2)[:, 1:, :, 1:]
    over_bands = np.diff(x, axis=1)[:, :, 1:, 1:]
    return np.sqrt(over_cols**2 + over_rows**2 + over_bands**2 + 1e-6)


def test_variations() -> None:
    spatial, spectral = variations(CUBES[0])
    assert losses.spatial_variation(SR).item() == pytest.approx(spatial)
    assert losses.spectral_variation(SR).item() == pytest.approx(spectral)
    expected = np.abs(CUBES[0] - CUBES[1]).mean() + 1e-3 * (spatial + spectral)
    assert losses.l1_with_variation(SR, HR).item() == pytest.approx(expected)


def test_spectral_angle_is_in_radians() -> None:
    assert losses.spectral_angle(SR, HR).item() == pytest.approx(angle(*CUBES))
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])
    right = losses.spectral_angle(one.view(1, 2, 1, 1), other.view(1, 2, 1, 1))
    assert right.item() == pytest.approx(math.pi / 2)


def test_loss_with_spectra() -> None:
    gradient = np.abs(magnitude(CUBES[0]) - magnitude(CUBES[1])).mean()
    assert losses.gradient_difference(SR, HR).item() == pytest.approx(gradient)
    expected = np.abs(CUBES[0] - CUBES[1]).mean() + 0.3 * angle(*CUBES) / math.pi + 0.1 * gradient
    assert losses.l1_with_spectra(SR, HR).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [losses.l1_with_variation, losses.l1_with_spectra])
@pytest.mark.parametrize("shape", [(1, 5, 4, 4), (2, 1, 4, 4), (1, 3, 1, 1)])
def test_learns_from_anything(loss, shape: tuple[int, ...]) -> None:
    # neither spectra that are parallel, nor zero, nor a single band or pixel spoil the gradient
    hr = torch.rand(shape)
    hr[..., 0] = 0
    sr = hr.clone().requires_grad_()
    loss(sr, hr).backward()
    assert sr.grad is not None
    assert sr.grad.isfinite().all()
