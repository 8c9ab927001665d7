"""What a known blur is worth, and one that is looked for: true D by noise by what is assumed.

    python benchmarks/blur.py SCENES [--holdout PREFIX ...] [--upscale 2 ...] [--model NAME]

Each scene is degraded by each true D, gets noise (a share of each band's mean) and its own data
type, and is written, so that `--psf auto` sees what it would see of a user's file. Prints the gain
in PSNR over bicubic interpolation of the same input, and the spectral angle as a ratio of that
one's, mean over the scenes: *bicubic* assumed, which was the default up to version 2; *auto*;
*known*. In brackets the worst scene; of *auto*, against *bicubic*: what looking costs at worst.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from hold import held

from hsisr_geo.assessment.wald import write
from hsisr_geo.benchmark.data.sources import usable_bands
from hsisr_geo.blur import find_blur
from hsisr_geo.cube.degradation import Degradation, named
from hsisr_geo.metrics import Scores, evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.training.training_data import TrainingScene, degraded_pair
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window, whole
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import Recipe

TRUE = ("bicubic", "gaussian:0.1", "gaussian:0.2", "gaussian:0.3", "gaussian:0.5")
NOISE = (0.0, 0.01)
METHODS = ("bicubic", "auto", "known")


@click.command()
@click.argument("scenes", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--holdout", multiple=True, help="Only scenes whose name begins so; repeatable.")
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4))
@click.option("--true", "trues", multiple=True, default=TRUE, help="True D; repeatable.")
@click.option("--noise", "noises", type=float, multiple=True, default=NOISE)
def main(
    scenes: Path,
    holdout: tuple[str, ...],
    model: str,
    upscales: tuple[int, ...],
    trues: tuple[str, ...],
    noises: tuple[float, ...],
) -> None:
    """Print a table for each upscale."""
    paths = [p for p in sorted(scenes.glob("*.tif")) if not holdout or p.name.startswith(holdout)]
    chosen = [scene_of(path) for path in paths]
    for upscale in upscales:
        resolver = load(Recipe(model, upscale=upscale))
        names = ", ".join(path.stem for path in paths)
        click.echo(f"\n×{upscale}, {resolver.name} {resolver.config.version}, mean of {names}\n")
        click.echo("| true D, noise | " + " | ".join(METHODS) + " | auto assumed |")
        click.echo("|---|" + "---|" * (len(METHODS) + 1))
        for true in trues:
            for noise in noises:
                click.echo(line(resolver, chosen, named(true, upscale), noise))


def scene_of(path: Path) -> tuple[Raster, TrainingScene]:
    """Read the usable bands of a scene."""
    raster = open_raster(path)
    good = sorted(usable_bands(raster))
    cube = read_window(raster, *whole(raster), good)
    raster = raster.select(good)
    return raster, TrainingScene(path.stem, cube, raster.bands, raster.dtype)


def line(
    resolver: DiffusionResolver,
    scenes: list[tuple[Raster, TrainingScene]],
    true: Degradation,
    noise: float,
) -> str:
    """Score one true D and noise."""
    rows, found = [], []
    for raster, scene in scenes:
        for method, name, gain in gains(resolver, raster, scene, true, noise):
            rows.append((METHODS.index(method), *gain))
            if method == "auto":
                found.append(name.replace("gaussian:", ""))
    table = np.array(rows).reshape(len(scenes), len(METHODS), 3)[:, :, 1:]
    change = table[:, METHODS.index("auto"), 0] - table[:, 0, 0]
    texts = [
        f"{table[:, i, 0].mean():+.2f} / {table[:, i, 1].mean():.3f} ({worst:+.2f})"
        for i, worst in enumerate((table[:, 0, 0].min(), change.min(), table[:, 2, 0].min()))
    ]
    return f"| {true.name}, {noise:.1%} | " + " | ".join(texts) + f" | {'; '.join(found)} |"


def gains(
    resolver: DiffusionResolver,
    raster: Raster,
    scene: TrainingScene,
    true: Degradation,
    noise: float,
) -> Iterator[tuple[str, str, tuple[float, float]]]:
    """Give method, D assumed, PSNR gained over bicubic and ratio of spectral angles."""
    pair = degraded_pair(scene, true.factor, true, noise)
    truth, lr = pair.hr.numpy(), pair.lr.numpy()
    fine = back_projection.interpolate(pair.lr, true.factor).numpy()
    base = evaluate(held(fine, lr, BicubicResolver(true.factor)), truth, upscale=true.factor)
    made: dict[str, Scores] = {}
    for method in METHODS:
        name = {"bicubic": "bicubic", "known": true.name}.get(method) or looked_for(raster, lr)
        if name not in made:
            assuming = replace(resolver, degradation=named(name, true.factor))
            answer = held(assuming.fit(pair.statistics)(lr, (0, 0)), lr, assuming)
            made[name] = evaluate(answer, truth, upscale=true.factor)
        ours = made[name]
        yield method, name, (ours.mpsnr - base.mpsnr, ours.sam_deg / base.sam_deg)


def looked_for(raster: Raster, lr: np.ndarray) -> str:
    """Return what `--psf auto` finds of a file with these pixels."""
    with tempfile.TemporaryDirectory() as folder:
        grid = replace(raster, shape=lr.shape[1:], gcps=(), rpcs=None, tags={})
        return find_blur(write(Path(folder, "lr.tif"), grid, lr)).psf


if __name__ == "__main__":
    main()
