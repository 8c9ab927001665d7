"""Train the estimator of `--psf auto`: hsisr_geo/blur/softness.json.

    python benchmarks/softness.py SCENES PHOTOGRAPHS OUT.json [--patches 12000 ...]

PHOTOGRAPHS is what `collect_photographs.py` wrote (OUT/rgb). Patches of photographs and the scenes
are blurred by known amounts, given noise, and turned into the numbers of `blur.features`; small
networks learn the 10, 50 and 90 % quantiles of the log MTF from them by the pinball loss. Bicubic
counts as an MTF of 0.66. Prints how often the truth lies below each quantile when a scene's own
views are left out (all scenes in turn), then writes networks that were trained on all.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.blur.features import features
from hsisr_geo.cube.degradation import Degradation, gaussian, named
from hsisr_geo.model.training.photographs import Photograph, load_photographs
from hsisr_geo.model.training.training_data import TrainingScene, load_scenes

Array = NDArray[np.float64]
Samples = tuple[Array, Array]
"""Numbers (sample, number) and log MTF (sample,); one sample for each direction of an image."""

QUANTILES = torch.tensor([0.1, 0.5, 0.9])
BICUBIC_MTF = 0.66
TRUE = ("bicubic", *(f"gaussian:{mtf}" for mtf in (0.1, 0.2, 0.3, 0.4, 0.5)))
COMPONENTS = 4
SCENE_SHARE = 0.35  # of what a network sees


@click.command()
@click.argument("scenes", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--patches", default=12000, show_default=True)
@click.option("--soft-patches", default=4000, show_default=True, help="Of very soft ground.")
@click.option("--steps", default=2000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(
    scenes: Path,
    photographs: Path,
    out: Path,
    patches: int,
    soft_patches: int,
    steps: int,
    seed: int,
) -> None:
    """Train and write the estimator."""
    rng = np.random.default_rng(seed)
    photos = [photo for photo in load_photographs(photographs) if len(photo.pixels) == 3]
    of_photos = joined(
        patch_sample(photos, rng, soft)
        for soft, count in (((0.1, 0.6), patches), ((0.03, 0.2), soft_patches))
        for _ in range(count)
    )
    by_scene = [joined(scene_samples(scene, rng)) for scene in load_scenes(scenes)]
    below = []
    for held, (numbers, truth) in enumerate(by_scene):
        others = [samples for i, samples in enumerate(by_scene) if i != held]
        (network,) = trained(of_photos, joined(others), 1, steps)
        below.append((truth[:, None] < predict(network, numbers)).mean(axis=0))
    click.echo(f"truth below the 10, 50, 90 % bounds: {np.mean(below, axis=0).round(2)}")
    networks = trained(of_photos, joined(by_scene), 2, steps)
    out.write_text(json.dumps([record(network) for network in networks]) + "\n")


def joined(samples: "Iterator[Samples] | Sequence[Samples]") -> Samples:
    """Put samples one after the other."""
    numbers, truth = zip(*samples, strict=True)
    return np.concatenate(numbers), np.concatenate(truth)


def random_blur(rng: np.random.Generator, factor: int) -> tuple[Degradation, Array]:
    """Draw a degradation and its log MTF along both directions."""
    if rng.random() < 0.25:
        return named("bicubic", factor), np.log([BICUBIC_MTF, BICUBIC_MTF])
    rows = cols = float(np.exp(rng.uniform(np.log(0.04), np.log(0.75))))
    if rng.random() >= 0.6:
        cols = float(np.clip(rows * np.exp(rng.normal(0, 0.4)), 0.04, 0.8))
    return gaussian(rows, factor, cols), np.log([rows, cols])


def patch_sample(
    photos: Sequence[Photograph], rng: np.random.Generator, soft: tuple[float, float]
) -> Samples:
    """Blur a random patch of a photograph, and measure it; `soft` bounds its own MTF."""
    factor = int(rng.choice([2, 3, 4]))
    weight = np.array([photo.pixels[0].size for photo in photos], float) ** 0.5
    photo = photos[rng.choice(len(photos), p=weight / weight.sum())]
    most = min(96, min(photo.pixels.shape[1:]) // factor - 1)
    side = factor * int(np.exp(rng.uniform(np.log(12), np.log(most))))
    row, col = (int(rng.integers(n - side + 1)) for n in photo.pixels.shape[1:])
    window = photo.pixels[:, row : row + side, col : col + side] - photo.mean[:, None, None]
    components = np.tensordot(photo.whitening[np.argsort(-photo.weight)], window, axes=1)
    if soft[0] < 0.1 or rng.random() < 0.8:
        components = blurred(components, rng.uniform(*soft))
    degradation, truth = random_blur(rng, factor)
    coarse = degradation.apply(np.ascontiguousarray(components, np.float32))
    noise = np.exp(rng.uniform(np.log(1e-6), np.log(1e-2)))
    noise = noise * np.exp(np.cumsum(np.abs(rng.normal(0, 1.2, len(coarse)))))
    noise = np.minimum(noise, 0.1)
    seen = coarse + np.sqrt(noise)[:, None, None] * rng.standard_normal(coarse.shape)
    return features(seen, noise * np.exp(rng.normal(0, 0.2, len(noise)))), truth


def blurred(images: Array, mtf: float) -> Array:
    """Blur to a modulation at the Nyquist frequency of the images' own pixels."""
    sigma = np.sqrt(-2 * np.log(mtf)) / np.pi
    at = np.arange(images.shape[-1])
    kernel = np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    return np.asarray(kernel @ images @ kernel.T)


def scene_samples(scene: TrainingScene, rng: np.random.Generator) -> Iterator[Samples]:
    """Yield a scene at each upscale, blur and noise, measured as `blur.estimate` would."""
    for factor in (2, 3, 4):
        rows, cols = (n // (4 * factor) * 4 * factor for n in scene.cube.shape[1:])
        if min(rows, cols) < 12 * factor:
            continue
        for true in TRUE:
            clean = named(true, factor).apply(np.ascontiguousarray(scene.cube[:, :rows, :cols]))
            level = np.abs(clean.mean(axis=(1, 2), keepdims=True))
            for noise in (0.0, 0.01):
                seen = clean + noise * level * rng.standard_normal(clean.shape)
                mtf = BICUBIC_MTF if true == "bicubic" else float(true.partition(":")[2])
                yield of_cube(scene.as_stored(seen.astype(np.float32))), np.log([mtf, mtf])


def of_cube(cube: NDArray[np.float32]) -> Array:
    """Numbers of a cube's leading components."""
    pixels = cube.reshape(len(cube), -1).astype(np.float64)
    correlation = np.corrcoef(pixels)
    axes = np.linalg.eigh(correlation)[1][:, ::-1][:, :COMPONENTS]
    standard = (pixels - pixels.mean(axis=1)[:, None]) / pixels.std(axis=1)[:, None]
    noise = (axes**2).T @ band_noise(correlation, pixels.shape[1])
    return features((axes.T @ standard).reshape(-1, *cube.shape[1:]), noise)


Network = tuple[nn.Sequential, Array, Array]
"""Layers, and mean and deviation of the numbers that they are given."""


def trained(of_photos: Samples, of_scenes: Samples, count: int, steps: int) -> list[Network]:
    """Train networks that differ by their seed."""
    numbers, truth = joined([of_photos, of_scenes])
    mean, std = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
    many, few = len(of_photos[1]), len(of_scenes[1])
    share = np.concatenate([
        np.full(many, (1 - SCENE_SHARE) / many), np.full(few, SCENE_SHARE / few)
    ])  # fmt: skip
    x = torch.from_numpy(((numbers - mean) / std).clip(-4, 4)).float()
    y, chance = (torch.from_numpy(values).float() for values in (truth, share))
    return [(descended(x, y, chance, seed, steps), mean, std) for seed in range(count)]


def descended(
    x: torch.Tensor, y: torch.Tensor, chance: torch.Tensor, seed: int, steps: int
) -> nn.Sequential:
    """Minimise the pinball loss over random batches."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = [nn.Linear(x.shape[1], 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh()]
    network = nn.Sequential(*layers, nn.Linear(32, len(QUANTILES)))
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-3)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
        batch = torch.multinomial(chance, 512, replacement=True, generator=generator)
        shaken = x[batch] + 0.05 * torch.randn(512, x.shape[1], generator=generator)
        error = y[batch, None] - network(shaken)
        loss = torch.maximum(QUANTILES * error, (QUANTILES - 1) * error).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network


def predict(network: Network, numbers: Array) -> Array:
    """Quantiles of log MTF (sample, 3)."""
    layers, mean, std = network
    with torch.no_grad():
        out = layers(torch.from_numpy(((numbers - mean) / std).clip(-4, 4)).float())
    return np.asarray(out.numpy(), np.float64)


def rounded(tensor: torch.Tensor) -> list[float]:
    """Five digits are enough."""
    return tensor.detach().numpy().astype(float).round(5).tolist()  # type: ignore[no-any-return]


def record(network: Network) -> dict[str, object]:
    """Return a network as the file holds it."""
    layers, mean, std = network
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    return {
        "mean": mean.round(5).tolist(),
        "std": std.round(5).tolist(),
        "layers": [{"weight": rounded(one.weight), "bias": rounded(one.bias)} for one in linear],
    }


if __name__ == "__main__":
    main()
