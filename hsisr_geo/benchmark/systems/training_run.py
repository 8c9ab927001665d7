"""`TrainingRun`: budget, cubes and how to spend them, for training a system to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.resolver.system_config import Setting


@dataclass(frozen=True)
class Budget:
    """What training may take: optimiser steps, or minutes of one processor; the other is None."""

    steps: int | None = None
    cpu_minutes: float | None = None


@dataclass(frozen=True, eq=False)
class NamedCube:
    """A cube to train on: float32 (band, row, col) without holes, scaled as its protocol says."""

    name: str
    cube: NDArray[np.float32]


@dataclass(frozen=True)
class TrainingRun:
    """One training.

    Attributes
    ----------
    name
        Of the model.
    architecture, settings
        Which system, and what differs from its published settings; `OWN` is ours.
    bands
        Of the cubes.
    batch, patch
        Cubes a step, and their side in degraded pixels.
    learning_rate
        At the start of a cosine; None for what was published.
    check_every
        Share of the budget between two checks on the held-out scenes.
    start
        A model file whose weights, as far as they have the same names, are started from.
    bands_from
        Which bands of a scene these are, in words, for whoever runs the model; decides nothing.
    """

    name: str
    architecture: str
    upscale: int
    bands: int
    budget: Budget
    settings: Mapping[str, Setting] = field(default_factory=dict)
    seed: int = 0
    batch: int = 4
    patch: int = 16
    learning_rate: float | None = None
    device: str = "auto"
    check_every: float = 0.2
    start: Path | None = None
    bands_from: str = field(default="", repr=False, compare=False)
