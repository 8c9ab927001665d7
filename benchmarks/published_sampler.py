"""The best estimate beside the published sampler: the same cube, the same CPU, in the same run.

    python benchmarks/published_sampler.py [--bands 102] [--side 128] [--upscale 2 --upscale 4]

The published network has its published size (its parameters are counted) and random weights, as
only its cost matters. It is run for every group of bands and every one of twenty steps: 180 times
for 102 bands. `--timed` of these are timed, alternating with the best estimate, and the median is
multiplied (0 runs them all). Its encoder and decoder, about a hundredth of its work, are left out.
Ours is timed from the input's pixels to the output's, and brought to `side` where that is no
multiple of the upscale.
"""

import statistics
import time
from collections.abc import Callable

import click
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from hsisr_geo.benchmark.systems.layers.sampler import STEPS, drawn, sample_group
from hsisr_geo.benchmark.systems.layers.unet import PARAMETERS, PublishedUNet
from hsisr_geo.model.groups import group_starts
from hsisr_geo.model.inference.resolver import load
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.load import Recipe

GROUP, OVERLAP, LATENTS = 16, 4, 3


@click.command()
@click.option("--model", default="default", show_default=True)
@click.option("--bands", default=102, show_default=True)
@click.option("--side", default=128, show_default=True, help="Of the output, in pixels.")
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4), show_default=True)
@click.option("--precision", default="float32", show_default=True, help="Of ours.")
@click.option("--threads", default=0, help="Of torch; 0 leaves it its own number.")
@click.option("--timed", default=6, show_default=True, help="Evaluations to time; 0 for all.")
@torch.inference_mode()
def main(
    model: str,
    bands: int,
    side: int,
    upscales: tuple[int, ...],
    precision: str,
    threads: int,
    timed: int,
) -> None:
    """Print one row for each upscale: multiply-adds and seconds of both, and their ratios."""
    if threads:
        torch.set_num_threads(threads)
    groups = len(group_starts(bands, GROUP, OVERLAP))
    network = PublishedUNet().eval()
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS
    latents = torch.randn(1, LATENTS, side, side)
    evaluations = groups * STEPS
    evaluate = _evaluation(network, latents)
    theirs_macs = evaluations * _multiply_adds(evaluate)
    evaluate()
    click.echo(
        f"published: {groups} groups x {STEPS} steps, {timed or 'all'} of "
        f"{evaluations} evaluations timed; torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads; ours in {precision}"
    )
    click.echo(
        "| upscale | TMAC, published | ours | ratio | seconds, published | ours | ratio |\n"
        "|---|---|---|---|---|---|---|"
    )
    for upscale in upscales:
        ours = _best_estimate(model, bands, side, upscale, precision)
        ours()
        if timed:
            pairs = [(_seconds(evaluate), _seconds(ours)) for _ in range(timed)]
            theirs_time = evaluations * statistics.median(a for a, _ in pairs)
            ours_time = statistics.median(b for _, b in pairs)
        else:
            ours_time = statistics.median(_seconds(ours) for _ in range(6))
            theirs_time = _seconds(
                lambda: [sample_group(network, latents, drawn(latents)) for _ in range(groups)]
            )
        whole = (side / (upscale * (side // upscale))) ** 2
        ours_time, ours_macs = ours_time * whole, _multiply_adds(ours) * whole
        click.echo(
            f"| ×{upscale} | {theirs_macs / 1e12:.3f} | {ours_macs / 1e12:.4f} | "
            f"**{theirs_macs / ours_macs:.0f}** | {theirs_time:.1f} | {ours_time:.3f} | "
            f"**{theirs_time / ours_time:.0f}** |"
        )


def _evaluation(network: PublishedUNet, latents: torch.Tensor) -> Callable[[], object]:
    level = torch.tensor([0.5])
    return lambda: network(latents, latents, level)


def _best_estimate(
    model: str, bands: int, side: int, upscale: int, precision: str
) -> Callable[[], object]:
    recipe = Recipe(str(model), upscale=upscale, device="cpu", precision=precision, backend="torch")
    resolver = load(recipe)
    rng = np.random.default_rng(0)
    cube = rng.random((bands, side // upscale, side // upscale), np.float32)
    resolve = resolver.fit(statistics_of(cube))
    return lambda: resolve(cube, (0, 0))


def _multiply_adds(call: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() / 2


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
