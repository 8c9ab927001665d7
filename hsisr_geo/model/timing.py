"""How fast a model works on this machine now, by best estimates of a small tile."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hsisr_geo.model.training_data import statistics_of

if TYPE_CHECKING:
    from hsisr_geo.model.resolver import DiffusionResolver

__all__ = ["measured_speed"]

_SECONDS = 1.0
_SIDE_ON_CPU, _SIDE_ON_GPU = 32, 160  # a GPU is not busy with less


def measured_speed(resolver: "DiffusionResolver", bands: int) -> float:
    """Return the work (`Cost.work`) that one device does in a second, for so many bands."""
    side = _SIDE_ON_CPU if resolver.on_cpu else _SIDE_ON_GPU
    best, part = replace(resolver, detail=0.0, device=resolver.devices[0]), slice(0, side)
    cube = np.random.default_rng(0).random((bands, side, side), np.float32)
    resolve = best.fit(statistics_of(cube))
    resolve(cube, (0, 0))  # kernels are chosen, and memory taken, at the first call
    started, runs = time.perf_counter(), 0
    while runs < 2 or time.perf_counter() - started < _SECONDS:
        resolve(cube, (0, 0))
        runs += 1
    seconds = (time.perf_counter() - started) / runs
    return best.cost(bands, (side, side), (part, part)).work / seconds
