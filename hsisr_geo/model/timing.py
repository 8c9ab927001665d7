"""How fast a model works on this machine now, by a small tile."""

import time
from collections.abc import Callable

import numpy as np

from hsisr_geo.model.training_data import statistics_of
from hsisr_geo.resolver import PartResolver

__all__ = ["measured_speed"]

_SECONDS = 1.0


def measured_speed(resolver: PartResolver, bands: int, side: int) -> float:
    """Return the work (`Cost.work`) that one device does in a second.

    Parameters
    ----------
    resolver
        On a single device, with no more to do for a tile than is to be measured.
    side
        Input pixels of the tile, enough to keep the device busy.
    """
    cube, part = np.random.default_rng(0).random((bands, side, side), np.float32), slice(0, side)
    resolve = resolver.fit(statistics_of(cube))
    started = time.perf_counter()
    resolve(cube, (0, 0))  # kernels are chosen, and memory taken, at the first call
    seconds = time.perf_counter() - started
    if seconds < 2 * _SECONDS:  # else it is as good as any
        seconds = _seconds(lambda: resolve(cube, (0, 0)))
    return resolver.cost(bands, (side, side), (part, part)).work / seconds


def _seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes, on average over a second or two runs."""
    started, runs = time.perf_counter(), 0
    while runs < 2 or time.perf_counter() - started < _SECONDS:
        work()
        runs += 1
    return (time.perf_counter() - started) / runs
