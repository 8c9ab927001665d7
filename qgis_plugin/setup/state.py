"""What there is of a managed environment, in one word and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from . import record as records
from .handshake import EngineRefused, greet
from .lock import holder
from .places import Environment, other_versions


class Kind(Enum):
    """The states of an environment."""

    ABSENT = "not set up"
    INSTALLING = "set-up under way"
    UNFINISHED = "set-up unfinished"
    BROKEN = "broken"
    OTHER_VERSION = "another version"
    READY = "ready"


@dataclass(frozen=True)
class State:
    """A state and what it means here."""

    kind: Kind
    message: str


def look(environment: Environment) -> State:
    """Look at files only: cheap enough for every time a toolbox is painted."""
    owner = holder(environment.lock)
    if owner:
        return State(Kind.INSTALLING, f"A set-up is under way ({owner}).")
    record = records.read(environment.record)
    if record is not None and record.complete:
        return _complete(environment)
    if record is not None:
        done = ", ".join(record.finished) or "nothing"
        return State(Kind.UNFINISHED, f"A set-up was begun; done: {done}. Set up goes on there.")
    if environment.folder.exists():
        return State(Kind.BROKEN, f"{environment.folder} has no record of a set-up.")
    others = other_versions(environment)
    if others:
        return State(
            Kind.OTHER_VERSION,
            f"There is an environment for version {', '.join(others)}; this plugin needs "
            f"{environment.version}.",
        )
    missing = f"There is no environment for version {environment.version} yet."
    return State(Kind.ABSENT, missing)


def inspect(environment: Environment) -> State:
    """Look, and where it seems ready ask the engine itself, which takes a moment."""
    state = look(environment)
    if state.kind is not Kind.READY:
        return state
    try:
        engine = greet(str(environment.program))
    except EngineRefused as error:
        return State(Kind.BROKEN, str(error))
    if engine.version != environment.version:
        return State(
            Kind.BROKEN, f"It holds hsisr-geo {engine.version} instead of {environment.version}."
        )
    return State(Kind.READY, f"hsisr-geo {engine.version} in {environment.folder}")


def _complete(environment: Environment) -> State:
    # `exists` follows the link that a venv's python is: its Python may have been uninstalled.
    for path in (environment.python, environment.program):
        if not path.exists():
            return State(Kind.BROKEN, f"{path} is missing.")
    return State(Kind.READY, f"hsisr-geo {environment.version} in {environment.folder}")
