"""How much shading and colour a sample's texture should have, measured on held-out sites.

    python benchmarks/texture.py MODEL SCENES --holdout NAME [--holdout NAME ...]

For each upscale and pair of gains (`ModelConfig.shading`, `.colour`), at `--detail 1` with seed 1:
gain in PSNR and spectral angle against bicubic's, and gradient energy against the truth's, mean
over the sites and that of each. The gains are chosen so that the energy is the truth's while the
angle stays below 1.1 of bicubic's.
"""

from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from detail import gradient_energy

from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.training.hold_out import split
from hsisr_geo.model.training.training_data import Pair, degraded_pair, load_scenes
from hsisr_geo.resolver.load import Recipe

SHADING = (1.0, 1.5, 2.0, 2.5)
COLOUR = (0.5,)


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("scenes", type=click.Path(exists=True, path_type=Path))
@click.option("--holdout", multiple=True, required=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 3, 4))
def main(model: Path, scenes: Path, holdout: tuple[str, ...], upscales: tuple[int, ...]) -> None:
    """Sweep both gains for every upscale of MODEL."""
    _, held = split(load_scenes(scenes), holdout)
    click.echo("| upscale | shading | colour | PSNR gain dB | SAM × | energy × | of each site |")
    click.echo("|---|---|---|---|---|---|---|")
    for upscale in upscales:
        resolver = load(Recipe(str(model), upscale=upscale, detail=1.0, seed=1))
        pairs = [degraded_pair(scene, upscale) for scene in held]
        for shading in SHADING:
            for colour in COLOUR:
                rows = np.array([_score(_with(resolver, shading, colour), p) for p in pairs])
                gain, angle, energy = rows.mean(axis=0)
                sites = ", ".join(f"{e:.2f}" for e in rows[:, 2])
                click.echo(
                    f"| ×{upscale} | {shading} | {colour} | {gain:+.2f} | {angle:.3f} "
                    f"| {energy:.2f} | {sites} |"
                )


def _with(resolver: DiffusionResolver, shading: float, colour: float) -> DiffusionResolver:
    count = len(resolver.config.upscales)
    config = replace(resolver.config, shading=(shading,) * count, colour=(colour,) * count)
    return replace(resolver, config=config)


def _score(resolver: DiffusionResolver, pair: Pair) -> tuple[float, float, float]:
    truth = pair.hr.numpy()
    bicubic = back_projection.interpolate(pair.lr, pair.upscale).numpy()
    base = evaluate(bicubic, truth, upscale=pair.upscale)
    result = resolver.fit(pair.statistics)(pair.lr.numpy(), (0, 0))
    ours = evaluate(result, truth, upscale=pair.upscale)
    energy = gradient_energy(result) / gradient_energy(truth)
    return ours.mpsnr - base.mpsnr, ours.sam_deg / base.sam_deg, energy


if __name__ == "__main__":
    main()
