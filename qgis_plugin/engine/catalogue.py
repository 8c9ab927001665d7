"""The models that an engine has: their names, factors and measured scores, as it lists them.

Plain Python. `hsisr-geo models --json` is the source; what follows from it here are the choices of
a dialog and a few lines of its help.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT = "default"
# What every engine knows: the choice before one has been asked.
BUILT_IN = (DEFAULT, "back-projection", "bicubic")
FOLDER_VARIABLE = "HSISR_GEO_MODELS"  # of the user's own models


@dataclass(frozen=True)
class Score:
    """What a model gained over bicubic at one factor, on scenes that it was not trained on."""

    upscale: str
    psnr_gain_db: float
    angle_ratio: float


@dataclass(frozen=True)
class Model:
    """One entry of the list; `default` is what the name `default` stands for."""

    name: str
    upscales: tuple[int, ...]
    default: bool
    scores: tuple[Score, ...]


def parse(text: str) -> tuple[Model, ...]:
    """Return the models of `hsisr-geo models --json`.

    Raises
    ------
    ValueError
        The text is not such a list.
    """
    try:
        return tuple(_model(record) for record in json.loads(text))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a list of models: {error}") from error


def _model(record: Mapping[str, Any]) -> Model:
    card = record.get("card") or {}
    told = card.get("scores")
    scores = told if isinstance(told, dict) else {}
    return Model(
        name=str(record["name"]),
        upscales=tuple(int(upscale) for upscale in record["upscales"]),
        default=bool(record.get("default")),
        scores=tuple(
            Score(upscale.lstrip("x"), float(found["psnr_gain_db"]), float(found["sam_ratio"]))
            for upscale, found in scores.items()
            if isinstance(found, dict) and {"psnr_gain_db", "sam_ratio"} <= set(found)
        ),
    )


def choices(models: tuple[Model, ...]) -> list[str]:
    """Return the names to choose from: `default` first, then as listed."""
    return [*dict.fromkeys([DEFAULT, *(model.name for model in models)])] if models else [*BUILT_IN]


def described(models: tuple[Model, ...], default: str, angle: str) -> str:
    """Return HTML with a paragraph for each model: its name, its factors, what it gained.

    Parameters
    ----------
    default : what to write beside the default model
    angle : what the spectral angle is called
    """
    return "".join(_paragraph(model, default, angle) for model in models)


def _paragraph(model: Model, default: str, angle: str) -> str:
    name = f"<b>{html.escape(model.name)}</b>"
    mark = f" ({html.escape(default)})" if model.default else ""
    factors = " ".join(f"×{upscale}" for upscale in model.upscales)
    gains = "".join(f"<br>{_gain(score, angle)}" for score in model.scores)
    return f"<p>{name}{mark}: {factors}{gains}</p>"


def _gain(score: Score, angle: str) -> str:
    change = f"{100 * (score.angle_ratio - 1):+.0f}".replace("-", "−")
    gain = f"{score.psnr_gain_db:+.2f}".replace("-", "−")
    return f"×{score.upscale}: {gain} dB, {html.escape(angle)} {change} %"


def fingerprint(executable: str, environment: Mapping[str, str]) -> str:
    """Say which engine and which folder of models a list belongs to, and in what state."""
    folder = environment.get(FOLDER_VARIABLE, "")
    return json.dumps([executable, _changed(executable), folder, _changed(folder)])


def _changed(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
