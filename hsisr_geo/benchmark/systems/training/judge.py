"""The judge of all trainings for a comparison: weights by one validation, told alike."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.training.batches import DegradedCube
from hsisr_geo.benchmark.systems.training.course import Record, TrainingStage
from hsisr_geo.benchmark.systems.training_run import NamedCube, TrainingRun
from hsisr_geo.resolver.header import sha256_of


def held_out_psnr(resolve: Callable[[Tensor], Tensor], held: Sequence[DegradedCube]) -> float:
    """Mean PSNR in dB over bands and cubes, for a peak of one.

    `resolve` maps one image (1, band, row, col) to (1, band, upscale·row, upscale·col).
    """
    scores = []
    for cube in held:
        error = resolve(cube.lr[None])[0].float().cpu() - cube.hr
        scores.append(float(-10 * error.square().mean(dim=(1, 2)).clamp_min(1e-12).log10().mean()))
    return float(np.mean(scores))


def purpose_of(run: TrainingRun, train: Sequence[NamedCube], held: Sequence[NamedCube]) -> str:
    """Return what a progress file was saved for: all that decides about the weights.

    Not where that is computed, nor where the weights lie that are started from.
    """
    asked = replace(run, settings=dict(sorted(run.settings.items())), device="", start=None)
    start = [] if run.start is None else [sha256_of(run.start)]
    return repr((asked, [_look(cube) for cube in train], [_look(cube) for cube in held], *start))


def _look(cube: NamedCube) -> tuple[Any, ...]:
    pixels = np.ascontiguousarray(cube.cube)
    return cube.name, cube.cube.shape, hashlib.sha256(pixels.data).hexdigest()[:16]


def card_of(
    run: TrainingRun,
    train: Sequence[NamedCube],
    held: Sequence[NamedCube],
    module: nn.Module,
    stages: Sequence[TrainingStage],
    record: Record,
) -> dict[str, Any]:
    """Return the card of a model: what it was trained on, at what expense, and what for."""
    budget = {key: value for key, value in asdict(run.budget).items() if value is not None}
    return {
        "purpose": "trained for comparison, not for use",
        "architecture": run.architecture,
        "scenes": [cube.name for cube in train],
        "held_out": [cube.name for cube in held],
        "bands": run.bands,
        **({"bands_from": run.bands_from} if run.bands_from else {}),
        "budget": budget,
        "steps": record.spent.steps,
        "cpu_seconds": round(record.spent.seconds, 1),
        "batch": run.batch,
        "patch": run.patch,
        "seed": run.seed,
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "best_check": record.best[-1],
        "stages": [
            {
                "name": stage.name,
                "share": stage.share,
                "learning_rate": stage.learning_rate,
                "steps": steps,
                "best_check": best,
            }
            for stage, steps, best in zip(stages, record.steps, record.best, strict=True)
        ],
        "device": run.device,
        **({} if run.start is None else {"started_from": run.start.name}),
        "degradation": "bicubic",
    }
