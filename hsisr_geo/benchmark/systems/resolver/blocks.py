"""Blocks at absolute places: how a system whose answer depends on the whole image is cut.

Global pooling, normalisation over the image and attention have no reach, so no context makes a tile
of them exact. Such a system is run on square blocks of the scene, each with a margin, and what two
of them say of the pixels around their border is blended linearly. Which blocks there are follows
from the scene alone, so the result does not depend on tiles, workers or order.

A scene, or an end of one, that lies within a block and its margin is one image: there is no sliver
of a block, and small scenes are made as the system was published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window

SIDE = 64
"""Input pixels of a block. With its margins its output is 192 to 384 pixels wide: what the systems
were compared on (128 to 512), and what the published widths have memory for (about 1 GB)."""

MARGIN = 16
"""Input pixels that a block sees beyond its border."""

RAMP = 8
"""Input pixels on each side of a border over which blocks are blended: half of the margin, so that
what is blended still is 8 pixels off the edge of the image it was made in."""

CONTEXT = SIDE + 2 * MARGIN
"""Input pixels around a pixel that contain every block that it is made of."""

BLOCKS_VERSION = f"{SIDE}+{MARGIN}/{RAMP}"
"""Recorded with every output that was made in blocks."""


class _AxisBlock(NamedTuple):
    """Along one axis: what is read, what it counts for, and how much (output pixels)."""

    read: slice
    counts: slice
    weights: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Block:
    """What a block reads, what part it counts for, and how much there; all in input pixels.

    Attributes
    ----------
    read, counts
        Pixels of the whole scene.
    weights
        float32 (row, col) over the output pixels of `counts`; those of all blocks add up to one.
    """

    read: Window
    counts: Window
    weights: NDArray[np.float32]


def blocks_of(window: Window, part: Window, upscale: int) -> Iterator[Block]:
    """Yield the blocks that a part is made of, row by row.

    Parameters
    ----------
    window
        What is known of the scene, in pixels of the whole scene: `CONTEXT` around the part, as far
        as the scene goes. So where it ends nearer than that, the scene ends.
    part
        Pixels of the whole scene, within the window.
    """
    rows, cols = (_along(*pixels, upscale) for pixels in zip(window, part, strict=True))
    for row in rows:
        for col in cols:
            weights = row.weights[:, None] * col.weights
            yield Block((row.read, col.read), (row.counts, col.counts), weights)


def _along(window: slice, part: slice, upscale: int) -> list[_AxisBlock]:
    last = max(0, -(-(window.stop - MARGIN) // SIDE) - 1)
    # ^ of the scene, or further away than the part has to know: one whose margin sees the end
    first_here = min(last, max(0, (part.start - RAMP) // SIDE))
    last_here = min(last, (part.stop - 1 + RAMP) // SIDE)
    return [
        _axis_block(window, part, number, number == last, upscale)
        for number in range(first_here, last_here + 1)
    ]


def _axis_block(window: slice, part: slice, number: int, is_last: bool, upscale: int) -> _AxisBlock:
    begin, end = number * SIDE, (number + 1) * SIDE
    read = slice(max(begin - MARGIN, window.start), min(end + MARGIN, window.stop))
    counts = slice(
        max(begin - RAMP, part.start) if number else part.start,
        part.stop if is_last else min(end + RAMP, part.stop),
    )
    centres = (np.arange(counts.start * upscale, counts.stop * upscale) + 0.5) / upscale
    weights = np.ones(len(centres))
    if number:
        weights = np.clip((centres - (begin - RAMP)) / (2 * RAMP), 0, 1)
    if not is_last:
        weights = weights * np.clip((end + RAMP - centres) / (2 * RAMP), 0, 1)
    return _AxisBlock(read, counts, weights.astype(np.float32))
