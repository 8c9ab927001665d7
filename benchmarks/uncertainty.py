"""Whether the error grows with the predicted standard deviation: correlation, reliability, factor.

    python benchmarks/uncertainty.py SCENES [--figure PNG] [--holdout PREFIX ...]
        [--model NAME] [--upscale 2 --upscale 4] [--samples N] [--degradation gaussian:0.2]

Every raster of SCENES (or those whose name begins with a PREFIX) is degraded and super-resolved as
in quality.py, here with `uncertainty`, predicted or over samples, and both files are read back.
Errors of the best estimate and deviations are compared in standard deviations of each band of the
degraded scene, so that all bands count alike. Prints Markdown; the figure is the reliability curve.

`factor` is root mean square error over root mean square deviation, times the factor that the model
has already: what its `spread` should be, when measured on sites held out of training.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from quality import Scene, read_all, scenes_of, write_degraded

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.resampling import upsample
from hsisr_geo.engine.uncertainty import PREDICTED, Uncertainty
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.scene import usable_deviation as usable
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.load import Recipe

BINS = 10


@dataclass(frozen=True)
class Row:
    """How errors and deviations of one scene at one upscale go together.

    Attributes
    ----------
    ours
        Spearman's rank correlation of error and deviation: over all pixels and bands; of each
        pixel's root mean squares over the bands.
    wider, contrast
        The same for simpler guesses: sqrt(deviation**2 + detail**2), where detail is the difference
        from bicubic; and the range of the input's pixels within 3 x 3, which needs no sampling.
    error, deviation
        Root mean squares, in standard deviations of a band.
    within
        Share of errors up to one and two deviations, first as written, then times error/deviation.
    deciles
        Root mean square (deviation, error) in tenths of the pixels by their deviation.
    """

    scene: str
    upscale: int
    ours: tuple[float, float]
    wider: tuple[float, float]
    contrast: tuple[float, float]
    error: float
    deviation: float
    within: tuple[float, float, float, float]
    deciles: np.ndarray

    @classmethod
    def of(
        cls,
        scene: str,
        upscale: int,
        error: np.ndarray,
        sigma: np.ndarray,
        detail: np.ndarray,
        contrast: np.ndarray,
    ) -> "Row":
        """Compare |error| with the guesses, all (band, row, col) in units of a band."""
        ratio = rms(error) / rms(sigma)
        limits = (sigma, 2 * sigma, ratio * sigma, 2 * ratio * sigma)
        return cls(
            scene,
            upscale,
            correlations(sigma, error),
            correlations(np.hypot(sigma, detail), error),
            correlations(contrast, error),
            float(rms(error)),
            float(rms(sigma)),
            tuple(float((error <= limit).mean()) for limit in limits),
            tenths(sigma, error),
        )


@click.command()
@click.argument("scenes", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--figure", type=click.Path(path_type=Path), help="PNG of the reliability curve.")
@click.option("--holdout", multiple=True, help="Only scenes whose name begins so; repeatable.")
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4))
@click.option("--samples", type=int, default=PREDICTED, help="Of the deviation; 0: predicted.")
@click.option("--degradation", help="The true D of SCENES, assumed as well; else the model's own.")
@click.option("--device", default="auto", show_default=True)
def main(
    scenes: Path,
    figure: Path | None,
    holdout: tuple[str, ...],
    model: str,
    upscales: Sequence[int],
    samples: int,
    degradation: str | None,
    device: str,
) -> None:
    """Compare predicted deviations with errors on the rasters of SCENES."""
    chosen = [s for s in scenes_of(scenes) if not holdout or s.name.startswith(holdout)]
    rows = []
    for upscale in upscales:
        resolver = load(Recipe(str(model), upscale=upscale, device=device, psf=degradation))
        for scene in chosen:
            rows.append(score_scene(scene, resolver, samples))
            click.echo(_line(rows[-1]), err=True)
    known = resolver.sampled(2).factor if samples else None
    factors = dict.fromkeys(upscales, known)
    if figure:
        draw(rows, figure)
    click.echo("\n".join(markdown(rows, factors)))


def score_scene(scene: Scene, resolver: DiffusionResolver, samples: int) -> Row:
    """Degrade one scene, super-resolve it with its uncertainty and compare with the original."""
    raster, upscale = open_raster(scene.path), resolver.upscale
    with tempfile.TemporaryDirectory() as folder:
        lr, sr, spread = (Path(folder, name) for name in ("lr.tif", "sr.tif", "spread.tif"))
        good, truth = write_degraded(raster, scene, lr, resolver.degradation)
        super_resolve(lr, sr, resolver=resolver, uncertainty=Uncertainty(spread, samples))
        coarse, best, sigma = (read_all(open_raster(p), good) for p in (lr, sr, spread))
    unit = usable(coarse.std(axis=(1, 2)))[:, None, None]
    error, detail = np.abs(best - truth) / unit, np.abs(best - upsample(coarse, upscale)) / unit
    contrast = upsample(local_range(coarse) / unit, upscale)
    return Row.of(scene.name, upscale, error, sigma / unit, detail, contrast)


def local_range(cube: np.ndarray) -> np.ndarray:
    """Maximum minus minimum of the 3 x 3 pixels around each."""
    wide = np.pad(cube, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = sliding_window_view(wide, (3, 3), axis=(1, 2))
    return around.max(axis=(3, 4)) - around.min(axis=(3, 4))


def rms(cube: ArrayLike, axis: int | None = None) -> np.ndarray:
    """Root mean square."""
    return np.sqrt(np.mean(np.square(cube, dtype=np.float64), axis=axis))


def correlations(guess: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """Rank correlation over pixels and bands, and of each pixel's root mean squares."""
    return rank_correlation(guess, error), rank_correlation(rms(guess, 0), rms(error, 0))


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; ties, which hardly occur, in order of position."""
    ranks = [np.argsort(np.argsort(x, axis=None, kind="stable"), kind="stable") for x in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def tenths(sigma: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Root mean square (deviation, error) of each tenth of the pixels, by their deviation."""
    order = np.argsort(sigma, axis=None)
    parts = np.array_split(order, BINS)
    return np.array([(rms(sigma.ravel()[p]), rms(error.ravel()[p])) for p in parts])


def markdown(rows: Sequence[Row], factors: dict[int, float | None]) -> Iterator[str]:
    """One table for each upscale."""
    for upscale, factor in factors.items():
        chosen = [r for r in rows if r.upscale == upscale]
        yield f"\n### ×{upscale}\n"
        yield (
            "| scene | rank correlation of σ and error: every band / pixels | … of σ with detail "
            "| … of contrast | rms error / rms σ | within 1 σ / 2 σ | … after scaling |"
        )
        yield "|---|---|---|---|---|---|---|"
        yield from map(_line, chosen)
        ratio = rms([r.error for r in chosen]) / rms([r.deviation for r in chosen])
        means = [
            np.mean([values(r) for r in chosen], axis=0) for values in (_correlations, _within)
        ]
        yield _cells("**mean**", means[0], ratio, means[1])
        if factor is not None:
            yield f"\nfactor for ×{upscale}: {factor * ratio:.2f} (the model has {factor:g})"


def _correlations(r: Row) -> tuple[float, ...]:
    return *r.ours, *r.wider, *r.contrast


def _within(r: Row) -> tuple[float, ...]:
    return r.within


def _line(r: Row) -> str:
    return _cells(r.scene, _correlations(r), r.error / r.deviation, r.within)


def _cells(name: str, c: Sequence[float], ratio: float, within: Sequence[float]) -> str:
    one, two, scaled_one, scaled_two = (f"{share:.0%}" for share in within)
    return (
        f"| {name} | {c[0]:.2f} / {c[1]:.2f} | {c[2]:.2f} / {c[3]:.2f} | {c[4]:.2f} / {c[5]:.2f} | "
        f"{ratio:.2f} | {one} / {two} | {scaled_one} / {scaled_two} |"
    )


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw error over predicted deviation, a panel for each upscale and a line for each scene."""
    from matplotlib.figure import Figure

    upscales = sorted({r.upscale for r in rows})
    figure = Figure(figsize=(4.6 * len(upscales), 4.4), layout="constrained")
    axes = figure.subplots(1, len(upscales), squeeze=False, sharex=True, sharey=True)[0]
    for axis, upscale in zip(axes, upscales, strict=True):
        for r in (r for r in rows if r.upscale == upscale):
            axis.loglog(*r.deciles.T, marker="o", markersize=3, linewidth=1.2, label=r.scene)
        axis.axline((0.1, 0.1), (1, 1), color="0.5", linewidth=1, linestyle="--")
        axis.set_title(f"×{upscale}")
        axis.set_xlabel("predicted σ, tenths of the pixels")
        axis.grid(alpha=0.3, which="both", linewidth=0.5)
    axes[0].set_ylabel("rms error of the best estimate")
    axes[-1].legend(fontsize=8, loc="lower right")
    figure.suptitle("Both in standard deviations of a band; on the dashed line they agree", size=10)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
