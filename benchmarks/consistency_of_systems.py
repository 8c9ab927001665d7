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
from numpy.typing import NDArray

from hsisr_geo.degradation import BICUBIC, named
from hsisr_geo.metrics import Scores, default_data_range, evaluate
from hsisr_geo.resampling import upsample

Cube = NDArray[np.float32]


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
            yield f"\n#### ×{upscale}\n"
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
    truth, sr = np.load(cubes / "truth" / path.name), np.load(path)
    lr = named(BICUBIC, upscale).apply(truth)
    peak = default_data_range(truth)
    off = 100 * float(np.sqrt(np.square(named(BICUBIC, upscale).apply(sr) - lr).mean())) / peak
    after = back_projected(sr, lr, upscale, iterations)
    before, then = (evaluate(x, truth, upscale=upscale, data_range=peak) for x in (sr, after))
    return off, before, then


def back_projected(x: Cube, lr: Cube, upscale: int, iterations: int) -> Cube:
    """Return x after x <- x + up(lr - D x), so many times."""
    for _ in range(iterations):
        x = x + upsample(lr - named(BICUBIC, upscale).apply(x), upscale)
    return x


def mean(scores: list[Scores]) -> tuple[float, float]:
    """Return mean PSNR and angle."""
    return float(np.mean([s.mpsnr for s in scores])), float(np.mean([s.sam_deg for s in scores]))


def shown(scores: tuple[float, float]) -> str:
    """Return PSNR and angle as a cell."""
    return f"{scores[0]:.2f} / {scores[1]:.2f}°"


if __name__ == "__main__":
    main()
