"""Fit what predicts the standard deviation of an answer, and write it for `model/deviation.py`.

    python benchmarks/deviation.py SCENES ... [--out JSON] [--keep FOLDER]
        [--unseen PREFIX ...] [--upscale 2 ...]

Each scene is degraded by bicubic and by gaussian:0.2, without noise and with 1 %, super-resolved
with that D assumed, and read back. The logarithm of the deviation is a weighted sum of what is seen
(`model/deviation.py`), by the largest likelihood of a Laplace law: long tails do not draw it. Each
scene is judged by weights that were fitted without its site and, for sensors of one scene, without
its sensor. What is written is fitted on all, and scaled to the errors of the scenes that the
network was not trained on (`--unseen`): half-way, in logarithms, from what 68 % within
one deviation ask for to what 95 % within two do, as errors have longer tails than a normal law.

Prints a table of how well left-out scenes are told, and by how much better if the true errors of
output pixels just beyond the own input pixel were known: no look at the input tells more of how
rough the ground is. --keep keeps the degraded scenes and answers, which are most of the time.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from quality import EXISTING, Scene, read_all, scenes_of
from scipy.ndimage import uniform_filter
from uncertainty import rank_correlation

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.wald import coarser, cut_out, degrade, whole_groups, write
from hsisr_geo.bands.bands import Bands
from hsisr_geo.benchmark.data.sources import usable_bands
from hsisr_geo.cube.degradation import BICUBIC, named
from hsisr_geo.model import deviation as model
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.interpolation import bilinear
from hsisr_geo.resolver.load import Recipe

CONDITIONS = [(d, noise) for d in (BICUBIC, "gaussian:0.2") for noise in (0.0, 0.01)]
SEEN = ("relief", "detail", "brightness", "noise", "level", "tails")
NAMES = (*SEEN, "blurred", "constant")
PIXELS = 1000  # of a scene, in all bands
FITTED = 3000  # values of a scene that weights are fitted on
STEPS = 30
RIDGE = 1e-3
TOWARDS = 1 / 2


@dataclass(frozen=True, eq=False)
class Sight:
    """What is seen of one scene under one condition, and the errors.

    Attributes
    ----------
    seen
        Logarithms (value, name) in the order of `NAMES`.
    error
        Absolute, in deviations of a band (band, pixel).
    around
        Root mean squares of the errors at the output pixels `upscale` away, in each direction.
    """

    scene: str
    condition: str
    seen: np.ndarray
    error: np.ndarray
    around: np.ndarray

    @property
    def site(self) -> str:
        """What scenes of one flight or sensor have in common: the beginning of their names."""
        return re.split(r"[-_,]", self.scene)[0]

    def predicted(self, weights: np.ndarray) -> np.ndarray:
        """Return the deviation (band, pixel)."""
        return np.exp(self.seen @ weights).reshape(self.error.shape)


@click.command()
@click.argument("sources", metavar="SCENES...", nargs=-1, required=True, type=EXISTING)
@click.option("--out", type=click.Path(path_type=Path), help="The weights, as JSON.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder of answers, made or found.")
@click.option("--unseen", multiple=True, help="Beginning of a name the network never saw.")
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 3, 4))
@click.option("--model", "name", default="default", show_default=True)
def main(
    sources: Sequence[Path],
    out: Path | None,
    keep: Path | None,
    unseen: tuple[str, ...],
    upscales: Sequence[int],
    name: str,
) -> None:
    """Fit the weights on SCENES, by upscale."""
    scenes = [scene for source in sources for scene in scenes_of(source)]
    fitted = {}
    for upscale in upscales:
        sights = [
            look(scene, upscale, d, noise, name, keep)
            for scene in scenes
            for d, noise in CONDITIONS
        ]
        left_out = {
            name: fit([s for s in sights if s.site != name]) for name in {s.site for s in sights}
        }
        ratios = [
            s.error / s.predicted(left_out[s.site])
            for s in sights
            if s.scene.startswith(unseen or "")
        ]
        factor = scale(ratios)
        weights = fit(sights)
        weights[-1] += np.log(factor)
        fitted[str(upscale)] = dict(zip(NAMES, np.round(weights, 4).tolist(), strict=True))
        click.echo("\n".join(table(upscale, sights, left_out, factor)))
    if out:
        told = f"benchmarks/deviation.py on {len(scenes)} scenes, {len(CONDITIONS)} conditions each"
        content = {"version": 3, "source": told, "model": name, "upscales": fitted}
        out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def look(
    scene: Scene, upscale: int, d: str, noise: float, model_name: str, keep: Path | None
) -> Sight:
    """Degrade and super-resolve a scene, or take what is kept of that; see what is seen."""
    label = f"{scene.name.replace(', ', '_').replace(' ', '')}_x{upscale}_{d}_{noise:g}"
    kept = keep / f"{label.replace(':', '')}.npz" if keep else None
    if kept and kept.exists():
        with np.load(kept) as arrays:
            lr, sr, truth = (arrays[key] for key in ("lr", "sr", "truth"))
    else:
        lr, sr, truth = answer(scene, upscale, d, noise, model_name)
        click.echo(label, err=True)
        if kept:
            kept.parent.mkdir(exist_ok=True)
            np.savez(kept, lr=lr, sr=sr, truth=truth)
    facts = model.BandNoise.of(statistics_of(lr))
    rng = np.random.default_rng(1)
    pixels = np.sort(rng.permutation(truth[0].size)[:PIXELS])
    seen = see(lr, sr, facts, upscale, pixels)
    shape = len(lr), len(pixels)
    seen |= {n: np.broadcast_to(getattr(facts, n)[:, None], shape) for n in SEEN[-3:]}
    seen |= {"blurred": np.full(shape, float(d != BICUBIC)), "constant": np.ones(shape)}
    error = np.abs(sr - truth) / facts.std[:, None, None]
    together = np.stack([seen[n].ravel() for n in NAMES], axis=1)
    error, around = (a.reshape(len(lr), -1)[:, pixels] for a in (error, ring(error, upscale)))
    return Sight(scene.name, f"{d}, {noise:.0%}", together, error, around)


def ring(error: np.ndarray, distance: int) -> np.ndarray:
    """Return root mean squares over the square of pixels at a distance from each, itself left out.

    >>> ring(np.array([[[4.0, 0, 0], [0, 9, 0], [0, 0, 0]]]), 1)[0, 1, 1]**2  # 16 / 8
    2.0
    """
    sides = 2 * distance + 1, 2 * distance - 1
    outer, inner = (uniform_filter(error**2, (0, n, n), mode="nearest") * n**2 for n in sides)
    return np.sqrt(np.maximum(outer - inner, 0) / (8 * distance))


def answer(
    scene: Scene, upscale: int, d: str, noise: float, model_name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the degraded scene, the answer to it, and the truth, in the usable bands."""
    raster = open_raster(scene.path)
    part = whole_groups(scene.part, 4 * upscale)
    good = sorted(usable_bands(raster))
    bands = Bands(tuple(replace(b, good=i in good) for i, b in enumerate(raster.bands)))
    original = cut_out(replace(raster, bands=bands), part)
    cube = read_window(raster, *part)
    degradation = named(d, upscale)
    coarse = np.concatenate([degrade(band[None], degradation) for band in cube])
    mean = np.abs(np.nanmean(coarse, axis=(1, 2), keepdims=True))
    coarse = coarse + noise * mean * np.random.default_rng(7).standard_normal(coarse.shape)
    resolver = Recipe(model_name, upscale=upscale, psf=d).load()
    with tempfile.TemporaryDirectory() as folder:
        lr, sr = Path(folder, "lr.tif"), Path(folder, "sr.tif")
        write(lr, coarser(original, upscale), coarse.astype(np.float32))
        super_resolve(lr, sr, resolver=resolver)
        return *(read_all(open_raster(p), good) for p in (lr, sr)), cube[good]


def see(
    lr: np.ndarray, sr: np.ndarray, facts: model.BandNoise, upscale: int, pixels: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what is seen at some output pixels, by name (band, pixel)."""
    found: dict[str, list[np.ndarray]] = {}
    for some in model.chunks(len(lr)):
        of = facts[some]
        x, y = (cube[some] / of.std[:, None, None].astype(np.float32) for cube in (lr, sr))
        over = slice(0, lr.shape[1]), slice(0, lr.shape[2])
        coarse = ((n, bilinear(log, upscale)) for n, log in model.coarse_logs(x, y, over, of))
        for name, log in (("relief", model.relief_log(y)), *coarse):
            found.setdefault(name, []).append(log.reshape(len(x), -1)[:, pixels])
    return {name: np.concatenate(logs) for name, logs in found.items()}


def fit(sights: Sequence[Sight]) -> np.ndarray:
    """Return the weights of the largest likelihood, every scene counting alike (Newton's steps)."""
    rng = np.random.default_rng(0)
    chosen = [rng.permutation(s.error.size)[:FITTED] for s in sights]
    seen = np.concatenate([s.seen[c] for s, c in zip(sights, chosen, strict=True)])
    error = np.concatenate([s.error.ravel()[c] for s, c in zip(sights, chosen, strict=True)]) + 1e-4
    weight = np.concatenate([np.full(len(c), 1 / len(c) / len(sights)) for c in chosen])
    free = seen.std(axis=0) > 0
    free[-1] = True
    x = seen[:, free]
    ridge = RIDGE * np.eye(x.shape[1])
    ridge[-1, -1] = 0
    w = np.zeros(x.shape[1])
    w[-1] = np.log(error.mean())
    for _ in range(STEPS):
        ratio = weight * np.exp(np.clip(np.log(error) - x @ w, -30, 4))
        slope = x.T @ (weight - ratio) + ridge @ w
        w -= 0.7 * np.linalg.solve((x.T * ratio) @ x + ridge, slope)
    out = np.zeros(len(free))
    out[free] = w
    return out


def scale(ratios: Sequence[np.ndarray]) -> float:
    """Return the factor of deviations for errors over them, every scene counting alike."""
    values = np.concatenate([r.ravel() for r in ratios])
    weight = np.concatenate([np.full(r.size, 1 / r.size) for r in ratios])
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    one, two = (values[order][np.searchsorted(share, q)] / k for q, k in ((0.68, 1), (0.95, 2)))
    return float(one ** (1 - TOWARDS) * two**TOWARDS)


def table(
    upscale: int, sights: Sequence[Sight], left_out: Mapping[str, np.ndarray], factor: float
) -> Iterator[str]:
    """Say how well left-out scenes are told, by condition."""
    yield f"\n### ×{upscale}\n"
    yield (
        "| D, noise | rank correlation: every band / pixels | … with true errors around | "
        "within 1 σ / 2 σ | worst 1 σ |"
    )
    yield "|---|---|---|---|---|"
    for condition in dict.fromkeys(s.condition for s in sights):
        rows = [
            score(s.error, factor * s.predicted(left_out[s.site]), s.around)
            for s in sights
            if s.condition == condition
        ]
        every, pixels, known, known_pixels, one, two = np.mean(rows, axis=0)
        ones = [row[4] for row in rows]
        yield (
            f"| {condition} | {every:.2f} / {pixels:.2f} | {known:.2f} / {known_pixels:.2f} | "
            f"{one:.0%} / {two:.0%} | "
            f"{min(ones):.0%}–{max(ones):.0%} |"
        )


def score(error: np.ndarray, sigma: np.ndarray, around: np.ndarray) -> tuple[float, ...]:
    """Return rank correlations with σ, and with σ times the true errors around; shares within."""
    rms = [np.sqrt(np.mean(np.square(x), axis=0)) for x in (sigma, around, error)]
    return (
        rank_correlation(sigma, error),
        rank_correlation(rms[0], rms[2]),
        rank_correlation(sigma * (around + 1e-4), error),
        rank_correlation(rms[0] * (rms[1] + 1e-4), rms[2]),
        float((error <= sigma).mean()),
        float((error <= 2 * sigma).mean()),
    )


if __name__ == "__main__":
    main()
