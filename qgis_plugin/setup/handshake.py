"""Whether plugin and engine understand each other: the engine is asked before it is used."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..engine.program import engine_environment
from ..engine.worker import WorkerCanceled, WorkerFailed, run_worker

PROTOCOL = 1  # of commands, options and events; the engine's is in its cli/shell/handshake.py


class EngineRefused(Exception):
    """The program is no engine, or one of another protocol; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """What an engine says of itself; `psf` is its own choice of blur, empty for the model's."""

    version: str
    protocol: int
    psf: str = field(default="", compare=False)


def greet(
    program: str, *, timeout_s: float = 60.0, canceled: Callable[[], bool] = lambda: False
) -> Engine:
    """Ask `hsisr-geo handshake`; it imports nothing heavy.

    Raises
    ------
    EngineRefused
        The program does not start, does not answer, or answers for another protocol.
    WorkerCanceled
        `canceled()` became true before it answered.
    """
    engine, said = _asked(program, timeout_s, canceled)
    if engine is None:
        raise EngineRefused(
            f"{program} is no hsisr-geo that this plugin can use, or one older than the plugin. It "
            f"said: {said}"
        )
    if engine.protocol != PROTOCOL:
        older = "the engine" if engine.protocol < PROTOCOL else "the plugin"
        raise EngineRefused(
            f"{program} is hsisr-geo {engine.version} with protocol {engine.protocol}; this plugin "
            f"speaks protocol {PROTOCOL}. Update {older}."
        )
    return engine


def greet_once(program: str, canceled: Callable[[], bool] = lambda: False) -> Engine:
    """Ask as `greet` does, but an engine that answered well only once, until its file changes."""
    try:
        changed = os.stat(program).st_mtime_ns
    except OSError:
        changed = 0
    if (program, changed) not in _greeted:
        _greeted[program, changed] = greet(program, canceled=canceled)
    return _greeted[program, changed]


_greeted: dict[tuple[str, int], Engine] = {}


def _asked(
    program: str, timeout_s: float, canceled: Callable[[], bool]
) -> tuple[Engine | None, str]:
    """Return the engine, None where the answer is not one, and the last that it said."""
    deadline, said = time.monotonic() + timeout_s, ["nothing"]
    try:
        finished = run_worker(
            [program, "handshake"],
            engine_environment(),
            progress=lambda done, total: None,
            log=said.append,
            canceled=lambda: canceled() or time.monotonic() > deadline,
        )
    except WorkerCanceled:
        if canceled():
            raise
        message = f"{program} does not answer within {timeout_s:g} s."
        raise EngineRefused(message) from None
    except WorkerFailed as error:
        return None, str(error)
    return understood(finished.text), said[-1]


def understood(answer: str) -> Engine | None:
    """Engine out of its answer, None where that is not one."""
    try:
        found = json.loads(answer)
        psf = str(found.get("psf") or "")
        return Engine(str(found["version"]), int(found["protocol"]), psf)
    except (ValueError, KeyError, TypeError):
        return None
