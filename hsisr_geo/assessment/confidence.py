"""`bounds`: how far a gain may be chance, by errors of blocks of the scene, drawn with replacement.

Pixels next to each other err alike, so blocks are drawn, not pixels (Efron & Tibshirani 1993).
The draws have a fixed seed: the same scene gives the same bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.metrics import spectral_angles_deg

LEVEL = 0.95
"""Share of the draws within the bounds."""
_BLOCKS_A_SIDE = 8
_SMALLEST = 8  # coarse pixels of a block's side: what is nearer errs alike
_FEWEST = 9  # blocks: of fewer no bounds are told
_DRAWS = 1000
_SEED = 0  # the same bounds whenever they are asked for


@dataclass(frozen=True, eq=False)
class BlockErrors:
    """Sums over blocks.

    Attributes
    ----------
    squares
        Squared errors (block, band).
    angles
        Spectral angles in degrees, and the number of pixels that have one (block, 2).
    """

    squares: NDArray[np.float64]
    angles: NDArray[np.float64]


@dataclass(frozen=True)
class Confidence:
    """Bounds of a gain, (low, high); None where it is not defined.

    Attributes
    ----------
    blocks
        Number of the blocks that were drawn from.
    psnr_gain_db, angle_ratio
        Of the means that a `Duel` tells.
    """

    blocks: int
    psnr_gain_db: tuple[float, float] | None
    angle_ratio: tuple[float, float] | None


def measure_blocks(sr: Cube, reference: Cube, upscale: int) -> BlockErrors:
    """Add up the errors of a result in blocks of its pixels; NaN in either is left out."""
    side = max(_SMALLEST * upscale, -(-max(sr.shape[1:]) // _BLOCKS_A_SIDE))
    squares = np.stack(
        [
            _sums(np.square(x.astype(np.float64) - y), side)
            for x, y in zip(sr, reference, strict=True)
        ],
        axis=1,
    )
    angles = spectral_angles_deg(sr, reference)
    count = _sums(np.isfinite(angles).astype(np.float64), side)
    return BlockErrors(squares, np.stack([_sums(angles, side), count], axis=1))


def bounds(ours: BlockErrors, theirs: BlockErrors) -> Confidence | None:
    """Return the bounds of what ours is better than theirs; None of too few blocks."""
    used = (theirs.angles[:, 1] > 0) | (theirs.squares.sum(axis=1) > 0)
    blocks = int(used.sum())
    if blocks < _FEWEST:
        return None
    draws = np.random.default_rng(_SEED).multinomial(blocks, [1 / blocks] * blocks, _DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = 10 * np.log10((draws @ theirs.squares[used]) / (draws @ ours.squares[used]))
        gain[~np.isfinite(gain)] = np.nan
        a, b = (draws @ side.angles[used] for side in (ours, theirs))
        ratio = (a[:, 0] / a[:, 1]) / (b[:, 0] / b[:, 1])
    mean = np.nanmean(gain[:, np.isfinite(gain).any(axis=0)], axis=1)
    return Confidence(blocks, _within(mean), _within(ratio))


def _sums(plane: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Sum a plane over its blocks, NaN left out; blocks at the far rims are smaller."""
    rows, cols = (np.arange(0, size, side) for size in plane.shape)
    by_row = np.add.reduceat(np.nan_to_num(plane, nan=0.0), rows, axis=0)
    return np.add.reduceat(by_row, cols, axis=1).ravel()


def _within(values: NDArray[np.float64]) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = np.quantile(known, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
