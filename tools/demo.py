"""Super-resolve a real scene twice: degraded first, so that there is a truth, and as it is.

    python tools/demo.py              Indian Pines (AVIRIS), from the tensorly package
    python tools/demo.py scene.tif    any raster that fits in memory

Leaves GeoTIFFs, a before/after picture in true colour and the scores in a folder.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from affine import Affine
from demo_picture import Panel, draw, true_colour_bands
from hsisr_geo.cli.terminal.progress import report, to_json
from rasterio.crs import CRS
from rasterio.warp import transform as reproject

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment import wald
from hsisr_geo.assessment.compare import compare
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.blur.find import AUTO
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.errors import HsisrError
from hsisr_geo.metrics import Scores
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_cube, read_window, whole
from hsisr_geo.resolver.load import load_resolver
from hsisr_geo.resolver.protocol import Resolver

INDIAN_PINES_LON_LAT = (-87.0, 40.46)  # about the middle of the scene
INDIAN_PINES_RESOLUTION_M = 20.0
BICUBIC = "bicubic"


@dataclass(frozen=True)
class Options:
    """What the demo was asked for."""

    scene: Path | None
    folder: Path
    model: str
    upscale: int


def main() -> int:
    """Run the demo; return the exit code."""
    options = _options()
    try:
        run_demo(options)
    except HsisrError as e:
        print(f"demo: error: {e}", file=sys.stderr)
        return 1
    return 0


def run_demo(options: Options) -> None:
    """Make every file of the demo, and print the scores and where the files are."""
    model = load_resolver(options.model, upscale=options.upscale, psf=AUTO)  # as `run` does
    # ^ first: a model that is not there should not cost the wait for bicubic
    bicubic = load_resolver(BICUBIC, upscale=options.upscale)
    options.folder.mkdir(parents=True, exist_ok=True)
    scene = options.scene or write_indian_pines(options.folder / "indian_pines.tif")
    stem, factor = options.folder / scene.stem, options.upscale
    truth, degraded = degrade(scene, stem, model.degradation)

    results: dict[str, Path] = {}
    scores: dict[str, Scores] = {}
    for name, resolver in {BICUBIC: bicubic, model.name: model}.items():
        results[name] = Path(f"{stem}_degraded_{name}_x{factor}.tif")
        _super_resolve(degraded, results[name], resolver)
        scores[name] = compare(results[name], truth, upscale=factor).scores
    whole = Path(f"{stem}_x{factor}.tif")
    _super_resolve(scene, whole, model)

    picture, table = Path(f"{stem}_before_after.png"), options.folder / "scores.json"
    _draw(picture, degraded, results, truth, scores, factor)
    table.write_text(_scores_json(scene, factor, scores) + "\n", encoding="utf-8")
    _print(scores, [scene, truth, degraded, *results.values(), whole, picture, table])


def write_indian_pines(path: Path) -> Path:
    """Write the scene of the tensorly package as a GeoTIFF that says its place is approximate.

    The package carries pixels and nominal wavelengths, but no grid: pixels of 20 m are laid around
    the site, north up. Good for looking, not for measuring distances.
    """
    from tensorly.datasets import load_indian_pines

    source = load_indian_pines()
    cube = np.asarray(source.tensor).transpose(2, 0, 1).astype(np.uint16)
    centres_nm = source.ticks[1]
    raster = Raster(
        path="Indian Pines",
        driver="GTiff",
        shape=cube.shape[1:],
        crs=CRS.from_epsg(32616).to_wkt(),
        transform=_grid_around(INDIAN_PINES_LON_LAT, cube.shape[1:]),
        dtype="uint16",
        bands=Bands(tuple(Band(wavelength_nm=centre) for centre in centres_nm)),
        tags={
            "": {
                "TITLE": "Indian Pines, AVIRIS, 12 June 1992",
                "GEOREFERENCING": "approximate: nominal 20 m pixels around 40.46 N 87.0 W",
                "BAND_CENTRES": "nominal, as given by the tensorly package",
                "SOURCE": source.reference,
                "LICENCE": source.LICENCE,
            }
        },
    )
    write_raster(path, raster, cube.astype(np.float32), overwrite=True)
    return path


def degrade(scene: Path, stem: Path, degradation: Degradation) -> tuple[Path, Path]:
    """Write the scene cropped to whole groups of pixels, and that degraded as the model assumes.

    It is rounded to the scene's data type. A degraded pixel is a hole if any of the pixels under it
    is one.

    Returns
    -------
    Paths of the truth and of the degraded scene.
    """
    raster, factor = open_raster(scene), degradation.factor
    area = wald.whole_groups(whole(raster), factor)
    wald.check_size(raster, area, factor)
    truth = replace(raster.upscaled(1, *area), gcps=(), rpcs=None)
    cube = read_cube(raster, area, range(len(raster.bands)))
    paths = Path(f"{stem}_truth.tif"), Path(f"{stem}_degraded.tif")
    wald.write(paths[0], truth, cube)
    wald.write(paths[1], wald.coarser(truth, factor), wald.degrade(cube, degradation))
    return paths


def _grid_around(lon_lat: tuple[float, float], shape: tuple[int, int]) -> Affine:
    (x,), (y,) = reproject("EPSG:4326", "EPSG:32616", [lon_lat[0]], [lon_lat[1]])
    size = INDIAN_PINES_RESOLUTION_M
    left = round((x - shape[1] * size / 2) / size) * size
    top = round((y + shape[0] * size / 2) / size) * size
    return Affine(size, 0.0, left, 0.0, -size, top)


def _super_resolve(source: Path, path: Path, resolver: Resolver) -> None:
    speak = report("auto")
    print(f"{path.name}: {resolver.name} x{resolver.upscale} of {source.name}", flush=True)
    super_resolve(source, path, resolver=resolver, overwrite=True, progress=speak.progress)


def _draw(
    path: Path,
    degraded: Path,
    results: dict[str, Path],
    truth: Path,
    scores: dict[str, Scores],
    factor: int,
) -> None:
    grid = open_raster(truth)
    bands = true_colour_bands(grid.bands)
    panels = [
        Panel(f"input, 1/{factor} of the resolution", "nearest pixel", _image(degraded, bands))
    ]
    panels += [
        Panel(
            f"{name} ×{factor}",
            f"PSNR {scores[name].mpsnr:.2f} dB, SAM {scores[name].sam_deg:.2f}°",
            _image(result, bands),
        )
        for name, result in results.items()
    ]
    panels.append(Panel("truth", f"{grid.rows} × {grid.cols} pixels", _image(truth, bands)))
    centres = [grid.bands[i].wavelength_nm for i in bands]
    colours = (
        "bands " + ", ".join(f"{i + 1}" for i in bands)
        if None in centres
        else "red, green, blue at " + ", ".join(f"{centre:.0f}" for centre in centres) + " nm"
    )
    draw(
        panels,
        path,
        heading=f"{truth.stem.removesuffix('_truth')}: {len(grid.bands)} bands, ×{factor}",
        note=f"{colours}; 2-98 % stretch of the truth; scores over all good bands",
    )


def _image(path: Path, bands: Sequence[int]) -> Cube:
    raster = open_raster(path)
    return read_window(raster, *whole(raster), bands)


def _scores_json(scene: Path, factor: int, scores: dict[str, Scores]) -> str:
    record = {
        "scene": scene.name,
        "upscale": factor,
        "degradation": "bicubic",
        "scores": {name: asdict(score) for name, score in scores.items()},
    }
    return json.dumps(json.loads(to_json(record)), indent=1)


def _print(scores: dict[str, Scores], files: Sequence[Path]) -> None:
    columns = {"mpsnr": "MPSNR", "mssim": "MSSIM", "cc": "CC", "rmse": "RMSE"}
    columns |= {"sam_deg": "SAM", "ergas": "ERGAS"}
    width = max(map(len, scores))
    print("\n" + " " * width + "".join(f"{title:>10}" for title in columns.values()))
    for name, score in scores.items():
        values = asdict(score)
        print(f"{name:<{width}}" + "".join(f"{values[key]:>10.4g}" for key in columns))
    print("\nwritten:")
    for file in files:
        print(f"  {file.resolve()}")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", nargs="?", type=Path, help="any raster; default: Indian Pines")
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="default: %(default)s")
    parser.add_argument("--model", default="default", help="default: %(default)s")
    parser.add_argument("--upscale", type=int, choices=(2, 3, 4), default=2)
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
