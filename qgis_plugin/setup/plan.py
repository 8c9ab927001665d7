"""What a person chose for a set-up, and the steps that follow from it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .packages import BUILDS, Build, Source
from .places import Environment, place_problem

NEW_PIP = "pip>=24.1"  # the first whose --progress-bar can be read by a program
ONLINE = frozenset({"pip", "lookup"})  # steps that a set-up out of a folder alone does not have


@dataclass(frozen=True)
class Plan:
    """An environment to make: from which Python, with which PyTorch, out of which source."""

    environment: Environment
    python: str
    build: Build
    source: Source

    def problem(self) -> str:
        """Why it cannot be carried out, an empty string where it may."""
        return place_problem(self.environment) or self.source.problem()

    def choices(self) -> dict[str, str]:
        """All choices as text, for the record."""
        return {
            "python": self.python,
            "build": self.build.name,
            "torch_index": self.source.torch_index,
            "wheels": self.source.wheels,
            "offline": "1" if self.source.offline else "",
        }


def plan_from(environment: Environment, choices: Mapping[str, str]) -> Plan:
    """Return the plan that a record remembers.

    Raises
    ------
    KeyError
        A choice is missing, or a build is no longer known.
    """
    source = Source(choices["torch_index"], choices["wheels"], bool(choices["offline"]))
    return Plan(environment, choices["python"], BUILDS[choices["build"]], source)


@dataclass(frozen=True)
class Step:
    """One command of a set-up.

    `choice` is what it stands for: with another one, what it made is of no use. `share` is its
    part of the whole in percent.
    """

    name: str
    title: str
    choice: str
    command: list[str]
    share: int


def steps(plan: Plan) -> list[Step]:
    """Return the commands in order; each can be repeated."""
    environment = plan.environment
    version = environment.version
    python = [str(environment.python), "-I", "-u"]
    pip = [*python, "-m", "pip", "install", "--no-color", "--no-compile"]
    # Not compiled: that would double the time, for modules most of which are never imported.
    # Without the network pip is not updated, and may be too old for "raw".
    pip += ["--progress-bar", "off" if plan.source.offline else "raw"]
    made = [plan.python, "-I", "-m", "venv", str(environment.folder)]
    newer = [*python, "-m", "pip", "install", "--progress-bar", "off", "--upgrade", NEW_PIP]
    newer += ["--find-links", plan.source.wheels] if plan.source.wheels else []
    # A dry run reads what the packages ask for, not the packages: what is missing shows before the
    # first large download. Out of a folder nothing is downloaded, and an old pip has no dry run.
    lookup = [*python, "-m", "pip", "install", "--progress-bar", "off", "--dry-run"]
    lookup += ["--ignore-installed", *plan.source.everything(version)]
    test = [str(environment.program), "handshake", "--self-test"]
    found = [
        Step("venv", "Making the environment", os.path.realpath(plan.python), made, 4),
        Step("pip", "Updating pip", "", newer, 2),
        Step("lookup", "Looking up all packages", "", lookup, 2),
        Step(
            *("torch", "Installing PyTorch", plan.build.name),
            *([*pip, *plan.source.torch()], 60),
        ),
        Step(
            *("engine", f"Installing hsisr-geo {version}", version),
            *([*pip, *plan.source.engine(version)], 28),
        ),
        Step("test", "Testing it", version, test, 4),
    ]
    return [step for step in found if not (step.name in ONLINE and plan.source.offline)]


WATCHED = Path(__file__).with_name("step.py")


def watched(step: Step, python: str) -> list[str]:
    """Return the command as it is started: by a Python outside of the environment, and watched."""
    return [python, "-I", "-u", str(WATCHED), *step.command]


def space_needed(plan: Plan) -> list[tuple[Path, int]]:
    """Return the bytes that have to be free: for the environment, and for pip's downloads."""
    needed = [(_existing(plan.environment.home), plan.build.disk)]
    if not plan.source.offline:
        needed.append((Path(tempfile.gettempdir()), plan.build.download))
    return needed


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
