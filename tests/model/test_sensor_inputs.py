"""Inputs of other sensors, as training draws them: near what D makes, and worse for their noise."""

import numpy as np
import pytest
import torch

from hsisr_geo.cube.degradation import Degradation, named
from hsisr_geo.model import back_projection
from hsisr_geo.model.training import sensor_inputs
from hsisr_geo.model.training.component_patches import ComponentImage, ComponentPatches
from hsisr_geo.model.training.photographs import Photograph


def _ground(count: int, side: int) -> torch.Tensor:
    """Images whose power falls with the wave, as that of ground does, of variance one."""
    rng = np.random.default_rng(5)
    waves = np.fft.fftfreq(side)
    fall = 1 / (0.03 + np.hypot(waves[:, None], waves))
    images = np.fft.ifft2(np.fft.fft2(rng.standard_normal((count, side, side))) * fall).real
    images -= images.mean(axis=(1, 2), keepdims=True)
    return torch.from_numpy((images / images.std(axis=(1, 2), keepdims=True)).astype("f4"))


def _error(x: torch.Tensor, d: Degradation) -> float:
    inside = slice(sensor_inputs.MARGIN, -sensor_inputs.MARGIN)
    made = sensor_inputs.sensor_inputs(x, d, np.random.default_rng(0))
    off = (made - back_projection.degrade(x, d))[:, inside, inside]
    return float(off.square().mean().sqrt())


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_an_input_without_noise_is_nearly_what_the_trained_degradation_makes(
    upscale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, d = _ground(8, 36 * upscale), named("bicubic", upscale)
    blurred = [back_projection.degrade(x, named(f"gaussian:{m}", upscale)) for m in (0.05, 0.7)]
    least, most = (
        float((b - back_projection.degrade(x, d)).square().mean()) for b in blurred[::-1]
    )
    monkeypatch.setattr(sensor_inputs, "_GUESSED", 0)
    monkeypatch.setattr(sensor_inputs, "_LEAST_NOISE", 1e-4)
    monkeypatch.setattr(sensor_inputs, "_MOST_NOISE", 1.1e-4)
    assert _error(x, d) ** 2 < 0.25 * (least + most) / 2


def test_noise_and_a_wrong_guess_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    x, d = _ground(8, 72), named("bicubic", 2)
    ordinary = _error(x, d)
    monkeypatch.setattr(sensor_inputs, "_MOST_NOISE", 0.0031)
    quiet = _error(x, d)
    assert ordinary > 1.5 * quiet


def test_as_many_images_as_there_are_get_an_input() -> None:
    for count in (1, 3, 9):
        made = sensor_inputs.sensor_inputs(
            _ground(count, 80), named("bicubic", 4), np.random.default_rng(0)
        )
        assert made.shape == (count, 20, 20)


def test_the_share_of_other_sensors_changes_inputs_and_nothing_else() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (3, 300, 300), np.uint8)
    white = np.zeros(3, np.float32), np.eye(3, dtype=np.float32) / 74, np.ones(3, np.float32)
    photograph = Photograph(pixels, *white)
    blank = torch.zeros(1, 48, 48)
    scene = ComponentImage(2, blank, blank, np.ones(1, np.float32))
    patches = ComponentPatches([scene], [photograph], 1.0, {2: 24}, other_sensors=1.0)
    true, inputs = patches.draw(named("bicubic", 2), np.random.default_rng(2))
    assert true.shape == inputs.shape == (40, 1, 48, 48)
    d = named("bicubic", 2)
    again = back_projection.interpolate(back_projection.degrade(true, d), 2)
    inside = (..., slice(8, -8), slice(8, -8))
    assert float((inputs - again)[inside].square().mean()) > 1e-4
