"""Scores of a model by a protocol, scene by scene, and the arrays that figures show."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.benchmark.protocols import Protocol, picked
from hsisr_geo.benchmark.sources import SourceScene, load_scenes
from hsisr_geo.config import read_header
from hsisr_geo.degradation import BICUBIC, named
from hsisr_geo.errors import ModelError
from hsisr_geo.metrics import evaluate
from hsisr_geo.pipeline import super_resolve
from hsisr_geo.planes import read_cube, whole
from hsisr_geo.raster import open_raster
from hsisr_geo.registry import BASELINES, find_model, load_resolver
from hsisr_geo.resolver import Resolver
from hsisr_geo.wald import coarser, cut_out, degrade, whole_groups, write

ALL = "all"


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
        A file or folder.
    bands
        Score on so many bands, picked evenly; systems that take any number are scored on all, too.
        None: on all only.
    keep
        Folder for the results `{scene}-x{upscale}.npy`; the truth goes to `truth` beside it.

    Raises
    ------
    RasterError
        Scenes cannot be read or are too small, or have too few bands.
    ModelError
        The model is not there, or was made for another number of bands.
    """
    resolver = load_resolver(str(model), upscale=upscale, device=device, seed=seed)
    counts = _band_counts(model, bands)
    return [
        _score_scene(scene, resolver, count, keep if count == counts[0] else None)
        for scene in load_scenes(test)
        for count in counts
    ]


def _band_counts(model: str | Path, bands: int | None) -> tuple[int | None, ...]:
    """Return on how many bands a model is scored, None for all of them."""
    built_for = _built_for(str(model))
    if built_for not in (0, bands):
        asked = "all" if bands is None else bands
        raise ModelError(f"model {model} takes {built_for} bands, not {asked}: set bands to that")
    return (bands, None) if bands is not None and built_for == 0 else (bands,)


def _built_for(model: str) -> int:
    """Return the number of bands that a model takes, 0 for any."""
    if model in BASELINES:
        return 0
    return int(getattr(read_header(find_model(model)).config, "bands", 0))


def _score_scene(
    scene: SourceScene, resolver: Resolver, bands: int | None, keep: Path | None
) -> ScoreRow:
    """Degrade a scene, make it finer through files as users do, and compare."""
    scene = cropped(picked(scene, bands), 4 * resolver.upscale)
    sr = through_files(scene, resolver)
    if keep is not None:
        _keep(sr, scene, resolver.upscale, keep)
    found = evaluate(sr, scene.cube, upscale=resolver.upscale)
    return ScoreRow(
        scene=scene.name,
        upscale=resolver.upscale,
        bands=ALL if bands is None else str(bands),
        mpsnr=found.mpsnr,
        mssim=found.mssim,
        cc=found.cc,
        rmse=found.rmse / found.data_range,
        sam=found.sam_deg,
        ergas=found.ergas,
        ergas_true=found.ergas,
        data_range=found.data_range,
    )


def cropped(scene: SourceScene, factor: int) -> SourceScene:
    """Cut a scene to multiples of so many pixels, from its upper left corner."""
    rows, cols = whole_groups(whole(scene.raster), factor)
    raster = cut_out(scene.raster, (rows, cols))
    return SourceScene(scene.name, raster, scene.cube[:, rows, cols])


def through_files(scene: SourceScene, resolver: Resolver) -> NDArray[np.float32]:
    """Super-resolve the degraded scene by the product's own pipeline (band, row, col).

    It is degraded by the bicubic D and stored in the scene's own data type, as a sensor's would be.
    """
    degradation = named(BICUBIC, resolver.upscale)
    with tempfile.TemporaryDirectory() as folder:
        lr, sr = Path(folder, "lr.tif"), Path(folder, "sr.tif")
        coarse = np.concatenate([degrade(band[None], degradation) for band in scene.cube])
        write(lr, coarser(scene.raster, resolver.upscale), coarse)
        super_resolve(lr, sr, resolver=resolver)
        result = open_raster(sr)
        return read_cube(result, whole(result), range(len(scene.cube)))


def _keep(sr: NDArray[np.float32], scene: SourceScene, upscale: int, keep: Path) -> None:
    """Keep a result, and its truth beside, for figures."""
    truth, name = keep.parent / "truth", f"{scene.name}-x{upscale}"
    told = {"scene": scene.name, "wavelengths_nm": scene.raster.bands.wavelengths_nm}
    for folder, cube in ((keep, sr), (truth, scene.cube)):
        folder.mkdir(parents=True, exist_ok=True)
        for path, draft in _drafts(folder / f"{name}.npy"):
            with draft.open("wb") as file:
                np.save(file, np.ascontiguousarray(cube, np.float32))
            os.replace(draft, path)
    for path, draft in _drafts(truth / f"{name}.json"):
        draft.write_text(json.dumps(told) + "\n")
        os.replace(draft, path)


def _drafts(path: Path) -> Iterator[tuple[Path, Path]]:
    """Give a file and the hidden name it is written under; several processes may write it."""
    yield path, path.with_name(f".{path.name}.{os.getpid()}")
