"""How far the best estimate should be drawn towards bicubic, measured on held-out sites.

    python benchmarks/shrinkage.py MODEL SCENES --holdout NAME [--holdout NAME ...]

A scene may be softer than its grid, and a coarse pixel does not tell; then the network's detail is
too much. For each upscale and factor, prints the gain in PSNR and the spectral angle against
bicubic's: mean over the sites, and the worst site's angle, which is what the factor is chosen by.
"""

from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from hsisr_geo.model.checkpoint import load_network
from hsisr_geo.model.training.hold_out import split
from hsisr_geo.model.training.training_data import degraded_pair, load_scenes
from hsisr_geo.model.training.validation import score

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("scenes", type=click.Path(exists=True, path_type=Path))
@click.option("--holdout", multiple=True, required=True)
def main(model: Path, scenes: Path, holdout: tuple[str, ...]) -> None:
    """Sweep the factor for every upscale of MODEL."""
    network, header = load_network(model)
    network.eval().requires_grad_(False)
    _, held = split(load_scenes(scenes), holdout)
    click.echo(
        "| upscale | factor | PSNR gain dB | SAM × | worst site's SAM × |\n|---|---|---|---|---|"
    )
    for upscale in header.config.upscales:
        pairs = [degraded_pair(scene, upscale) for scene in held]
        for factor in FACTORS:
            config = replace(header.config, shrinkage=(factor,) * len(header.config.upscales))
            gains = [score(network, config, pair) for pair in pairs]
            psnr = np.mean([g.psnr_db for g in gains])
            sam = [g.sam_ratio for g in gains]
            click.echo(
                f"| ×{upscale} | {factor} | {psnr:+.3f} | {np.mean(sam):.3f} | {max(sam):.3f} |"
            )


if __name__ == "__main__":
    main()
