"""Everything that a person is shown before a set-up: Pythons, GPUs, builds, space."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from .gpu import Gpu, find_gpus, proposed_build
from .packages import BUILDS, GB
from .plan import Plan, space_needed
from .pythons import BasePython, advice, find_pythons


@dataclass(frozen=True)
class Surroundings:
    """What the machine has; `build` is the build of PyTorch to propose, `reason` why."""

    pythons: tuple[BasePython, ...]
    gpus: tuple[Gpu, ...]
    build: str
    reason: str

    @property
    def usable(self) -> list[BasePython]:
        """Pythons that an environment can be made from, best first."""
        return [python for python in self.pythons if python.usable]

    @property
    def problem(self) -> str:
        """What to do where there is no such Python, else empty."""
        return "" if self.usable else advice(self.pythons)


def look_around(qgis_prefix: str) -> Surroundings:
    """Ask the machine; starts a few programs, so not in the thread of a window."""
    gpus = find_gpus()
    build, reason = proposed_build(gpus, sys.platform)
    return Surroundings(tuple(find_pythons(qgis_prefix)), gpus, build, reason)


def space_report(plan: Plan, platform: str = sys.platform) -> tuple[str, bool]:
    """Return what the plan needs and what is free, in words, and whether it is enough."""
    parts, enough = [], True
    for folder, needed in space_needed(plan):
        free = _free(folder)
        enough = enough and free >= needed
        parts.append(f"{needed / GB:.1f} GB in {folder} ({free / GB:.1f} GB free)")
    pips_choice = not (plan.source.torch_index or plan.source.offline)
    if plan.build.name == "cpu" and pips_choice and platform == "linux":
        larger = BUILDS["cu130"]
        parts[-1] += (
            f". PyPI's PyTorch for Linux comes with CUDA: {larger.disk / GB:.0f} GB, and "
            f"{larger.download / GB:.0f} GB to download"
        )
    return "; while it downloads ".join(parts), enough


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
