"""What a wrong degradation costs: scenes degraded by one D, made consistent with another.

    python benchmarks/degradation.py SCENES [--holdout PREFIX ...] [--upscale 2 ...] [--model NAME]

For each true D (rows) and assumed D (columns; *none* is `--no-consistency`) prints the gain in PSNR
over bicubic interpolation of the same input, and the spectral angle as a ratio of that bicubic's:
mean over the scenes, in memory, at detail 0, values held as a run holds them. Bands marked as bad
are left out. The last rows are what an assumption is worth when the truth is not known: its mean
over true D, and its worst.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from hold import held

from hsisr_geo.cube.degradation import named
from hsisr_geo.metrics import Scores, evaluate
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.training.training_data import Pair, TrainingScene, degraded_pair, load_scenes
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import Recipe

TRUE = ("bicubic", "gaussian:0.1", "gaussian:0.2", "gaussian:0.3", "gaussian:0.5")
NONE = "none"
ASSUMED = (*TRUE, NONE)


@click.command()
@click.argument("scenes", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--holdout", multiple=True, help="Only scenes whose name begins so; repeatable.")
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4))
@click.option("--device", default="auto", show_default=True)
def main(
    scenes: Path, holdout: tuple[str, ...], model: str, upscales: tuple[int, ...], device: str
) -> None:
    """Print two tables for each upscale."""
    chosen = [s for s in load_scenes(scenes) if not holdout or s.name.startswith(holdout)]
    if not chosen:
        raise click.ClickException(f"no scene of {scenes} begins with {', '.join(holdout)}")
    for upscale in upscales:
        resolver = load(Recipe(str(model), upscale=upscale, device=device))
        gains = np.array([gains_of(resolver, chosen, true) for true in TRUE])
        names = ", ".join(scene.name for scene in chosen)
        click.echo(f"\n×{upscale}, {resolver.name} {resolver.config.version}, mean of {names}\n")
        click.echo("\n".join(table("PSNR gain dB", gains[..., 0], "+.2f", np.min)) + "\n")
        click.echo("\n".join(table("SAM ×", gains[..., 1], ".3f", np.max)))


def gains_of(
    resolver: DiffusionResolver, scenes: list[TrainingScene], true: str
) -> list[tuple[float, float]]:
    """PSNR gained over bicubic and ratio of spectral angles for each assumed D, mean of scenes."""
    degradation = named(true, resolver.upscale)
    pairs = [degraded_pair(scene, resolver.upscale, degradation) for scene in scenes]
    rows = [list(scene_gains(resolver, pair)) for pair in pairs]
    return np.mean(rows, axis=0).tolist()


def scene_gains(resolver: DiffusionResolver, pair: Pair) -> Iterator[tuple[float, float]]:
    """Score one degraded scene under each assumption."""
    bicubic, lr = BicubicResolver(pair.upscale), pair.lr.numpy()
    base = _score(held(bicubic.fit(None)(lr, (0, 0)), lr, bicubic), pair)
    alone = replace(resolver, config=replace(resolver.config, back_projections=0))
    for assumed in ASSUMED:
        method = alone
        if assumed != NONE:
            method = replace(resolver, degradation=named(assumed, pair.upscale))
        ours = _score(held(method.fit(pair.statistics)(lr, (0, 0)), lr, method), pair)
        yield ours.mpsnr - base.mpsnr, ours.sam_deg / base.sam_deg


def _score(cube: np.ndarray, pair: Pair) -> Scores:
    return evaluate(cube, pair.hr.numpy(), upscale=pair.upscale)


def table(
    title: str, values: np.ndarray, form: str, worst: Callable[..., np.ndarray]
) -> Iterator[str]:
    """Markdown: a row per true D, a column per assumed D, then mean and worst of a column."""
    yield f"| {title}: true ↓, assumed → | " + " | ".join(ASSUMED) + " |"
    yield "|---" * (1 + len(ASSUMED)) + "|"
    rows = dict(zip(TRUE, values, strict=True))
    rows |= {"**mean**": values.mean(axis=0), "**worst**": worst(values, axis=0)}
    for name, row in rows.items():
        yield f"| {name} | " + " | ".join(f"{value:{form}}" for value in row) + " |"


if __name__ == "__main__":
    main()
