"""A full EnMAP scene, extrapolated from a part that is really run, and the estimate beside it.

    python benchmarks/full_scene.py [--side 256] [--upscale 2 --upscale 4] [--precision float32]

A synthetic part of side x side x 224 int16 is written, super-resolved and timed. The full scene has
1200 x 1300 pixels; it takes the part's time by the ratio of both runs' work, tiles as chosen for
this machine. `estimated` is what `run --dry-run` would have said of the part.
"""

import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import rasterio
import torch

from hsisr_geo.api import super_resolve
from hsisr_geo.engine.grid import cut
from hsisr_geo.engine.outlook.estimate import choose_tile, estimate_seconds
from hsisr_geo.engine.outlook.footprint import footprint
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.load import load_resolver
from hsisr_geo.resolver.protocol import Resolver

BANDS, FULL = 224, (1300, 1200)


@click.command()
@click.option("--side", default=256, show_default=True, help="Of the part, in input pixels.")
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4), show_default=True)
@click.option("--precision", default="float32", show_default=True)
@click.option("--device", default="cpu", show_default=True)
def main(side: int, upscales: tuple[int, ...], precision: str, device: str) -> None:
    """Print one row for each upscale."""
    click.echo(
        f"part of {side}x{side}x{BANDS}, {torch.get_num_threads()} torch threads, {device}, "
        f"{precision}\n\n| upscale | tile | part, s | estimated, s | full scene, min | "
        "output, GB | memory estimated, GB | peak so far, GB |\n|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "part.tif"
        _write(path, side)
        for upscale in upscales:
            resolver = load_resolver(upscale=upscale, precision=precision, device=device)
            part = open_raster(path)
            full = replace(part, shape=FULL)
            tile = choose_tile(full, resolver)
            said = _estimate(part, resolver, tile)
            report = super_resolve(path, Path(name) / "out.tif", resolver=resolver, overwrite=True)
            minutes = _estimate(full, resolver, tile) / said * report.seconds / 60
            size = 2 * BANDS * FULL[0] * FULL[1] * upscale**2 / 1e9
            need = footprint(full, resolver, cut(full, resolver, tile=tile), threads=1).host / 1e9
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            click.echo(
                f"| ×{upscale} | {tile} | {report.seconds:.1f} | {said:.1f} | {minutes:.0f} | "
                f"{size:.1f} | {need:.1f} | {peak:.1f} |"
            )
            sys.stdout.flush()


def _estimate(raster: Raster, resolver: Resolver, tile: int) -> float:
    return estimate_seconds(raster, resolver, cut(raster, resolver, tile=tile))


def _write(path: Path, side: int) -> None:
    """Write smooth fields of four materials with noise."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(4, -(-side // 8), -(-side // 8)))
    fields = coarse.repeat(8, 1).repeat(8, 2)[:, :side, :side]
    mix = rng.normal(size=(BANDS, 4))
    with rasterio.open(
        path, "w", driver="GTiff", count=BANDS, height=side, width=side, dtype="int16"
    ) as file:
        for band in range(BANDS):
            values = 3000 + 300 * np.tensordot(mix[band], fields, 1)
            file.write((values + rng.normal(scale=20, size=values.shape)).astype("int16"), band + 1)


if __name__ == "__main__":
    main()
