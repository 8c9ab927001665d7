"""Values far darker than what is around them, brought back towards it without a step.

What a network adds may take nearly all the light of a pixel beside bright ones. What is left of its
spectrum is then the difference of large numbers, its shape anything, and indices of it run away.
Below y, the greater of 0.6 of the least value of the 3 x 3 input pixels around and 0.3 of the input
interpolated linearly, a value x becomes

    y · (c + (1 - c) · exp((x / y - 1) / (1 - c))),     c = 0.4

which goes on smoothly from y, keeps the order of values, and ends at 0.4 y. Where y is not above
zero nothing changes. The three numbers were chosen on held-out sites and products
(docs/experiments-answer.md, "Dark pixels").
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.resampling import between
from hsisr_geo.cube.windows import Window, phases

Plane = NDArray[np.float32]
Indices = NDArray[np.intp]

OF_LEAST = 0.6
OF_HERE = 0.3
KEPT = 0.4


class Lifted(NamedTuple):
    """Output pixels, by row and column, and what their values become."""

    rows: Indices
    cols: Indices
    values: Plane


def lift_dark(sr: Plane, least: Plane, most: Plane, lr: Plane, window: Window) -> Lifted:
    """Find the values of a band that are too dark, and what they become.

    Parameters
    ----------
    sr : (upscale * row, upscale * col)
    least, most : extremes of the 3 x 3 input pixels around each, (row, col); NaN in holes
    lr : the input, at least a pixel wider on each side that is not the scene's edge
    window : rows and columns of `lr` that `sr` lies over
    """
    upscale = sr.shape[0] // least.shape[0]
    highest = np.fmax(OF_LEAST * least, OF_HERE * most)  # as linear interpolation ends at `most`
    dark = np.zeros(sr.shape, bool)
    for pixels, found in zip(phases(sr, upscale), phases(dark, upscale), strict=True):
        np.less(pixels, highest, out=found)
    rows, cols = np.nonzero(dark)
    x, around = sr[rows, cols], least[rows // upscale, cols // upscale]
    here = _interpolated(lr, rows, cols, upscale, window)
    y = np.fmax(OF_LEAST * around, OF_HERE * here)
    below = (y > 0) & (x < y)
    rows, cols, x, y = rows[below], cols[below], x[below], y[below]
    return Lifted(rows, cols, y * (KEPT + (1 - KEPT) * np.exp((x / y - 1) / (1 - KEPT))))


def _interpolated(
    lr: Plane, rows: Indices, cols: Indices, upscale: int, window: Window
) -> NDArray[np.float32]:
    """Interpolate linearly at some output pixels; NaN beside holes."""
    top, bottom, down = between(window[0].start * upscale + rows, lr.shape[0], upscale)
    left, right, along = between(window[1].start * upscale + cols, lr.shape[1], upscale)
    y, x = down.astype(np.float32), along.astype(np.float32)
    above = (1 - x) * lr[top, left] + x * lr[top, right]
    below = (1 - x) * lr[bottom, left] + x * lr[bottom, right]
    made: NDArray[np.float32] = (1 - y) * above + y * below
    return made
