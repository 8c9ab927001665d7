"""Asks another program a short question, without a console window and without waiting for ever."""

from __future__ import annotations

import subprocess  # nosec B404 # asking programs is what this module is for
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..engine.program import engine_environment

_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """Exit code and both outputs; `problem` says why there are none, else it is empty."""

    code: int = 0
    out: str = ""
    err: str = ""
    problem: str = ""


def ask(command: Sequence[str], *, variables: Mapping[str, str] | None = None) -> Answer:
    """Run a program in a clean environment and return what it says; never raises."""
    options: dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NO_WINDOW
    try:
        done = subprocess.run(  # nosec B603 # a list of arguments, no shell
            list(command),
            env=engine_environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            **options,
        )
    except OSError as error:
        return Answer(-1, problem=f"cannot be started: {error.strerror}")
    except subprocess.TimeoutExpired:
        return Answer(-1, problem=f"does not answer within {_TIMEOUT_S:g} s")
    return Answer(done.returncode, done.stdout, done.stderr)
