"""What adapting to a scene is worth: accepted or refused, and the truth where it is known.

    python benchmarks/adapt.py RASTER [RASTER ...] --upscale 2 --minutes 5 --jobs 2

Two protocols for every raster. *degraded*: the raster is degraded by D, that is the user's scene;
a model is adapted to it, at the next coarser scale, and before and after super-resolve it to the
raster's grid, where the raster is the truth. *own*: the model is adapted to the raster itself; no
truth is known. Besides a raster with holes its largest solid rectangles are taken. Prints Markdown.
Each job is one process with one thread.
"""

import multiprocessing
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import rasterio
import torch
from rasterio.errors import NotGeoreferencedWarning

from hsisr_geo.bands.radiometry import Cube, encode
from hsisr_geo.errors import HsisrError
from hsisr_geo.model.adaptation.adapt import Adaptation, learn
from hsisr_geo.model.adaptation.coarser_scene import CoarserScene
from hsisr_geo.model.adaptation.steps import AdaptationOptions
from hsisr_geo.model.adaptation.trial import HeldOut, HeldOutGain, TrialErrors
from hsisr_geo.model.checkpoint import load_network
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window, whole
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import find_model

RECTANGLES = 2  # of a raster with holes
LEAST_SIDE = 40  # of a rectangle
HEAD = """\
| scene | protocol | size | block dB over bicubic | SAM × | over the start dB | one coarser dB \
| steps | verdict | true dB over bicubic | true SAM × |
|---|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Case:
    """A raster, or the rectangle (row, col, rows, cols) of it, and a protocol."""

    path: Path
    protocol: str
    rectangle: tuple[int, int, int, int] | None
    model: Path
    upscale: int
    minutes: float
    seed: int

    @property
    def name(self) -> str:
        """Name of the raster, and where in it."""
        if self.rectangle is None:
            return self.path.stem
        row, col, rows, cols = self.rectangle
        return f"{self.path.stem} [{row}:{row + rows}, {col}:{col + cols}]"


@dataclass(frozen=True)
class Row:
    """What came of a case; `truth` is (before, after) over bicubic, for the best weights found.

    `fault` is what they were refused for: a gain that may be chance, a larger spectral angle, or a
    loss at a coarser scale.
    """

    name: str
    protocol: str
    size: tuple[int, int]
    error: str = ""
    found: tuple[HeldOutGain, HeldOutGain, HeldOutGain | None] | None = None
    steps: int = 0
    minutes: float = 0.0
    fault: str = ""
    truth: tuple[HeldOutGain, HeldOutGain] | None = None

    def markdown(self) -> str:
        """One line of the table."""
        size = f"{self.size[0]}×{self.size[1]}"
        if self.found is None:
            return f"| {self.name} | {self.protocol} | {size} | | | | | | {self.error} | | |"
        over, gain, coarser = self.found
        cells = [
            self.name,
            self.protocol,
            size,
            f"{over.psnr_db - gain.psnr_db:+.2f} → {over.psnr_db:+.2f}",
            f"{over.sam_ratio / gain.sam_ratio:.3f} → {over.sam_ratio:.3f}",
            f"{gain.psnr_db:+.3f} ± {gain.error_db:.3f}",
            "" if coarser is None else f"{coarser.psnr_db:+.3f}",
            f"{self.steps} in {self.minutes:g} min",
            f"refused: {self.fault}" if self.fault else "**accepted**",
            *_true_cells(self.truth),
        ]
        return f"| {' | '.join(cells)} |"


def _true_cells(truth: tuple[HeldOutGain, HeldOutGain] | None) -> tuple[str, str]:
    if truth is None:
        return "", ""
    before, after = truth
    return (
        f"{before.psnr_db:+.2f} → {after.psnr_db:+.2f}",
        f"{before.sam_ratio:.3f} → {after.sam_ratio:.3f}",
    )


@click.command()
@click.argument("rasters", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@click.option("--upscale", type=click.IntRange(2, 4), default=2, show_default=True)
@click.option("--minutes", type=float, default=5.0, show_default=True)
@click.option("--model", default="default", show_default=True)
@click.option("--protocol", type=click.Choice(["degraded", "own", "both"]), default="both")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True)
def main(
    rasters: tuple[Path, ...],
    upscale: int,
    minutes: float,
    model: str,
    protocol: str,
    seed: int,
    jobs: int,
) -> None:
    """Adapt to every raster, and print one row for each case and a summary."""
    protocols = ("degraded", "own") if protocol == "both" else (protocol,)
    cases = [
        Case(path, kind, rectangle, find_model(model), upscale, minutes, seed)
        for kind in protocols
        for path in rasters
        for rectangle in _rectangles(path)
    ]
    click.echo(HEAD)
    context = multiprocessing.get_context("spawn")
    rows = []
    with ProcessPoolExecutor(jobs, context, initializer=_one_thread) as pool:
        for row in pool.map(run, cases):
            click.echo(row.markdown())
            rows.append(row)
    click.echo("\n" + summary(rows))


def _one_thread() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", NotGeoreferencedWarning)


def run(case: Case) -> Row:
    """Adapt to one case."""
    with tempfile.TemporaryDirectory() as folder:
        source = case.path
        if case.rectangle is not None:
            source = _cut(open_raster(case.path), case.rectangle, Path(folder, "rectangle.tif"))
        truth = None
        if case.protocol == "degraded":
            truth = CoarserScene.of(open_raster(source), case.upscale)
            source = _degrade(truth, Path(folder, "degraded.tif"))
        size = open_raster(source).shape
        options = AdaptationOptions(
            source, case.model, case.upscale, minutes=case.minutes, seed=case.seed, device="cpu"
        )
        try:
            found = learn(options, log=lambda _: None)
        except HsisrError as e:
            reason = str(e).removeprefix(f"{source}: ")
            return Row(case.name, case.protocol, size, error=f"error: {reason}")
        return Row(
            case.name,
            case.protocol,
            size,
            found=(found.best.over_bicubic, found.best.over_start, found.best.coarser),
            steps=found.card["steps"],
            minutes=found.card["minutes"],
            fault=found.best.fault,
            truth=None if truth is None else score(truth, case.model, found),
        )


def score(truth: CoarserScene, model: Path, found: Adaptation) -> tuple[HeldOutGain, HeldOutGain]:
    """Super-resolve the degraded scene before and after; both over bicubic."""
    network, header = load_network(model)
    config = header.config.only(truth.upscale)
    whole = truth.read((slice(0, truth.shape[0]), slice(0, truth.shape[1])), margin=0)
    spectra = whole.usable_spectra().T[:, :, None]
    scene = Scene.fit(network, header.config, statistics_of(spectra))
    trial = HeldOut.of(whole.hr, whole.lr, whole.inside, whole.usable, scene, truth.upscale)
    before: TrialErrors = trial.errors(network, config)
    after = trial.errors(found.network, found.config)
    return before.gain_over(trial.bicubic()), after.gain_over(trial.bicubic())


def _degrade(truth: CoarserScene, path: Path) -> Path:
    whole = truth.read((slice(0, truth.shape[0]), slice(0, truth.shape[1])), margin=0)
    return _write(whole.lr, truth.raster, truth.bands, path)


def _cut(raster: Raster, rectangle: tuple[int, int, int, int], path: Path) -> Path:
    row, col, rows, cols = rectangle
    bands = raster.bands.good_indices
    cube = read_window(raster, slice(row, row + rows), slice(col, col + cols), bands)
    return _write(cube, raster, bands, path)


def _write(cube: Cube, raster: Raster, bands: tuple[int, ...], path: Path) -> Path:
    """Write a cube (band, row, col) in the data type and scaling of a raster."""
    chosen = raster.bands.select(bands)
    profile = {"count": len(cube), "height": cube.shape[1], "width": cube.shape[2]}
    profile |= {"driver": "GTiff", "dtype": raster.dtype, "nodata": chosen.nodata}
    with rasterio.open(path, "w", **profile) as sink:
        sink.write(encode(cube, chosen, raster.dtype))
        sink.scales = [band.scale for band in chosen]
        sink.offsets = [band.offset for band in chosen]
    return path


def _rectangles(path: Path) -> Iterator[tuple[int, int, int, int] | None]:
    """Yield None for the whole raster; where that has holes, its largest solid rectangles too."""
    yield None
    raster = open_raster(path)
    band = raster.bands.good_indices[:1]
    (plane,) = read_window(raster, *whole(raster), band)
    solid = np.isfinite(plane)
    if solid.all():
        return
    for _ in range(RECTANGLES):
        row, col, rows, cols = _largest_rectangle(solid)
        if min(rows, cols) < LEAST_SIDE:
            return
        yield row, col, rows, cols
        solid[row : row + rows, col : col + cols] = False


def _largest_rectangle(solid: np.ndarray) -> tuple[int, int, int, int]:
    """Return (row, col, rows, cols) of the largest rectangle of a mask, the first if several."""
    height = np.zeros(solid.shape[1], int)
    best = (0, 0, 0, 0, 0)
    for row, line in enumerate(solid):
        height = np.where(line, height + 1, 0)
        for left in range(len(height)):
            lowest = np.minimum.accumulate(height[left:])
            areas = lowest * np.arange(1, len(lowest) + 1)
            width = int(areas.argmax())
            found = int(lowest[width])
            if areas[width] > best[0]:
                best = (int(areas[width]), row - found + 1, left, found, width + 1)
    return best[1:]


def summary(rows: list[Row]) -> str:
    """Tell what was accepted, and what the truth says of that and of what was refused."""
    lines = [f"{sum(r.found is not None and not r.fault for r in rows)} of {len(rows)} accepted."]
    for kind, refused in (("accepted", False), ("refused", True)):
        known = [r.truth for r in rows if r.truth and bool(r.fault) == refused]
        if known:
            gain = np.mean([after.psnr_db - before.psnr_db for before, after in known])
            ratio = np.mean([after.sam_ratio / before.sam_ratio for before, after in known])
            worse = sum(after.psnr_db < before.psnr_db for before, after in known)
            lines.append(
                f"True effect of the {len(known)} {kind} ones: PSNR {gain:+.3f} dB, SAM × "
                f"{ratio:.3f} on average; {worse} lost PSNR."
            )
    return " ".join(lines)


if __name__ == "__main__":
    main()
