"""The settings of a comparison: systems, scenes, budgets, tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hsisr_geo.benchmark.systems.training_run import Budget
from hsisr_geo.errors import OptionError
from hsisr_geo.resolver.system_config import Setting

ALL = "all"
"""In place of a number of bands, where scores are of all that a scene has."""


@dataclass(frozen=True)
class Schooling:
    """How a system is trained: its budget, and how that is spent (`TrainingRun`)."""

    budget: Budget
    batch: int = 4
    patch: int = 16
    learning_rate: float | None = None


@dataclass(frozen=True)
class Entry:
    """One system of the comparison.

    Attributes
    ----------
    label
        As files and `--only` name it; `title` as tables do.
    model
        Name or file of a model that is there already; None for one that is trained.
    architecture, settings, schooling
        Which system is trained, what differs from its published settings, and how.
    own_schooling
        It is not trained as the others are; tables say so.
    all_bands
        Score it on all bands as well, if it takes any number.
    start
        A model file whose weights training starts from; None for fresh ones.
    """

    label: str
    title: str
    upscales: tuple[int, ...]
    seeds: tuple[int, ...]
    schooling: Schooling | None
    model: str | None = None
    architecture: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    own_schooling: bool = False
    all_bands: bool = True
    start: Path | None = None


@dataclass(frozen=True)
class Chosen:
    """Which labels form the tables of ablation, of group sizes, and of inference time.

    `times_at` are the upscales at which they are timed; none named means all.
    """

    ablation: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    times_at: tuple[int, ...] = ()

    def is_timed(self, label: str, upscale: int) -> bool:
        """Say whether a system is timed at an upscale."""
        return label in self.times and (not self.times_at or upscale in self.times_at)


@dataclass(frozen=True)
class Pictured:
    """What figures show: some scenes by name, none named means all; and whether as SVG, too."""

    scenes: tuple[str, ...] = ()
    svg: bool = False


@dataclass(frozen=True)
class BenchmarkSettings:
    """A comparison; `bands` of each scene are picked evenly, None takes all."""

    path: Path
    title: str
    protocol: str
    upscales: tuple[int, ...]
    seeds: tuple[int, ...]
    bands: int | None
    train: Path | None
    test: Path
    held_out: tuple[str, ...]
    entries: tuple[Entry, ...]
    chosen: Chosen
    pictured: Pictured = field(default_factory=Pictured)

    def entry(self, label: str) -> Entry:
        """Return a system by its label.

        Raises
        ------
        OptionError
            There is none, listing those that there are.
        """
        for entry in self.entries:
            if entry.label == label:
                return entry
        known = ", ".join(entry.label for entry in self.entries)
        raise OptionError(f"{self.path}: there is no system {label!r}; there are {known}")
