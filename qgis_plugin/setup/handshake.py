"""Whether plugin and engine understand each other: the engine is asked before it is used."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache

from .asking import ask

PROTOCOL = 1  # of commands, options and events; the engine's is in its cli/handshake.py


class EngineRefused(Exception):
    """The program is no engine, or one of another protocol; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """What an engine says of itself."""

    version: str
    protocol: int


def greet(program: str, *, timeout_s: float = 60.0) -> Engine:
    """Ask `hsisr-geo handshake`; it imports nothing heavy.

    Raises
    ------
    EngineRefused
        The program does not start, does not answer, or answers for another protocol.
    """
    answer = ask([program, "handshake"], timeout_s=timeout_s)
    if answer.problem:
        raise EngineRefused(f"{program} {answer.problem}.")
    engine = understood(answer.out)
    if engine is None:
        last = (answer.err.strip().splitlines() or ["nothing"])[-1]
        raise EngineRefused(
            f"{program} is no hsisr-geo that this plugin can use, or one older than the plugin. It "
            f"said: {last}"
        )
    if engine.protocol != PROTOCOL:
        older = "the engine" if engine.protocol < PROTOCOL else "the plugin"
        raise EngineRefused(
            f"{program} is hsisr-geo {engine.version} with protocol {engine.protocol}; this plugin "
            f"speaks protocol {PROTOCOL}. Update {older}."
        )
    return engine


def greet_once(program: str) -> Engine:
    """Ask as `greet` does, but an engine that answered well only once, until its file changes."""
    try:
        changed = os.stat(program).st_mtime_ns
    except OSError:
        changed = 0
    return _greeted(program, changed)


@lru_cache
def _greeted(program: str, changed: int) -> Engine:
    return greet(program)


def understood(answer: str) -> Engine | None:
    """Engine out of its answer, None where that is not one."""
    try:
        found = json.loads(answer)
        return Engine(str(found["version"]), int(found["protocol"]))
    except (ValueError, KeyError, TypeError):
        return None
