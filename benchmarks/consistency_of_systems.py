"""How much of a system's error is disagreement with its input: scores after back-projection.

    python benchmarks/consistency_of_systems.py DIR

DIR is a folder of `hsisr-geo benchmark` by the protocol `product`. Each result that is kept there
is degraded again and compared with the input (root mean square, in % of the truth's 99.9 %
quantile); then it is brought to agree with it by two back-projections, which our own systems end
with, and scored again. What a system gains so it could have had for nothing; where ours still
leads, that is not why. Prints Markdown: means over scenes.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch

from hsisr_geo.benchmark.folder import TRUTH
from hsisr_geo.cube.degradation import BICUBIC, named
from hsisr_geo.metrics import Scores, default_data_range, evaluate
from hsisr_geo.model.back_projection import back_project


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--iterations", default=2, show_default=True)
def main(folder: Path, iterations: int) -> None:
    """Score every kept result as it is, and after back-projection."""
    click.echo("\n".join(markdown(folder, iterations)))


def markdown(folder: Path, iterations: int = 2) -> Iterator[str]:
    """Give a table for each upscale."""
    for upscale in (2, 3, 4):
        lines = list(table(folder / "cubes", upscale, iterations))
        if lines:
            yield f"\n### ×{upscale}\n"
            yield "| | off its input, % | PSNR dB / SAM | and back-projected |"
            yield "|---|---:|---|---|"
            yield from lines


def table(cubes: Path, upscale: int, iterations: int) -> Iterator[str]:
    """Give a line for each system, the best of those back-projected first."""
    found = []
    for folder in sorted(cubes.glob(f"*-x{upscale}-seed*")):
        scored = [measure(path, cubes, upscale, iterations) for path in folder.glob("*.npy")]
        off = float(np.mean([o for o, _, _ in scored]))
        as_is, after = (mean([s[i] for s in scored]) for i in (1, 2))
        name = folder.name.split(f"-x{upscale}-")[0]
        found.append((after[0], f"| {name} | {off:.2f} | {shown(as_is)} | {shown(after)} |"))
    for _, line in sorted(found, reverse=True):
        yield line


def measure(path: Path, cubes: Path, upscale: int, iterations: int) -> tuple[float, Scores, Scores]:
    """Measure how far a result is from its input, and score it before and after."""
    truth, sr = np.load(cubes / TRUTH / path.name), np.load(path)
    degradation, peak = named(BICUBIC, upscale), default_data_range(truth)
    lr = degradation.apply(truth)
    off = 100 * float(np.sqrt(np.square(degradation.apply(sr) - lr).mean())) / peak
    x, x_lr = torch.from_numpy(sr), torch.from_numpy(lr)
    after = back_project(x, x_lr, degradation, iterations).numpy()
    before, then = (evaluate(x, truth, upscale=upscale, data_range=peak) for x in (sr, after))
    return off, before, then


def mean(scores: list[Scores]) -> tuple[float, float]:
    """Return mean PSNR and angle."""
    return float(np.mean([s.mpsnr for s in scores])), float(np.mean([s.sam_deg for s in scores]))


def shown(scores: tuple[float, float]) -> str:
    """Return PSNR and angle as a cell."""
    return f"{scores[0]:.2f} / {scores[1]:.2f}°"


if __name__ == "__main__":
    main()
