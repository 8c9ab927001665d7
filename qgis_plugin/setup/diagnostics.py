"""What to paste into a report of a problem: everything found, nothing private."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

LOG_LINES = 80


def report(facts: Mapping[str, str], log: Path, home: str) -> str:
    """Return facts and the end of the log, without the home directory and without passwords."""
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines += ["", f"End of {log}:", *tail(log)]
    return scrubbed("\n".join(lines), home)


def scrubbed(text: str, home: str) -> str:
    """Text with ~ for the home directory, and addresses without user and password."""
    without = re.sub(r"(\w+://)[^/\s@]+@", r"\1***@", text)
    return without.replace(home, "~") if len(home) > 1 else without


def tail(log: Path) -> Sequence[str]:
    """Return the last lines of a log, none where there is none."""
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        return []
