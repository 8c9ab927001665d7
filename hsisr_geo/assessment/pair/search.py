"""Search for two widths and two shifts, in coarse pixels, by smaller and smaller steps."""

from collections.abc import Callable, Sequence
from itertools import product

_STEPS = (0.3, 0.15, 0.07, 0.03, 0.01, 0.004)  # coarse pixels
_TURNS = 20  # at most, for each step


def search(badness: Callable[[Sequence[float]], float], start: Sequence[float]) -> list[float]:
    """Go to the best neighbour along each axis while there is one, then take smaller steps."""
    at, best = list(start), badness(start)
    for step in _STEPS:
        for _ in range(_TURNS):
            before = best
            for axis, sign in product(range(len(at)), (1, -1)):
                trial = _moved(at, axis, sign * step)
                if (value := badness(trial)) < best:
                    at, best = trial, value
            if best == before:
                break
    return at


def _moved(at: Sequence[float], axis: int, step: float) -> list[float]:
    """Go along an axis; the first two are widths, which stay above nothing."""
    trial = list(at)
    trial[axis] += step
    if axis < 2:
        trial[axis] = max(0.05, trial[axis])
    return trial
