"""Values held to what the input around them allows: no spikes, and none below zero without cause.

A network makes isolated dark pixels strongly negative. Those that are darker than all around are
brought back towards it (`darkness`). Each output value is cut to [min - a R, max + a R], where min,
max and R = max - min are of the 3 x 3 input pixels around it and `a` is the room. Where these have
no negative value, neither has the output, unless a range is given, which counts instead.
Only input pixels decide, so the result does not depend on tiles.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.darkness import Plane, lift_dark
from hsisr_geo.cube.windows import Window, inside, phases
from hsisr_geo.errors import OptionError
from hsisr_geo.threads import each

Range = tuple[float, float]
"""Least and largest value, in physical units; infinities where there is no limit."""

ANYTHING: Range = (-math.inf, math.inf)

ROOM = 2.0
"""R's by which a value that a model made may leave the range of its neighbourhood. At 2 that costs
nothing on held-out sites, at 1 up to 0.3 dB on those with small bright things."""

ROOM_OF_SHARPENED = 4.0
"""The same where a blur is undone: the softer the input, the smaller its ranges. At 2 it costs up
to 0.6 dB, at 1 up to 2.4."""

FEW = 1e-5
"""A share of values that is too small to be told by digits."""

_NOISE = 1e-6  # of a limit: changes that are rounding, and are not counted


class Held(NamedTuple):
    """For each band, how many values of a tile's core were cut, and of how many."""

    cut: NDArray[np.float64]
    valid: NDArray[np.float64]


def check_range(limits: Sequence[float] | None) -> Range | None:
    """Return least and largest value as they were given.

    Raises
    ------
    OptionError : they enclose nothing, or are not two
    """
    if limits is None:
        return None
    if not hasattr(limits, "__len__") or len(limits) != 2:
        raise OptionError(
            f"valid range {limits}: give two numbers, the least value and the largest"
        )
    low, high = map(float, limits)
    if math.isnan(low) or math.isnan(high) or not low < high:
        raise OptionError(f"valid range {low:g} {high:g}: give the least value, then the largest")
    return low, high


def range_text(limits: Range | None) -> str:
    """Return a range for tags and fingerprints."""
    return "default" if limits is None else f"{limits[0]:g} {limits[1]:g}"


def hold(
    sr: NDArray[np.float32],
    cube: NDArray[np.float32],
    window: Window,
    outer: Window,
    core: Window,
    *,
    limits: Range | None,
    room: Sequence[float],
) -> Held:
    """Cut the values of an output to what its input allows, in place.

    Parameters
    ----------
    sr : (band, upscale * row, upscale * col) over `outer`
    cube : the input over `window` (band, row, col), NaN where there is no value; a pixel more than
        `outer` on each side that is not the scene's edge
    core : the pixels that are counted
    limits : instead of "not negative where the input is not"; (-inf, inf) lets everything pass
    room : for each band how far a value may leave its neighbourhood, in ranges of it; infinite for
        anywhere
    """
    upscale = sr.shape[1] // (outer[0].stop - outer[0].start)
    rows, cols = inside(core, outer)
    cut, valid = np.zeros(len(sr)), np.zeros(len(sr))

    @np.errstate(over="ignore", invalid="ignore")
    # ^ values near the largest float: what overflows becomes infinite, which is no limit
    def hold_band(band: int) -> None:
        plane = sr[band]
        least, most = _neighbourhood(cube[band], window, outer)
        low, high = _limits(least, most, limits, room[band])
        noise = _NOISE * np.maximum(np.abs(low), np.abs(high))
        noise[~np.isfinite(noise)] = 0
        counted = np.zeros(low.shape, bool)
        counted[rows, cols] = True
        if 0 < room[band] < math.inf and limits != ANYTHING:
            dark = lift_dark(plane, least, most, cube[band], inside(outer, window))
            at, over = (dark.rows, dark.cols), (dark.rows // upscale, dark.cols // upscale)
            values = np.clip(dark.values, low[over], high[over])
            cut[band] += _changed(plane[at], values, noise[over], counted[over])
            plane[at] = values
        for pixels in phases(plane, upscale):
            out = (pixels < low) | (pixels > high)
            if out.any():
                values = np.clip(pixels[out], low[out], high[out])
                cut[band] += _changed(pixels[out], values, noise[out], counted[out])
                pixels[out] = values
        valid[band] = upscale**2 * np.count_nonzero(~np.isnan(high[rows, cols]))

    each(hold_band, range(len(sr)))
    return Held(cut, valid)


def _changed(
    then: Plane, now: Plane, noise: NDArray[np.floating], counted: NDArray[np.bool_]
) -> int:
    """Count the values that are counted and changed by more than rounding."""
    return int(np.count_nonzero((np.abs(now - then) > noise) & counted))


def _limits(least: Plane, most: Plane, limits: Range | None, room: float) -> tuple[Plane, Plane]:
    """Return what the values of each pixel are cut to, given the extremes around it."""
    if math.isinf(room) or (limits == ANYTHING and room > 0):
        low, high = np.full_like(least, -np.inf), np.full_like(most, np.inf)
    else:
        spread = room * (most - least)
        low, high = least - spread, most + spread
    if limits is None:
        np.maximum(low, 0, out=low, where=True if least.min() >= 0 else least >= 0)
    else:
        high = np.clip(high, *limits)
        low = np.clip(low, *limits)
    return low, high


def _neighbourhood(plane: Plane, window: Window, outer: Window) -> tuple[Plane, Plane]:
    """Return the extremes of 3 x 3 pixels around each of `outer`, without holes; NaN in them."""
    wide = np.full((plane.shape[0] + 2, plane.shape[1] + 2), np.nan, np.float32)
    wide[1:-1, 1:-1] = plane
    top, left = outer[0].start - window[0].start, outer[1].start - window[1].start
    height, width = (axis.stop - axis.start for axis in outer)
    part = wide[top : top + height + 2, left : left + width + 2]
    found = []
    for extreme in (np.fmin, np.fmax):
        tall = extreme(extreme(part[:-2], part[1:-1]), part[2:])
        found.append(extreme(extreme(tall[:, :-2], tall[:, 1:-1]), tall[:, 2:]))
    holes = np.isnan(part[1:-1, 1:-1])
    least, most = (np.where(holes, np.float32(np.nan), extreme) for extreme in found)
    return least, most
