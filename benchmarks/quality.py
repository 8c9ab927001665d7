"""Scores of a model on whole scenes by Wald's protocol, through the product's own pipeline.

    python benchmarks/quality.py SCENES ... [--json FILE] [--model NAME] [--upscale 2 ...]

SCENES are rasters or folders of them; a raster with holes gives its solid parts. Each scene is
cropped to multiples of 4·upscale, degraded by the model's declared D in its own data type, written
as a GeoTIFF, super-resolved by `super_resolve`, read back and compared with the original on its
good bands. Beside the model stand bicubic, and the model's own pipeline with the denoiser's output
set to zero, which is bicubic and back-projection: what is above that, the network added. Prints
Markdown.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.wald import coarser, cut_out, degrade, whole_groups, write
from hsisr_geo.bands.bands import Bands
from hsisr_geo.benchmark.data.solid_parts import solid_parts
from hsisr_geo.benchmark.data.sources import usable_bands
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window
from hsisr_geo.metrics import Scores, evaluate
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window, whole
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.protocol import Resolver

EXISTING = click.Path(exists=True, path_type=Path)
SUFFIXES = {".tif", ".tiff", ".bsq", ".img"}


@dataclass(frozen=True)
class Row:
    """Scores of one method on one scene at one upscale."""

    scene: str
    upscale: int
    method: str
    psnr: float
    ssim: float
    sam: float
    ergas: float
    cc: float
    rmse: float

    @classmethod
    def of(cls, scene: str, upscale: int, method: str, s: Scores) -> "Row":
        """Keep the figures that the tables show."""
        return cls(scene, upscale, method, s.mpsnr, s.mssim, s.sam_deg, s.ergas, s.cc, s.rmse)


@dataclass(frozen=True)
class Scene:
    """A window of a raster without holes, and the name that tables give it."""

    path: Path
    name: str
    part: Window


@click.command()
@click.argument("sources", metavar="SCENES...", nargs=-1, required=True, type=EXISTING)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the rows, too.")
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", "upscales", type=int, multiple=True, default=(2, 3, 4))
@click.option("--device", default="auto", show_default=True)
def main(
    sources: Sequence[Path],
    json_path: Path | None,
    model: str,
    upscales: Sequence[int],
    device: str,
) -> None:
    """Score MODEL on every scene."""
    scenes = [scene for source in sources for scene in scenes_of(source)]
    rows = [
        row
        for upscale in upscales
        for scene in scenes
        for row in score_scene(scene, upscale, methods(model, upscale, device))
    ]
    if json_path:
        json_path.write_text(json.dumps([asdict(r) for r in rows], indent=1) + "\n")
    click.echo("\n".join(markdown(rows)))


def scenes_of(source: Path) -> Iterator[Scene]:
    """Give the scenes of a raster, or of a folder of rasters."""
    if source.is_dir():
        for path in sorted(p for p in source.iterdir() if p.suffix.lower() in SUFFIXES):
            yield from scenes_of(path)
        return
    parts = solid_parts(open_raster(source))
    for number, part in enumerate(parts, start=1):
        yield Scene(
            source, source.stem if len(parts) == 1 else f"{source.stem}, part {number}", part
        )


def methods(model: str, upscale: int, device: str) -> dict[str, Resolver]:
    """Return the resolvers to compare, by the name that the table gives them."""
    ours = load(Recipe(model, upscale=upscale, device=device))
    return {
        "bicubic": BicubicResolver(upscale),
        "without network": without_network(ours),
        "ours": ours,
    }


def without_network(resolver: DiffusionResolver) -> DiffusionResolver:
    """Return the same pipeline with a denoiser that answers zero: bicubic and back-projection."""
    no_detail = (0.0,) * len(resolver.config.upscales)
    return replace(resolver, config=replace(resolver.config, sigma_y=no_detail))


def score_scene(scene: Scene, upscale: int, resolvers: dict[str, Resolver]) -> Iterator[Row]:
    """Degrade one scene, super-resolve it by every method and score the results."""
    raster = open_raster(scene.path)
    with tempfile.TemporaryDirectory() as folder:
        lr, sr = Path(folder, "lr.tif"), Path(folder, "sr.tif")
        good, reference = write_degraded(raster, scene, lr, resolvers["ours"].degradation)
        for name, resolver in resolvers.items():
            super_resolve(lr, sr, resolver=resolver, overwrite=True)
            scores = evaluate(read_all(open_raster(sr), good), reference, upscale=upscale)
            line = f"{scene.name} x{upscale} {name}: {scores.mpsnr:.2f} dB {scores.sam_deg:.3f}"
            click.echo(line, err=True)
            yield Row.of(scene.name, upscale, name, scores)


def write_degraded(
    raster: Raster,
    scene: Scene,
    lr_path: Path,
    degradation: Degradation,
    change: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[list[int], np.ndarray]:
    """Write the degraded scene; return its good bands and the cropped original (band, row, col).

    `change` is made to the original's good bands before it is degraded.
    """
    part = whole_groups(scene.part, 4 * degradation.factor)
    good = sorted(usable_bands(raster))
    bands = Bands(tuple(replace(b, good=i in good) for i, b in enumerate(raster.bands)))
    original = cut_out(replace(raster, bands=bands), part)
    cube = read_window(raster, *part)
    if change is not None:
        cube[good] = change(cube[good])
    coarse = [degrade(band[None], degradation) for band in cube]  # bad ones may have holes
    write(lr_path, coarser(original, degradation.factor), np.concatenate(coarse))
    return good, cube[good]


def read_all(raster: Raster, bands: Sequence[int]) -> np.ndarray:
    """Whole raster, chosen bands, physical units."""
    return read_window(raster, *whole(raster), bands)


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """One table for each upscale, then the means."""
    for upscale in sorted({r.upscale for r in rows}):
        chosen = [r for r in rows if r.upscale == upscale]
        yield f"\n### ×{upscale}\n"
        yield (
            "| scene | bicubic PSNR / SAM | without network | ours | gain dB | of the network "
            "| SAM × | SSIM | ERGAS | CC |"
        )
        yield "|---|---|---|---|---|---|---|---|---|---|"
        for scene in sorted({r.scene for r in chosen}):
            yield _line(scene, {r.method: r for r in chosen if r.scene == scene})
        yield _mean_line(chosen)


def _line(scene: str, by: dict[str, Row]) -> str:
    b, z, o = by["bicubic"], by["without network"], by["ours"]
    return (
        f"| {scene} | {b.psnr:.2f} / {b.sam:.2f}° | {z.psnr:.2f} / {z.sam:.2f}° | "
        f"{o.psnr:.2f} / {o.sam:.2f}° | {o.psnr - b.psnr:+.2f} | {o.psnr - z.psnr:+.2f} | "
        f"{o.sam / b.sam:.3f} | {b.ssim:.3f} → {o.ssim:.3f} | {b.ergas:.2f} → {o.ergas:.2f} | "
        f"{b.cc:.4f} → {o.cc:.4f} |"
    )


def _mean_line(rows: Sequence[Row]) -> str:
    def of(method: str) -> list[Row]:
        return sorted((r for r in rows if r.method == method), key=lambda r: r.scene)

    triples = list(zip(of("bicubic"), of("without network"), of("ours"), strict=True))
    gain = np.mean([o.psnr - b.psnr for b, _, o in triples])
    network = np.mean([o.psnr - z.psnr for _, z, o in triples])
    ratio = np.mean([o.sam / b.sam for b, _, o in triples])
    return f"| **mean** | | | | **{gain:+.2f}** | **{network:+.2f}** | **{ratio:.3f}** | | | |"


if __name__ == "__main__":
    main()
