"""How long a version takes to say what it can do: the wait before every command."""

import statistics
import subprocess
import time

from .side import Side

TIMES = 10


def seconds_of_help(*sides: Side) -> list[float]:
    """Return the median time of `--help` of each side; they take turns, after one for nothing."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(TIMES + 1):
        for side, times in zip(sides, taken, strict=True):
            times.append(_seconds(side))
    return [statistics.median(times[1:]) for times in taken]


def _seconds(side: Side) -> float:
    command, environment = side.arguments(("hsisr-geo", "--help")), side.environment()
    start = time.perf_counter()
    subprocess.run(command, cwd=side.folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
