"""A training's identity: the facts that its progress, its curve and its card have in common."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hsisr_geo.cube.likeness import SHARED, pixels_of, shared
from hsisr_geo.errors import ModelError
from hsisr_geo.model.training.photographs import Photograph
from hsisr_geo.model.training.training_data import TrainingScene
from hsisr_geo.resolver.config import ModelConfig

Facts = Mapping[str, str]
"""Each a text by its name."""


def told_scenes(scenes: Sequence[TrainingScene]) -> str:
    """Tell scenes by name, content, and what their files can store, which degraded ones get."""
    return " ".join(f"{scene.name}:{_digest(scene.cube)}{_storing(scene)}" for scene in scenes)


def told_photographs(photographs: Sequence[Photograph]) -> str:
    """Tell photographs by number and content."""
    every = hashlib.sha256("".join(_digest(p.pixels) for p in photographs).encode())
    return f"{len(photographs)}:{every.hexdigest()[:12]}" if photographs else "none"


def told_configuration(config: ModelConfig) -> Facts:
    """Tell a configuration, which stands in the model file itself, by upscales and a hash.

    Without name and version, which a resumed training may change.
    """
    nameless = {k: v for k, v in asdict(config).items() if k not in ("name", "version")}
    return {
        "factors": " ".join(map(str, config.upscales)),
        "configuration": hashlib.sha256(json.dumps(nameless).encode()).hexdigest()[:12],
    }


def copies(scenes: Sequence[TrainingScene]) -> Iterator[tuple[TrainingScene, TrainingScene]]:
    """Yield pairs of scenes with the same pixels: one, and each that comes after it."""
    firsts: dict[str, TrainingScene] = {}
    for scene in scenes:
        first = firsts.setdefault(_digest(scene.cube), scene)
        if first is not scene:
            yield first, scene


def check_apart(train: Sequence[TrainingScene], held: Sequence[TrainingScene]) -> None:
    """Refuse scenes that are held out and trained on all the same, under another name.

    Whole ones, or parts of them, turned or in other units (`cube.likeness`).

    Raises
    ------
    ModelError : naming both
    """
    trained = {_digest(scene.cube): scene.name for scene in train}
    for scene in held:
        if same := trained.get(_digest(scene.cube)):
            raise ModelError(
                f"scene {scene.name} is held out, and has the pixels of {same}, which is trained "
                "on: remove one of them"
            )
    told = [(scene.name, pixels_of(scene.cube)) for scene in train] if held else []
    for scene in held:
        these = pixels_of(scene.cube)
        for name, those in told:
            if (share := shared(these, those)) > SHARED:
                raise ModelError(
                    f"scene {scene.name} is held out, and shares {share:.0%} of its pixels with "
                    f"{name}, which is trained on: remove one of them, or hold out both"
                )


def check_same(kept: str, now: Facts, path: Path) -> None:
    """Refuse progress of another training.

    Parameters
    ----------
    kept : what `as_note` made of its facts, "" where nothing was said

    Raises
    ------
    ModelError : naming what differs
    """
    before: Facts = json.loads(kept or "{}")
    different = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if different:
        told = "; ".join(_difference(name, before.get(name), now.get(name)) for name in different)
        raise ModelError(
            f"cannot resume from {path}, which is of another training: {told}. Give the same "
            "again, or leave --resume out to start afresh"
        )


def as_note(facts: Facts) -> str:
    """Return what `check_same` reads."""
    return json.dumps(dict(facts))


def _digest(pixels: np.ndarray) -> str:
    whole = np.ascontiguousarray(pixels)
    return hashlib.sha256(f"{whole.shape}{whole.dtype}".encode() + whole.data).hexdigest()[:12]


def _storing(scene: TrainingScene) -> str:
    """Tell the type, scales and holes that values are rounded to; "" where any can be stored."""
    if scene.bands is None:
        return ""
    told = [f"{band.scale} {band.offset} {band.nodata}" for band in scene.bands]
    return f":{hashlib.sha256(f'{scene.dtype} {told}'.encode()).hexdigest()[:4]}"


def _difference(name: str, before: str | None, now: str | None) -> str:
    if name == "configuration" or max(len(before or ""), len(now or "")) > 100:
        return f"{name} not the same"
    return f"{name} was {before or 'not said'}, is {now or 'not said'}"
