"""The place of a scene's held-out block, and the gap that parts it from what is learned from.

All in coarse pixels. The gap is at least what D and interpolation reach, so that the interpolated
value at a target never holds a pixel of the block, and up to the network's reach more, so that what
the block's estimate depends on has not been a target either; half of a small scene is left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window
from hsisr_geo.model.adaptation.coarser_scene import REACH, Mask

LEAST_SCENE = 20
"""Side of the smallest square scene that a block of 8 and 256 pixels to learn from fit in."""
_LEAST_SIDE = 8  # of a block
_MOST_SIDE = 24
_LEAST_REST = 256  # pixels to learn from
_REST = 0.5  # share of the usable pixels that is left to learn from


@dataclass(frozen=True, eq=False)
class Detail:
    """Part of a scene: which pixels can be compared, and how much detail they have (row, col)."""

    area: Window
    usable: Mask
    energy: NDArray[np.float32]

    def outside(self, hole: Window) -> Mask:
        """Usable pixels that are not in `hole`, an area of the scene."""
        rest = self.usable.copy()
        rest[
            tuple(
                slice(max(0, h.start - a.start), max(0, h.stop - a.start))
                for h, a in zip(hole, self.area, strict=True)
            )
        ] = False
        return rest


@dataclass(frozen=True)
class Placement:
    """The block, and the gap around it in pixels."""

    block: Window
    gap: int

    @property
    def cleared(self) -> Window:
        """Block and gap: what is not learned from."""
        return _grown(self.block, self.gap)


def place_block(parts: Sequence[Detail], shape: tuple[int, int], reach: int) -> Placement | None:
    """Choose a block of a quarter of the scene's shorter side, 8 to 24 pixels.

    Among the best-filled candidates, half a block apart, it is the one whose mean detail is most
    like the scene's: a block of water says nothing about a town.

    Parameters
    ----------
    parts
        Windows of the scene.
    shape
        (rows, cols) of the scene.
    reach
        Pixels of the network's own reach.

    Returns
    -------
    None where no block can be held out and enough be left.
    """
    total = sum(int(part.usable.sum()) for part in parts)
    if total == 0:
        return None
    typical = sum(float(part.energy[part.usable].sum()) for part in parts) / total
    least = max(_LEAST_REST, _REST * total)
    side = min(max(_LEAST_SIDE, min(shape) // 4), _MOST_SIDE)
    ranked = sorted(c for part in parts for c in _candidates(part, side, typical))
    for *_, row, col in ranked:
        block = slice(row, row + side), slice(col, col + side)
        gaps = [g for g in range(REACH, REACH + reach + 1) if _rest(parts, block, g) >= least]
        if gaps:
            return Placement(block, max(gaps))
    return None


def _candidates(part: Detail, side: int, typical: float) -> Iterator[tuple[int, float, int, int]]:
    """Blocks of a part, as (emptiness in tenths, how unlike the scene, row, col)."""
    rows, cols = part.usable.shape
    for row in _starts(rows, side):
        for col in _starts(cols, side):
            area = slice(row, row + side), slice(col, col + side)
            filled = part.usable[area]
            if filled.sum() >= _LEAST_SIDE**2:
                detail = float(part.energy[area][filled].mean())
                unlike = abs(float(np.log((detail + 1e-12) / (typical + 1e-12))))
                yield (
                    round(10 * (1 - float(filled.mean()))),
                    unlike,
                    row + part.area[0].start,
                    col + part.area[1].start,
                )


def _starts(length: int, side: int) -> list[int]:
    """Where blocks begin along an axis: half a side apart, the last at the end."""
    if length < side:
        return []
    return sorted({*range(0, length - side, max(1, side // 2)), length - side})


def _rest(parts: Sequence[Detail], block: Window, gap: int) -> int:
    """Pixels that are left to learn from."""
    return sum(int(part.outside(_grown(block, gap)).sum()) for part in parts)


def _grown(area: Window, margin: int) -> Window:
    rows, cols = (slice(max(0, a.start - margin), a.stop + margin) for a in area)
    return rows, cols
