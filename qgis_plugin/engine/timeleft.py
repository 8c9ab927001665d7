"""How far a run is and how long it will still take. Plain Python."""

from __future__ import annotations

import time
from collections.abc import Callable


class TimeLeft:
    """Turns (done, total) into a percentage and an estimate.

    The clock starts with the first word of progress, so that loading the model does not count as
    work on the tiles.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None
        self._last = 0.0

    def percent(self, done: float, total: int) -> float | None:
        """Return 0 to 100; None where nothing is known."""
        return 100.0 * min(done, total) / total if total > 0 else None

    def seconds(self, done: float, total: int) -> float | None:
        """Return the estimate, None before the first step is done and after the last."""
        now = self._clock()
        if self._first is None or done < self._last:
            self._first = now, done  # a new phase counts from its beginning
        self._last = done
        started, before = self._first
        if done <= before or done >= total:
            return None
        return (now - started) * (total - done) / (done - before)


def rounded(seconds: float) -> tuple[str, str]:
    """Return number and unit for a person: seconds, minutes, or hours to a tenth."""
    if seconds < 90:
        return f"{max(1, round(seconds))}", "s"
    if seconds < 5400:
        return f"{round(seconds / 60)}", "min"
    return f"{seconds / 3600:.1f}", "h"
