"""Values held as a run holds them before it writes them, for what is measured in memory."""

import numpy as np

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.cube.valid_range import hold
from hsisr_geo.resolver.apply import room_of
from hsisr_geo.resolver.protocol import Resolver

__all__ = ["held"]


def held(sr: np.ndarray, lr: np.ndarray, resolver: Resolver) -> np.ndarray:
    """Hold the values of an answer (band, row, col) to what its input allows; in place."""
    whole = slice(0, lr.shape[1]), slice(0, lr.shape[2])
    room = room_of(resolver, range(len(lr)), Bands((Band(),) * len(lr)))
    hold(sr, lr, whole, whole, whole, limits=None, room=room)
    return sr
