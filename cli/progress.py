"""How a run tells what it does: a bar on stderr, or one JSON object per line.

JSON lines are of three kinds: `{"event": "progress", "done": 37, "total": 120}`,
`{"event": "log", "message": "..."}` and `{"event": "result", ...}`, the last of a run that
succeeded. The command line asks for one `Report` and hands its functions to the work.
"""

import json
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

MODES = ("auto", "json", "none")
_BAR_WIDTH = 30
_REDRAW_S = 0.1


@dataclass(frozen=True)
class Report:
    """Three ways to speak: `progress(done, total)`, `log(message)`, `result(fields, summary)`.

    `result` takes the fields for a machine and the line for a person.
    """

    progress: Callable[[int, int], None]
    log: Callable[[str], None]
    result: Callable[[Mapping[str, Any], str], None]


def report(mode: str, *, stdout_is_data: bool = False) -> Report:
    """Return the report of a mode.

    `auto` draws a bar when stderr is a terminal and logs there; `json` prints on stdout, or on
    stderr when stdout carries the raster; `none` is silent.
    """
    if mode == "json":
        return _json_report(sys.stderr if stdout_is_data else sys.stdout)
    if mode == "none":
        return Report(lambda done, total: None, lambda message: None, lambda fields, summary: None)
    return _text_report(sys.stderr)


def to_json(value: Any) -> str:
    """Serialise for a machine: NaN and infinity, which JSON does not have, become null."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=str)


def _json_report(stream: TextIO) -> Report:
    lock = threading.Lock()

    def event(kind: str, fields: Mapping[str, Any]) -> None:
        with lock:
            stream.write(to_json({"event": kind, **fields}) + "\n")
            stream.flush()

    return Report(
        progress=lambda done, total: event("progress", {"done": done, "total": total}),
        log=lambda message: event("log", {"message": message}),
        result=lambda fields, summary: event("result", fields),
    )


def _text_report(stream: TextIO) -> Report:
    bar = _Bar(stream) if stream.isatty() else None

    def line(text: str) -> None:
        if bar:
            bar.clear()
        stream.write(text + "\n")
        stream.flush()

    return Report(
        progress=bar.update if bar else lambda done, total: None,
        log=line,
        result=lambda fields, summary: line(summary),
    )


class _Bar:
    """One line of a terminal, redrawn in place; safe to call from the threads that work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._drawn = -math.inf

    def update(self, done: int, total: int) -> None:
        now = time.monotonic()
        with self._lock:
            if done < total and now - self._drawn < _REDRAW_S:
                return
            self._drawn = now
            self._stream.write("\r\x1b[K" + _bar_text(done, total, now - self._started))
            if done >= total:
                self._stream.write("\n")
            self._stream.flush()

    def clear(self) -> None:
        with self._lock:
            self._stream.write("\r\x1b[K")


def _bar_text(done: int, total: int, elapsed_s: float) -> str:
    """Draw e.g. `[#####.....] 37/120, 0:41 left`; no estimate before the first tile is done."""
    filled = _BAR_WIDTH * done // max(total, 1)
    text = f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done}/{total}"
    if not 0 < done < total:
        return text
    left = round(elapsed_s / done * (total - done))
    return f"{text}, {left // 60}:{left % 60:02d} left"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
