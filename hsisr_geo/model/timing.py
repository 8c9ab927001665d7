"""How fast a model works on this machine now, by a small tile."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from hsisr_geo.model.training_data import statistics_of
from hsisr_geo.resolver.protocol import PartResolver

__all__ = ["measured_speed"]

_SECONDS = 1.0


def measured_speed(
    resolver: PartResolver, bands: int, side: int, *, most: int | None = None
) -> float:
    """Return the work (`Cost.work`) that one device does in a second.

    Parameters
    ----------
    resolver
        On a single device, with no more to do for a tile than is to be measured.
    side
        Input pixels of the tile, enough to keep the device busy.
    most
        The tile is made larger, up to that, while it takes no more than a second: what small
        networks do with few pixels is waiting, and tells little of what they do with many.
    """
    run, seconds = _tried(resolver, bands, side)
    while most and side < most and seconds * _growth(resolver, bands, side) < _SECONDS:
        side *= 2
        run, seconds = _tried(resolver, bands, side)
    if seconds < 2 * _SECONDS:  # else the first call is as good as any
        seconds = _seconds(run)
    return _work(resolver, bands, side) / seconds


def _tried(resolver: PartResolver, bands: int, side: int) -> tuple[Callable[[], object], float]:
    """Return what makes a tile, and the seconds of its first call, when kernels are chosen."""
    cube = np.random.default_rng(0).random((bands, side, side), np.float32)
    resolve = resolver.fit(statistics_of(cube))
    started = time.perf_counter()
    resolve(cube, (0, 0))
    return partial(resolve, cube, (0, 0)), time.perf_counter() - started


def _growth(resolver: PartResolver, bands: int, side: int) -> float:
    """Return how much more work a tile of twice the side is."""
    return _work(resolver, bands, 2 * side) / _work(resolver, bands, side)


def _work(resolver: PartResolver, bands: int, side: int) -> float:
    return resolver.cost(bands, (side, side), (slice(0, side), slice(0, side))).work


def _seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes, on average over a second or two runs."""
    started, runs = time.perf_counter(), 0
    while runs < 2 or time.perf_counter() - started < _SECONDS:
        work()
        runs += 1
    return (time.perf_counter() - started) / runs
