"""Multiply-adds of one best estimate, counted by torch as it runs: every convolution and product.

    python benchmarks/cost.py [--model NAME] [--bands 102] [--side 128]

The output cube is side x side x bands, as in the paper's timing table; what surrounds a tile is not
counted. Interpolation and back-projection are counted as the dense products they are run as.
"""

import click
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from hsisr_geo.model.inference.resolver import load
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.load import Recipe

PUBLISHED = 8.25e12
# ^ the published sampler for the same cube, without its attention's own products: 180 evaluations
#   of 45.84 G (tests/benchmark/test_published.py)


@click.command()
@click.option("--model", default="default", show_default=True)
@click.option("--bands", default=102, show_default=True)
@click.option("--side", default=128, show_default=True)
def main(model: str, bands: int, side: int) -> None:
    """Print one row for each upscale that MODEL knows."""
    click.echo("| upscale | TMAC | published sampler, × ours |\n|---|---|---|")
    for upscale in (2, 3, 4):
        macs = multiply_adds(model, upscale, bands, side)
        click.echo(f"| ×{upscale} | {macs / 1e12:.4f} | {PUBLISHED / macs:.0f} |")


def multiply_adds(model: str, upscale: int, bands: int, side: int) -> float:
    """Count one tile without surroundings; scaled to `side` where it is no multiple of upscale."""
    resolver = load(Recipe(str(model), upscale=upscale, device="cpu", backend="torch"))
    coarse = side // upscale
    rng = np.random.default_rng(0)
    cube = rng.random((bands, coarse, coarse), np.float32)
    resolve = resolver.fit(statistics_of(cube))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        resolve(cube, (0, 0))
    return counter.get_total_flops() / 2 * (side / (upscale * coarse)) ** 2


if __name__ == "__main__":
    main()
