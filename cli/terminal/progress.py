"""How a run tells what it does: a bar on stderr, or one JSON object per line.

JSON lines are `{"event": "progress", "done": 37, "total": 120}`, which have a `"share": 0.3125` of
the whole where parts of tiles under way are counted, `{"event": "log", "message": "..."}`, one
`{"event": "scene", ...}` for each scene of a batch, and `{"event": "result", ...}`, the last of a
run that succeeded. The command line asks for one `Report` and hands its functions to the work.
"""

import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO

from hsisr_geo.json_text import json_text

from .text import shown
from .verbosity import is_quiet, is_verbose

MODES = ("auto", "json", "none")
_BAR_WIDTH = 30
_REDRAW_S = 0.1
_STARTED = time.monotonic()


@dataclass(frozen=True)
class Report:
    """Ways to speak: `progress(done, total)`, `log(message)`, `event(kind, fields, text)`.

    `event` takes the fields for a machine and the text for a person. `within` is progress that
    counts parts of what is under way, from any thread.
    """

    progress: Callable[[int, int], None]
    log: Callable[[str], None]
    event: Callable[[str, Mapping[str, Any], str], None]
    within: Callable[[float, int], None]

    def result(self, fields: Mapping[str, Any], summary: str) -> None:
        """Tell the outcome of the command."""
        self.event("result", fields, summary)


def report(
    mode: str,
    *,
    stdout_is_data: bool = False,
    label: Callable[[float], str] | None = None,
    asked: bool = False,
) -> Report:
    """Return the report of a mode, as talkative as `-v` and `-q` say.

    `auto` draws a bar when stderr is a terminal and logs there; `json` prints on stdout, or on
    stderr when stdout carries the raster; `none` is silent. Quiet leaves only errors, and of JSON
    the results; verbose gives every log line the time since the start.

    Parameters
    ----------
    label : what stands behind the bar for a share of the work; by default the numbers
    asked : the result is what the command was given for, as that of --dry-run: it is always told
    """
    if mode == "json":
        whole = _json_report(sys.stderr if stdout_is_data else sys.stdout)
        return _only_results(whole) if is_quiet() else whole
    if mode == "none" or is_quiet():
        return _only_results(_text_report(sys.stderr, label)) if asked else _SILENT
    return _text_report(sys.stderr, label)


def _only_results(whole: Report) -> Report:
    return replace(whole, progress=_ignore, log=_ignore, within=_ignore)


def to_json(value: Any) -> str:
    """Serialise for a machine: NaN and infinity, which JSON does not have, become null."""
    return json_text(value)


def _json_report(stream: TextIO) -> Report:
    lock = threading.Lock()

    def event(kind: str, fields: Mapping[str, Any]) -> None:
        with lock:
            stream.write(to_json({"event": kind, **fields}) + "\n")
            stream.flush()

    return Report(
        progress=lambda done, total: event("progress", {"done": done, "total": total}),
        log=lambda message: event("log", {"message": message, **_when()}),
        event=lambda kind, fields, text: event(kind, fields),
        within=lambda done, total: event(
            "progress", {"done": int(done), "total": total, "share": round(done / total, 4)}
        ),
    )


def _text_report(stream: TextIO, label: Callable[[float], str] | None) -> Report:
    bar = _Bar(stream, label) if stream.isatty() else None

    def line(text: str) -> None:
        if bar:
            bar.clear()
        stream.write(shown(text) + "\n")
        stream.flush()

    return Report(
        progress=bar.update if bar else lambda done, total: None,
        log=lambda message: line("".join(f"[{s:7.1f} s] " for s in _when().values()) + message),
        event=lambda kind, fields, text: line(text),
        within=bar.update if bar else lambda done, total: None,
    )


def _when() -> dict[str, float]:
    """Return the seconds since the start where they are wanted."""
    return {"seconds": round(time.monotonic() - _STARTED, 3)} if is_verbose() else {}


def _ignore(*_: object) -> None:
    """Take whatever is said, and say nothing."""


_SILENT = Report(_ignore, _ignore, _ignore, _ignore)


class _Bar:
    """One line of a terminal, redrawn in place; safe to call from the threads that work."""

    def __init__(self, stream: TextIO, label: Callable[[float], str] | None) -> None:
        self._stream, self._label = stream, label
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._drawn = -math.inf

    def update(self, done: float, total: int) -> None:
        now = time.monotonic()
        with self._lock:
            if done < total and now - self._drawn < _REDRAW_S:
                return
            self._drawn = now
            self._stream.write(
                "\r\x1b[K" + _bar_text(done, total, now - self._started, self._label)
            )
            if done >= total:
                self._stream.write("\n")
            self._stream.flush()

    def clear(self) -> None:
        with self._lock:
            self._stream.write("\r\x1b[K")


def _bar_text(
    done: float, total: int, elapsed_s: float, label: Callable[[float], str] | None = None
) -> str:
    """Draw e.g. `[#####.....] 37/120, 0:41 left`; no estimate before the first tile is done."""
    filled = int(_BAR_WIDTH * done / max(total, 1))
    numbers = label(done / max(total, 1)) if label else f"{int(done)}/{total}"
    text = f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {numbers}"
    if not 0 < done < total:
        return text
    left = round(elapsed_s / done * (total - done))
    return f"{text}, {left // 60}:{left % 60:02d} left"
