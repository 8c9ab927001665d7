"""What `--detail` costs and gives: error beside bicubic's, gradient energy beside the truth's.

    python benchmarks/detail.py SCENES [--model NAME]

Scenes are degraded and super-resolved in memory, with seed 1; bands marked as bad are left out.
"""

from pathlib import Path

import click
import numpy as np
from hold import held

from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.inference.resolver import load
from hsisr_geo.model.training.training_data import degraded_pair, load_scenes
from hsisr_geo.resolver.load import Recipe

DETAILS = (0.0, 0.25, 0.5, 0.75, 1.0)


@click.command()
@click.argument("scenes", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4))
def main(scenes: Path, model: str, upscales: tuple[int, ...]) -> None:
    """Print one row for each upscale and detail, mean over SCENES."""
    cubes = load_scenes(scenes)
    click.echo("| upscale | detail | PSNR gain dB | SAM × | gradient energy, × the truth's |")
    click.echo("|---|---|---|---|---|")
    for upscale in upscales:
        pairs = [degraded_pair(scene, upscale) for scene in cubes]
        for detail in DETAILS:
            resolver = load(Recipe(str(model), upscale=upscale, detail=detail, seed=1))
            rows = []
            for pair in pairs:
                truth = pair.hr.numpy()
                bicubic = back_projection.interpolate(pair.lr, upscale).numpy()
                base = evaluate(bicubic, truth, upscale=upscale)
                lr = pair.lr.numpy()
                result = held(resolver.fit(pair.statistics)(lr, (0, 0)), lr, resolver)
                ours = evaluate(result, truth, upscale=upscale)
                energy = gradient_energy(result) / gradient_energy(truth)
                rows.append((ours.mpsnr - base.mpsnr, ours.sam_deg / base.sam_deg, energy))
            gain, ratio, energy = np.mean(rows, axis=0)
            click.echo(f"| ×{upscale} | {detail} | {gain:+.2f} | {ratio:.3f} | {energy:.2f} |")


def gradient_energy(cube: np.ndarray) -> float:
    """Mean square of differences between neighbouring pixels."""
    return float(sum((np.diff(cube, axis=axis) ** 2).mean() for axis in (1, 2)))


if __name__ == "__main__":
    main()
