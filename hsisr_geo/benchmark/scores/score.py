"""Scores of a model by a protocol, scene by scene."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.wald import check_size, coarser, degrade, whole_groups, write
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.benchmark.data.crops import picked
from hsisr_geo.benchmark.data.imresize import imresize
from hsisr_geo.benchmark.data.protocols import Protocol, scaled_crop, scenes_to_test
from hsisr_geo.benchmark.data.sources import SourceScene
from hsisr_geo.benchmark.scores.arrays import keep_arrays
from hsisr_geo.benchmark.settings import ALL
from hsisr_geo.cube.degradation import BICUBIC, named
from hsisr_geo.errors import ModelError
from hsisr_geo.files import temporary_folder
from hsisr_geo.metrics import evaluate
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_cube, whole
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import BASELINES, find_model
from hsisr_geo.resolver.header import read_header
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver
from hsisr_geo.resolver.protocol import Resolver, ScalingResolver
from hsisr_geo.resolver.system_config import SystemConfig


@dataclass(frozen=True)
class ScoreRow:
    """Scores of one system on one scene.

    Attributes
    ----------
    scene, upscale
        What was made finer, and how much.
    bands
        "60" for so many picked evenly, or "all".
    mpsnr, mssim, cc, sam
        As in `metrics.Scores`.
    rmse
        In units of `data_range`, so that scenes in different units can be averaged.
    ergas, ergas_true
        With the protocol's ratio, and with the upscale as ratio.
    data_range
        Peak value of PSNR and SSIM, in the scene's unit.
    """

    scene: str
    upscale: int
    bands: str
    mpsnr: float
    mssim: float
    cc: float
    rmse: float
    sam: float
    ergas: float
    ergas_true: float
    data_range: float


def score(
    model: str | Path,
    *,
    upscale: int,
    protocol: Protocol,
    test: Path,
    bands: int | None,
    all_bands: bool = True,
    device: str = "auto",
    seed: int = 0,
    keep: Path | None = None,
) -> list[ScoreRow]:
    """Score a model on every scene of a test set.

    Parameters
    ----------
    model
        A name or file as `--model` takes it.
    test
        A file or folder as for `load_scenes`; of a known set, what its protocol tests on is taken.
    bands
        Score on so many bands, picked evenly; None: on all only.
    all_bands
        Score systems that take any number on all, too.
    keep
        Folder for the results `{scene}-x{upscale}.npy`, float32 (band, row, col) of the picked
        bands; the truth goes to `truth` beside it, with wavelengths as `.json`.

    Raises
    ------
    RasterError
        Scenes cannot be read or are too small, or have too few bands.
    ModelError
        The model is not there, or was made for another number of bands.
    OutputError
        What is to be kept cannot be written.
    """
    counts = _band_counts(model, bands, all_bands=all_bands)
    resolver = load_resolver(str(model), upscale=upscale, device=device, seed=seed)
    rows = []
    for scene in scenes_to_test(protocol, test):
        for count in counts:
            everything = count is None or (bands is None and count == len(scene.cube))
            label = ALL if everything else str(count)
            kept = keep if count == counts[0] else None
            rows.append(_score_scene(picked(scene, count), label, resolver, protocol, kept))
    return rows


def check_scenes(
    protocol: Protocol, test: Path, *, upscales: Collection[int], bands: int | None
) -> None:
    """Refuse scenes that cannot be scored: asked before training, which takes long.

    Raises
    ------
    RasterError
        As `score`, naming the scene.
    """
    for scene in scenes_to_test(protocol, test):
        picked(scene, bands)
        for upscale in upscales:
            check_size(scene.raster, whole(scene.raster), upscale)


def _band_counts(
    model: str | Path, bands: int | None, *, all_bands: bool
) -> tuple[int | None, ...]:
    """Return on how many bands a model is scored, None for all of them."""
    fixed = built_for(str(model))
    if bands is None:
        return (fixed or None,)
    if fixed not in (0, bands):
        raise ModelError(f"model {model} takes {fixed} bands, not {bands}: set bands to that")
    return (bands,) if fixed or not all_bands else (bands, None)


def built_for(model: str) -> int:
    """Return the number of bands that a model takes, 0 for any; `ModelError` if it is not there."""
    if model in BASELINES:
        return 0
    config = read_header(find_model(model)).config
    return config.bands if isinstance(config, SystemConfig) else 0


def _score_scene(
    scene: SourceScene, bands: str, resolver: Resolver, protocol: Protocol, keep: Path | None
) -> ScoreRow:
    """Degrade a scene, make it finer, and compare."""
    upscale = resolver.upscale
    scene = cropped(scaled_crop(scene, protocol), protocol.multiple, upscale)
    sr = _MAKERS[protocol.resampling](scene, resolver, protocol)
    if keep is not None:
        keep_arrays(sr, scene, upscale, keep)
    found = evaluate(sr, scene.cube, upscale=upscale, data_range=protocol.data_range)
    return ScoreRow(
        scene=scene.name,
        upscale=upscale,
        bands=bands,
        mpsnr=found.mpsnr,
        mssim=found.mssim,
        cc=found.cc,
        rmse=found.rmse / found.data_range,
        sam=found.sam_deg,
        ergas=found.ergas * upscale / (protocol.ergas_ratio or upscale),
        ergas_true=found.ergas,
        data_range=found.data_range,
    )


def cropped(scene: SourceScene, multiple: int, upscale: int) -> SourceScene:
    """Cut a scene to multiples of so many upscales, from its upper left corner.

    Raises
    ------
    RasterError
        It is too small to be degraded.
    """
    check_size(scene.raster, whole(scene.raster), upscale)
    part = whole_groups(whole(scene.raster), multiple * upscale)
    return scene.cut(part)


def _through_files(scene: SourceScene, resolver: Resolver, protocol: Protocol) -> Cube:
    """Super-resolve the degraded scene by the product's own pipeline (band, row, col).

    It is degraded by the bicubic D and stored in the scene's own data type, as a sensor's would be.
    """
    degradation = named(BICUBIC, resolver.upscale)
    with temporary_folder() as folder:
        lr, sr = folder / "lr.tif", folder / "sr.tif"
        coarse = np.concatenate([degrade(band[None], degradation) for band in scene.cube])
        write(lr, coarser(scene.raster, resolver.upscale), coarse)
        super_resolve(lr, sr, resolver=resolver)
        result = open_raster(sr)
        return read_cube(result, whole(result), range(len(scene.cube)))


def _in_memory(scene: SourceScene, resolver: Resolver, protocol: Protocol) -> Cube:
    """Degrade and super-resolve a scaled crop as the papers do (band, row, col).

    Bicubic is MATLAB's here, as in their tables: it differs from the product's at the border. The
    protocol has scaled the crop: a published system gets the values as they are.
    """
    rows, cols = scene.raster.shape
    clip: Callable[[Cube], Cube] = partial(np.clip, a_min=0, a_max=1) if protocol.clip else _same
    lr = clip(imresize(scene.cube, (rows // resolver.upscale, cols // resolver.upscale)))
    if isinstance(resolver, BicubicResolver):
        return clip(imresize(lr, (rows, cols)))
    if isinstance(resolver, ScalingResolver):
        resolver = resolver.scaled_by(1.0)
    statistics = statistics_of(lr) if resolver.uses_statistics else None
    return clip(resolver.fit(statistics)(lr, (0, 0)))


_MAKERS: dict[str, Callable[[SourceScene, Resolver, Protocol], Cube]] = {
    "files": _through_files,
    "imresize": _in_memory,
}


def _same(cube: Cube) -> Cube:
    return cube
