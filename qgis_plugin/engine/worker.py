"""Runs the engine as a process of its own: JSON lines come in, cancel kills all of it.

Plain Python, no QGIS. Two threads read the pipes into a queue, so that a silent engine can be
cancelled and a talkative one never blocks on a full pipe. The engine's stdin is a pipe to which
nothing is written: when it closes, because the run is cancelled or QGIS has died, the engine
removes its unfinished files and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess  # nosec B404 # starting the engine is what this module is for
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

POLL_S = 0.1  # how late a cancel is noticed
GRACE_S = 1.5  # for the engine to remove its unfinished files, before it is killed
STDERR_LINES = 200
WATCH_VARIABLE = "HSISR_GEO_WATCH_STDIN"


class WorkerFailed(Exception):
    """The engine did not finish; the message is its own last word.

    `crashed` says that it was killed, so that it could not tidy up.
    """

    def __init__(self, message: str, *, crashed: bool = False) -> None:
        super().__init__(message)
        self.crashed = crashed


class WorkerCanceled(Exception):
    """The user stopped the engine."""


@dataclass(frozen=True)
class Finished:
    """What a successful engine said: its `result` event, and stdout outside of events."""

    result: dict[str, Any] = field(default_factory=dict)
    text: str = ""


def run_worker(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    progress: Callable[[float, int], None],
    log: Callable[[str], None],
    canceled: Callable[[], bool],
) -> Finished:
    """Start `command`, pass on what it says, and wait for its end.

    Raises
    ------
    WorkerFailed
        The program cannot start, ends with a code other than 0, or is killed by a signal.
    WorkerCanceled
        `canceled()` became true; no process of the group is left.
    """
    process = _start(command, environment)
    lines: queue.Queue[tuple[str, str | None]] = queue.Queue()
    readers = [
        threading.Thread(target=_read, args=(name, pipe, lines), daemon=True)
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr))
    ]
    for reader in readers:
        reader.start()
    said = _Said(progress, log)
    try:
        for name, line in _until_closed(process, lines, canceled):
            said.take(name, line)
        code = process.wait()
    finally:
        _kill_group(process)  # whoever is left: all after a cancel, stray children otherwise
        for reader in readers:
            reader.join(timeout=POLL_S)
    if code != 0:
        raise WorkerFailed(_last_word(code, said.stderr), crashed=code < 0)
    return Finished(said.result, "\n".join(said.text))


@dataclass
class _Said:
    """What the engine has said so far; progress and log are passed on as they come."""

    progress: Callable[[float, int], None]
    log: Callable[[str], None]
    stderr: deque[str] = field(default_factory=lambda: deque(maxlen=STDERR_LINES))
    text: list[str] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    def take(self, stream: str, line: str) -> None:
        event = _event(line)  # on stderr, where stdout carries a record
        if event is None and stream == "stderr":
            self.stderr.append(line)
            self.log(line)
        elif event is None:
            self.text.append(line)
        elif event["event"] == "progress":
            total = int(event.get("total", 0))
            done = float(event["share"]) * total if "share" in event else event.get("done", 0)
            self.progress(done, total)
        elif event["event"] == "log":
            self.log(str(event.get("message", "")))
        elif event["event"] == "result":
            self.result = event


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(  # nosec B603 # a list of arguments, no shell
            list(command),
            env={**environment, WATCH_VARIABLE: "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            **group_options(),
        )
    except OSError as error:
        raise WorkerFailed(f"Cannot start {command[0]}: {error.strerror}") from error


def group_options() -> dict[str, Any]:
    """Return what makes a process the first of a group of its own, without a console window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _read(name: str, pipe: IO[str], lines: queue.Queue[tuple[str, str | None]]) -> None:
    with pipe:
        for line in pipe:
            lines.put((name, line.rstrip("\r\n")))
    lines.put((name, None))


def _until_closed(
    process: subprocess.Popen[str],
    lines: queue.Queue[tuple[str, str | None]],
    canceled: Callable[[], bool],
) -> Iterator[tuple[str, str]]:
    """Yield (stream, line) until both pipes are closed, or the process is gone and silent.

    A grandchild can hold the pipes open after the engine's death, hence the second end.
    """
    still_open = 2
    while still_open:
        if canceled():
            raise WorkerCanceled
        gone = process.poll() is not None
        try:
            name, line = lines.get(timeout=POLL_S)
        except queue.Empty:
            if gone:
                return
            continue
        if line is None:
            still_open -= 1
        else:
            yield name, line
    while process.poll() is None:
        if canceled():
            raise WorkerCanceled
        time.sleep(POLL_S)


def _event(line: str) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            return found
    return None


def _kill_group(process: subprocess.Popen[str]) -> None:
    """End the process and every process it started, politely first."""
    if process.poll() is None:
        _ask_to_end(process)
        deadline = time.monotonic() + GRACE_S
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(POLL_S / 4)
    _force_to_end(process)
    process.wait()
    _close(process.stdin)


def _ask_to_end(process: subprocess.Popen[str]) -> None:
    _close(process.stdin)  # all that Windows knows
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)


def _force_to_end(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(  # nosec B603 # a program of Windows, and a number
                [_taskkill(), "/T", "/F", "/PID", str(process.pid)],
                check=False,
                capture_output=True,
                creationflags=subprocess.CREATE_NO_WINDOW,
            )
        return
    # While any member lives, the group keeps its number: no other process can have it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _taskkill() -> str:
    """Path of Windows's own taskkill, wherever the PATH leads."""
    return os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")


def _close(pipe: IO[str] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()


def _last_word(code: int, stderr: Sequence[str]) -> str:
    said = next((line.strip() for line in reversed(stderr) if line.strip()), "")
    if code < 0:
        hint = " (often: too little memory; try a smaller tile)" if code == -9 else ""
        return f"The engine was ended by signal {-code}{hint}. {said}".rstrip()
    for prefix in ("hsisr-geo: error: ", "Error: "):
        said = said.removeprefix(prefix)
    return said or f"The engine ended with code {code} and said nothing."
