"""What super-resolution does to what is made of a scene: indices, abundances, classes.

    python benchmarks/downstream.py SCENES ... [--upscale 2 --upscale 4] [--page docs/downstream.md]

Each scene is degraded as in quality.py and super-resolved by every method through files. *Indices*:
root mean square error of NDVI, PRI, the red edge's position and band depths against those of the
truth, on scenes with wavelengths; where ours is, also the share of errors within the standard
deviation that `hsisr-geo index` tells. *Abundances*: of four endmembers of the truth (successive
projections), fully constrained least squares, root mean square error. *Classes*: a discriminant
that is trained on the coarse pixels of Indian Pines (out of PyPI's `tensorly`) and applied to the
fine ones; share that is right. *Anomalies*: area under the curve of Reed and Xiaoli's detector for
things that are planted into the truth (`anomalies.py`), as no mask comes with these scenes.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import click
import numpy as np
from affine import Affine
from anomalies import area_under_curve, places, planted, rareness
from quality import EXISTING, Scene, read_all, scenes_of, write_degraded
from uncertainty import usable

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.wald import coarser, degrade, write
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.cube.indices import NAMES, Index, find_index
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import RasterError
from hsisr_geo.index.deviation import error_correlation, propagate
from hsisr_geo.index.make import find_bands
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.interpolation import baselines
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.protocol import Resolver

METHODS = ("nearest", "bicubic", "back-projection", "ours")
OURS, BICUBIC = METHODS.index("ours"), METHODS.index("bicubic")
MORE_IS_BETTER = ("classes", "anomalies")
ENDMEMBERS = 4
STEPS = 300


@dataclass(frozen=True)
class Row:
    """What one quantity of one scene is worth by each method.

    Attributes
    ----------
    figures
        By method; errors, for classes shares that are right, for anomalies areas under the curve.
    within
        Of our errors, within one and two standard deviations; None where none is told.
    """

    kind: str
    scene: str
    upscale: int
    figures: tuple[float, ...]
    within: tuple[float, float] | None = None

    @property
    def better(self) -> bool:
        """Whether ours is better than bicubic."""
        ours, plain = self.figures[OURS], self.figures[BICUBIC]
        return ours > plain if self.kind in MORE_IS_BETTER else ours < plain


@click.command()
@click.argument("sources", metavar="SCENES...", nargs=-1, required=True, type=EXISTING)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 4))
@click.option("--pines/--no-pines", default=True, help="Classes of Indian Pines, too.")
@click.option("--page", type=click.Path(path_type=Path), help="Page to put the tables into.")
def main(sources: Sequence[Path], upscales: Sequence[int], pines: bool, page: Path | None) -> None:
    """Measure on SCENES."""
    scenes = [scene for source in sources for scene in scenes_of(source)]
    rows = []
    for upscale in upscales:
        known = {method.name: method for method in baselines(upscale)}
        known["ours"] = Recipe("default", upscale=upscale).load()
        resolvers = [known[name] for name in METHODS]
        for scene in scenes:
            rows += measure(scene, resolvers)
            rows.append(detection(scene, resolvers))
            click.echo(f"{scene.name} x{upscale}", err=True)
        if pines:
            rows.append(classes(resolvers))
    sections = {"worse": worse(rows), "tables": tables(rows)}
    texts = {name: "\n".join(lines) for name, lines in sections.items()}
    click.echo("\n\n".join(texts.values()))
    if page:
        text = page.read_text(encoding="utf-8")
        for name, made in texts.items():
            pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            text = pattern.sub(lambda m, made=made: f"{m[1]}{made}\n{m[2]}", text)
        page.write_text(text, encoding="utf-8")


def measure(scene: Scene, resolvers: Sequence[Resolver]) -> Iterator[Row]:
    """Yield what indices and abundances of a scene are worth."""
    raster, upscale = open_raster(scene.path), resolvers[0].upscale
    with tempfile.TemporaryDirectory() as folder:
        lr = Path(folder, "lr.tif")
        good, truth = write_degraded(raster, scene, lr, resolvers[OURS].degradation)
        made, sigma = answers(lr, resolvers, good)
        of = replace(raster, path=scene.name).select(good)
    for name in NAMES:
        index = find_index(name)
        try:
            bands = list(find_bands(of, index))
        except RasterError:
            continue
        yield index_row(index, scene.name, upscale, truth[bands], made[:, bands], sigma[bands])
    unit = usable(truth.std(axis=(1, 2)))[:, None, None]
    members = endmembers((truth / unit).reshape(len(truth), -1))
    right = abundances(truth / unit, members)
    errors = [rms(abundances(x / unit, members) - right) for x in made]
    yield Row("abundances", scene.name, upscale, tuple(errors))


def answers(
    lr: Path, resolvers: Sequence[Resolver], good: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each method makes (method, band, row, col), and the deviation of ours."""
    made, told = [], lr.with_name("sigma.tif")
    for resolver in resolvers:
        wish = Uncertainty(told) if resolver is resolvers[OURS] else None
        sr = lr.with_name("sr.tif")
        super_resolve(lr, sr, resolver=resolver, uncertainty=wish, overwrite=True)
        made.append(read_all(open_raster(sr), good))
    return np.array(made), read_all(open_raster(told), good)


def detection(scene: Scene, resolvers: Sequence[Resolver]) -> Row:
    """Say how well planted anomalies are found in what each method makes."""
    raster, upscale = open_raster(scene.path), resolvers[0].upscale
    with tempfile.TemporaryDirectory() as folder:
        lr = Path(folder, "lr.tif")
        good, truth = write_degraded(raster, scene, lr, resolvers[OURS].degradation, planted)
        made, _ = answers(lr, resolvers, good)
    mask = places(truth.shape[1:])
    areas = [area_under_curve(rareness(x), mask) for x in made]
    return Row("anomalies", scene.name, upscale, tuple(areas))


def index_row(
    index: Index,
    scene: str,
    upscale: int,
    truth: np.ndarray,
    made: np.ndarray,
    sigma: np.ndarray,
) -> Row:
    """Compare an index of each method with that of the truth, where both have a value."""
    right = index.value(truth.astype(np.float64))
    found = [index.value(x.astype(np.float64)) for x in made]
    known = np.isfinite([right, *found]).all(axis=0)
    if not known.any():
        return Row(index.name, scene, upscale, (float("nan"),) * len(made))
    errors = [np.abs(x - right)[known] for x in found]
    ours = made[OURS].astype(np.float64)
    correlation = error_correlation([made[OURS]], len(ours))
    told = propagate(index.slopes(ours), sigma.astype(np.float64), correlation)[known]
    within = tuple(float((errors[OURS] <= k * told).mean()) for k in (1, 2))
    return Row(index.name, scene, upscale, tuple(map(rms, errors)), within)


def rms(x: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def endmembers(pixels: np.ndarray) -> np.ndarray:
    """Choose spectra (band, member) of pixels (band, pixel) by successive projections."""
    left, chosen = pixels.astype(np.float64).copy(), []
    for _ in range(ENDMEMBERS):
        chosen.append(int((left**2).sum(axis=0).argmax()))
        axis = left[:, chosen[-1]] / np.linalg.norm(left[:, chosen[-1]])
        left -= np.outer(axis, axis @ left)
    return pixels[:, chosen].astype(np.float64)


def abundances(cube: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Unmix (band, row, col): shares (member, row, col), not negative, of sum one.

    Projected gradients with momentum (Beck & Teboulle 2009).
    """
    x = cube.reshape(len(cube), -1).astype(np.float64)
    square, along = members.T @ members, members.T @ x
    step = 1 / np.linalg.eigvalsh(square)[-1]
    now = ahead = np.full(along.shape, 1 / len(along))
    speed = 1.0
    for _ in range(STEPS):
        new = on_simplex(ahead - step * (square @ ahead - along))
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead, now, speed = new + (speed - 1) / faster * (new - now), new, faster
    return now.reshape(-1, *cube.shape[1:])


def on_simplex(x: np.ndarray) -> np.ndarray:
    """Project each column on what is not negative and sums to one (Duchi et al. 2008)."""
    down = -np.sort(-x, axis=0)
    excess = (np.cumsum(down, axis=0) - 1) / np.arange(1, len(x) + 1)[:, None]
    count = (down > excess).sum(axis=0)
    return np.maximum(x - np.take_along_axis(excess, count[None] - 1, axis=0), 0)


def classes(resolvers: Sequence[Resolver]) -> Row:
    """Train on coarse pixels of Indian Pines that are of one class, and classify the fine ones."""
    upscale, data = resolvers[0].upscale, files("tensorly.datasets").joinpath("data")
    tensor, labels = (
        np.load(str(data.joinpath(f"Indian_pines_{name}.npy"))) for name in ("corrected", "gt")
    )
    side = 145 // (4 * upscale) * 4 * upscale
    cube = tensor.astype(np.float32).transpose(2, 0, 1)[:, :side, :side]
    labels = labels[:side, :side]
    bands = Bands((Band(),) * len(cube))
    raster = Raster("pines", "GTiff", (side, side), None, Affine.identity(), "int16", bands)
    with tempfile.TemporaryDirectory() as folder:
        lr = Path(folder, "lr.tif")
        coarse = degrade(cube, resolvers[OURS].degradation)
        given = write(lr, coarser(raster, upscale), coarse)
        every = range(len(cube))
        made, _ = answers(lr, resolvers, every)
        coarse = read_all(given, every)
    groups = labels.reshape(side // upscale, upscale, -1, upscale).transpose(0, 2, 1, 3)
    groups = groups.reshape(*groups.shape[:2], -1)
    pure = (groups == groups[..., :1]).all(axis=2) & (groups[..., 0] > 0)
    weights = discriminant(coarse[:, pure], groups[pure][:, 0])
    known = labels > 0
    right = [float((classify(x[:, known], weights) == labels[known]).mean()) for x in made]
    return Row("classes", "Indian Pines", upscale, tuple(right))


def discriminant(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit a linear discriminant to spectra (band, pixel): names, weights, offsets."""
    names = np.unique(labels)
    means = np.stack([x[:, labels == n].mean(axis=1) for n in names]).astype(np.float64)
    spread = x - means[np.searchsorted(names, labels)].T
    covariance = spread @ spread.T / x.shape[1]
    ridge = 1e-3 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    weights = np.linalg.solve(covariance + ridge, means.T).T
    share = np.log([(labels == n).mean() for n in names])
    return names, weights, share - (weights * means).sum(axis=1) / 2


def classify(x: np.ndarray, fitted: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the class of each spectrum (band, pixel)."""
    names, weights, offsets = fitted
    return names[(weights @ x + offsets[:, None]).argmax(axis=0)]


def worse(rows: Sequence[Row]) -> Iterator[str]:
    """Say where ours is not better than bicubic."""
    found = [row for row in rows if not row.better and np.isfinite(row.figures[OURS])]
    if not found:
        yield "Ours is better than bicubic interpolation in every row below."
        return
    yield f"Ours is not better than bicubic interpolation in {len(found)} of {len(rows)} rows:\n"
    for row in found:
        ours, plain = (number(row, i) for i in (OURS, BICUBIC))
        yield f"- {row.kind}, {row.scene} ×{row.upscale}: {ours}, bicubic {plain}"


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """One table for each quantity."""
    for kind in dict.fromkeys(row.kind for row in rows):
        chosen = [row for row in rows if row.kind == kind]
        yield f"\n### {kind}\n"
        yield f"| scene | {' | '.join(METHODS)} | ours / bicubic | within 1 σ / 2 σ |"
        yield "|---|" + "---|" * (len(METHODS) + 2)
        for row in chosen:
            ratio = row.figures[OURS] / row.figures[BICUBIC]
            within = " / ".join(f"{w:.0%}" for w in row.within) if row.within else "–"
            cells = " | ".join(number(row, i) for i in range(len(METHODS)))
            yield f"| {row.scene} ×{row.upscale} | {cells} | {ratio:.3f} | {within} |"


def number(row: Row, method: int) -> str:
    """Return a figure as the table shows it."""
    value = row.figures[method]
    return f"{value:.1%}" if row.kind == "classes" else f"{value:.3g}"


if __name__ == "__main__":
    main()
