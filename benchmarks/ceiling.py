"""Where the wall is: what an ideal autoencoder, an ideal gain and an eightfold ensemble would give.

    python benchmarks/ceiling.py SCENES [--holdout PREFIX ...] [--model NAME] [--upscale 2 ...]

Mean over the scenes, degraded and super-resolved in memory: gain in PSNR over bicubic and spectral
angle against bicubic's. *True components* puts the truth in place of the denoiser's answer, so that
only autoencoder, number of components and subspace limit the result; *best gain* multiplies each
component's answer by the factor that fits the truth best; *eight turns* is the mean over the
symmetries of the square. The first is a ceiling; the other two tell how much a better tuned or
better trained denoiser of this kind might still have to give.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.inference.decode import add_detail, components_of
from hsisr_geo.model.inference.on_torch import first_estimate
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.scene import Scene
from hsisr_geo.model.training.training_data import Pair, degraded_pair, load_scenes
from hsisr_geo.resolver.load import Recipe

NAMES = ("back-projection", "released", "eight turns", "best gain", "true components")


@click.command()
@click.argument("scenes", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--holdout", multiple=True, help="Only scenes whose name begins so; repeatable.")
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4))
def main(scenes: Path, holdout: tuple[str, ...], model: str, upscales: tuple[int, ...]) -> None:
    """Print one row for each upscale and denoiser."""
    chosen = [s for s in load_scenes(scenes) if not holdout or s.name.startswith(holdout)]
    click.echo("| upscale | the denoiser's answer | PSNR gain dB | SAM × |\n|---|---|---|---|")
    for upscale in upscales:
        resolver = load(Recipe(str(model), upscale=upscale, device="cpu", backend="torch"))
        pairs = [degraded_pair(scene, upscale) for scene in chosen]
        with torch.inference_mode():
            gains = np.array([list(_gains(resolver, pair)) for pair in pairs]).mean(axis=0)
        for name, (psnr, sam) in zip(NAMES, gains, strict=True):
            click.echo(f"| ×{upscale} | {name} | {psnr:+.2f} | {sam:.3f} |")


def _gains(resolver: DiffusionResolver, pair: Pair) -> Iterator[tuple[float, float]]:
    """PSNR gained and ratio of angles for each of NAMES."""
    network, upscale = resolver.network, pair.upscale
    scene = Scene.fit(network, resolver.config, pair.statistics)
    x_lr, x_hr = ((cube - scene.mean) / scene.std for cube in (pair.lr, pair.hr))
    u = back_projection.interpolate(x_lr, upscale)
    c_u = components_of(network, scene, u)
    true = components_of(network, scene, x_hr) - c_u
    sigma = resolver.config.factor("sigma_y", upscale)
    turned = [
        sigma * _turned_back(resolver, c_u, turns, flip) for flip in (0, 1) for turns in range(4)
    ]
    released = turned[0]
    fit = (released * true).sum(dim=(1, 2)) / released.square().sum(dim=(1, 2))
    changes = (0 * true, released, sum(turned) / 8, fit[:, None, None] * released, true)
    base = evaluate((u * scene.std + scene.mean).numpy(), pair.hr.numpy(), upscale=upscale)
    for change in changes:
        x = add_detail(network, scene, u, change)
        x = back_projection.back_project(
            x, x_lr, resolver.degradation, resolver.config.back_projections
        )
        ours = evaluate((x * scene.std + scene.mean).numpy(), pair.hr.numpy(), upscale=upscale)
        yield ours.mpsnr - base.mpsnr, ours.sam_deg / base.sam_deg


def _turned_back(resolver: DiffusionResolver, c_u: Tensor, turns: int, flip: int) -> Tensor:
    """Best estimate of the components as another of the square's symmetries shows them."""
    turned = torch.rot90(c_u, turns, (1, 2)).flip([2] * flip).contiguous()
    y = first_estimate(resolver.network, turned, resolver.upscale)
    return torch.rot90(y.flip([2] * flip), -turns, (1, 2))


if __name__ == "__main__":
    main()
