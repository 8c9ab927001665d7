"""The folder of `hsisr-geo benchmark`, read for figures: results, truth, scores and times in it.

Whatever a system lacks in it is left out, with a line for the log: figures of what is there are
worth having while the rest is still computed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.benchmark.figures.values import (
    FigureSettings,
    GroupSize,
    SceneResult,
    SceneResults,
    Shown,
    Standing,
)
from hsisr_geo.benchmark.folder import TRUTH
from hsisr_geo.benchmark.settings import ALL

Log = Callable[[str], None]


def scene_results(folder: Path, settings: FigureSettings, log: Log) -> Iterator[SceneResults]:
    """Read scene by scene what there is to show of each."""
    kind = _kind(folder, settings)
    for upscale in settings.upscales:
        for path in sorted((folder / "cubes" / TRUTH).glob(f"*-x{upscale}.npy")):
            scene = path.stem.removesuffix(f"-x{upscale}")
            if not settings.scenes or scene in settings.scenes:
                results = tuple(_results(folder, path, (scene, kind), upscale, settings, log))
                yield _scene(path, scene, upscale, results)


def _scene(path: Path, scene: str, upscale: int, results: tuple[SceneResult, ...]) -> SceneResults:
    truth = np.load(path, allow_pickle=False)
    told = _json(path.with_suffix(".json")) or {}
    wavelengths = told.get("wavelengths_nm")
    numbers = told.get("bands") or range(1, len(truth) + 1)
    known = None if wavelengths is None else tuple(wavelengths)
    return SceneResults(scene, upscale, truth, known, tuple(numbers), results)


def _results(
    folder: Path,
    path: Path,
    scored: tuple[str, str],
    upscale: int,
    settings: FigureSettings,
    log: Log,
) -> Iterator[SceneResult]:
    """Read what every system made of a scene, and its scores by (scene, kind of bands)."""
    shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    for shown in settings.systems:
        kept = _first(folder / "cubes", shown.label, upscale, f"/{path.name}")
        cube = None if kept is None else np.load(kept, allow_pickle=False)
        if kept is None or cube is None or cube.shape != shape:
            log(f"figures: {scored[0]} x{upscale}: no result of {shown.label}, left out")
            continue
        row = _rows(folder, kept.parent.name).get(scored, {})
        yield SceneResult(shown, cube, row.get("mpsnr", np.nan), row.get("sam", np.nan))


def standings(folder: Path, settings: FigureSettings, log: Log) -> tuple[Standing, ...]:
    """Read where the systems stand; the reference is among them."""
    found, kind = [], _kind(folder, settings)
    for upscale in settings.upscales:
        for shown in settings.systems:
            standing = _standing(folder, shown, upscale, settings, kind)
            if standing is None:
                log(f"figures: x{upscale}: no scores of {shown.label}, left out")
            else:
                found.append(standing)
    return tuple(found)


def _standing(
    folder: Path, shown: Shown, upscale: int, settings: FigureSettings, kind: str
) -> Standing | None:
    reference = _scores(folder, settings.reference, upscale, kind)
    against = next(iter(reference.values()), {})  # interpolation is the same for every seed
    runs = []
    for seed, mine in _scores(folder, shown.label, upscale, kind).items():
        theirs = reference.get(seed, against)
        common = sorted(mine.keys() & theirs.keys())
        if common:
            runs.append(_against([mine[s] for s in common], [theirs[s] for s in common]))
    if not runs:
        return None
    psnr, gain, ratio = np.mean(runs, axis=0)
    spread = np.ptp(runs, axis=0) / 2
    seconds = _seconds(folder, shown, upscale, settings)
    return Standing(shown, upscale, psnr, gain, spread[1], ratio, spread[2], seconds)


def _against(mine: list[Mapping[str, Any]], theirs: list[Mapping[str, Any]]) -> tuple[float, ...]:
    """Return mean PSNR, mean gain and mean ratio of angles of one run over its scenes."""
    psnr = [row["mpsnr"] for row in mine]
    gain = [a["mpsnr"] - b["mpsnr"] for a, b in zip(mine, theirs, strict=True)]
    ratio = [a["sam"] / b["sam"] for a, b in zip(mine, theirs, strict=True) if b["sam"] > 0]
    return float(np.mean(psnr)), float(np.mean(gain)), float(np.mean(ratio or [np.nan]))


def group_sizes(folder: Path, settings: FigureSettings, log: Log) -> dict[int, list[GroupSize]]:
    """Read what autoencoders lose by the size of their groups, for each upscale."""
    shown = {s.label: s for s in settings.systems}
    found: dict[int, list[GroupSize]] = {}
    for upscale in settings.upscales:
        for label in settings.groups:
            system = shown.get(label, Shown(label, label))
            path = _first(folder / "reconstructions", label, upscale, ".json")
            told = None if path is None else _json(path)
            if told is None:
                log(f"figures: x{upscale}: no reconstruction by {label}, left out")
                continue
            seconds = _in_size(told, settings.size) or _seconds(folder, system, upscale, settings)
            size = GroupSize(system, told["group"], told["overlap"], told["psnr"], seconds)
            found.setdefault(upscale, []).append(size)
    return {
        upscale: sorted(sizes, key=lambda s: (s.group, s.overlap))
        for upscale, sizes in found.items()
    }


def _kind(folder: Path, settings: FigureSettings) -> str:
    """Return which bands were compared: a number that all systems take, where there is one."""
    kinds = {
        kind
        for upscale in settings.upscales
        for rows in _of_seeds(folder, settings.reference, upscale).values()
        for _, kind in rows
    }
    return min(kinds - {ALL}, default=ALL)


def _scores(
    folder: Path, label: str, upscale: int, kind: str
) -> dict[int, dict[str, Mapping[str, Any]]]:
    """Return seed -> scene -> scores on one kind of bands."""
    return {
        seed: {scene: row for (scene, bands), row in rows.items() if bands == kind}
        for seed, rows in _of_seeds(folder, label, upscale).items()
    }


def _of_seeds(
    folder: Path, label: str, upscale: int
) -> dict[int, dict[tuple[str, str], Mapping[str, Any]]]:
    found = _seeds(folder / "scores", label, upscale, ".json")
    return {seed: _rows(folder, path.stem) for seed, path in found.items()}


def _seeds(folder: Path, label: str, upscale: int, rest: str) -> dict[int, Path]:
    """Return the paths `{label}-x{upscale}-seed{seed}{rest}` by seed, the lowest first."""
    stem = f"{label}-x{upscale}-seed"
    found = {path.name.removesuffix(rest).removeprefix(stem) for path in folder.glob(f"{stem}*")}
    seeds = sorted(int(number) for number in found if number.isdecimal())
    paths = {seed: Path(f"{folder / stem}{seed}{rest}") for seed in seeds}
    return {seed: path for seed, path in paths.items() if path.is_file()}


def _first(folder: Path, label: str, upscale: int, rest: str) -> Path | None:
    return next(iter(_seeds(folder, label, upscale, rest).values()), None)


def _rows(folder: Path, run: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the scores of a run by scene and kind of bands; NaN where there is no number."""
    told = _json(folder / "scores" / f"{run}.json") or {"rows": []}
    return {
        (row["scene"], row["bands"]): {k: np.nan if v is None else v for k, v in row.items()}
        for row in told["rows"]
    }


def _seconds(folder: Path, shown: Shown, upscale: int, settings: FigureSettings) -> float | None:
    """Return the seconds of the shown size, of the first run that was timed."""
    path = _first(folder / "times", shown.label, upscale, ".json")
    return None if path is None else _in_size(_json(path) or {}, settings.size)


def _in_size(told: Mapping[str, Any], size: int) -> float | None:
    """Return the seconds of one size that a record of times has."""
    timings = told.get("timings", ())
    return next((float(t["seconds"]) for t in timings if t["size"] == size), None)


def _json(path: Path) -> Any:
    """Return what a file says; None where there is none, or it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
