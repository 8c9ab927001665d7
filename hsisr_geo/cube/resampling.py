"""Bicubic up (a = -0.5), and down by given taps, as matrices of weights.

Pixels are areas: the centre of pixel i lies at i + 0.5, and the corners of an image stay where they
are whatever its size. Taps that fall outside the image are left out and the others renormalised,
as GDAL's cubic and the anti-aliased resize of PIL and torch do, so that both agree with ours.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 32


@lru_cache(maxsize=64)
def cubic_upsampling(n: int, upscale: int) -> NDArray[np.float32]:
    """Weights that interpolate n pixels at `upscale` times as many.

    Returns
    -------
    float32 array (upscale * n, n), read-only; rows sum to one, e.g. (4, 2) -> (8, 4) at most 4 taps
    """
    centres = (np.arange(upscale * n) + 0.5) / upscale
    kernel = _cubic(np.arange(n) + 0.5 - centres[:, None])
    weights: NDArray[np.float32] = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    weights.flags.writeable = False  # shared by all callers through the cache
    return weights


def between(
    at: NDArray[np.intp], n: int, upscale: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Find the input pixels, of n along an axis, that output pixels lie between.

    Returns
    -------
    the one before, the one after, and the way from one centre to the other, 0 to 1; beyond the
    outermost centres these twice
    """
    centre = np.clip((at + 0.5) / upscale - 0.5, 0, n - 1)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, n - 1), centre - before


@lru_cache(maxsize=64)
def decimation(taps: tuple[float, ...], n: int, factor: int) -> NDArray[np.float32]:
    """Weights that average n pixels to `factor` times fewer, by taps that lie about each centre.

    Pixels beyond the last whole group of `factor` are taps only: 10 pixels at factor 4 give 2.

    Parameters
    ----------
    taps
        Weights of neighbouring pixels, as many to the left of a coarse pixel's centre as to its
        right: an even number of them for an even factor, an odd one for an odd factor.

    Returns
    -------
    float32 array (n // factor, n), read-only; rows sum to one
    """
    weights = placed_taps(taps, n, factor)
    normalised: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(
        np.float32
    )
    normalised.flags.writeable = False
    return normalised


def placed_taps(taps: tuple[float, ...], n: int, factor: int) -> NDArray[np.float64]:
    """Place taps as `decimation` does, but leave them as they are where some fall outside."""
    start = factor * np.arange(n // factor) + (factor - len(taps)) // 2
    pixel = start[:, None] + np.arange(len(taps))
    row, tap = np.nonzero((pixel >= 0) & (pixel < n))
    weights = np.zeros((n // factor, n))
    weights[row, pixel[row, tap]] = np.asarray(taps)[tap]
    return weights


@lru_cache(maxsize=64)
def cubic_taps(factor: int) -> tuple[float, ...]:
    """Taps of the anti-aliased bicubic: the cubic kernel, widened by the factor."""
    count = 4 * factor - factor % 2
    return tuple(_cubic((np.arange(count) - (count - 1) / 2) / factor).tolist())


def cubic_decimation(n: int, factor: int) -> NDArray[np.float32]:
    """Weights of the anti-aliased bicubic, e.g. (128, 4) -> (32, 128)."""
    return decimation(cubic_taps(factor), n, factor)


def upsample(cube: NDArray[np.float32], upscale: int) -> NDArray[np.float32]:
    """Interpolate an image or cube, e.g. (bands, 32, 40) at upscale 4 -> (bands, 128, 160)."""
    rows = cubic_upsampling(cube.shape[-2], upscale)
    cols = cubic_upsampling(cube.shape[-1], upscale)
    return along_cols(cols, along_rows(rows, cube))


def decimate(cube: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Degrade by the anti-aliased bicubic, e.g. (bands, 128, 160) at 4 -> (bands, 32, 40)."""
    rows = cubic_decimation(cube.shape[-2], factor)
    cols = cubic_decimation(cube.shape[-1], factor)
    return along_cols(cols, along_rows(rows, cube))


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5; zero beyond 2."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


# The matrices are banded. Multiplying block by block with the columns that a block uses keeps the
# speed of a matrix product, and a cost that grows with the image's side, not with its square.
# Products so small also stay in the thread that asks for them: tiles do not fight for the cores.


def along_rows(weights: NDArray[np.float32], cube: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (m, n) times every image (n, col) of a cube -> (..., m, col)."""
    out = np.empty((*cube.shape[:-2], len(weights), cube.shape[-1]), np.float32)
    for made, used, block in blocks(weights):
        np.matmul(block, cube[..., used, :], out=out[..., made, :])
    return out


def along_cols(weights: NDArray[np.float32], cube: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (m, n) times every row of a cube (..., n) -> (..., m)."""
    out = np.empty((*cube.shape[:-1], len(weights)), np.float32)
    for made, used, block in blocks(weights):
        np.matmul(cube[..., used], block.T, out=out[..., made])
    return out


class Block(NamedTuple):
    """Rows of a matrix, the columns that are not zero in all of them, and what stands there."""

    rows: slice
    columns: slice
    weights: NDArray[np.float32]


class _Shared:
    """A matrix that nobody changes, known again by being the same and not by its values."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.weights = weights

    def __hash__(self) -> int:
        return id(self.weights)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shared) and self.weights is other.weights


def blocks(weights: NDArray[np.float32]) -> tuple[Block, ...]:
    """Cut a matrix into blocks; once, if it is one that all bands and tiles share."""
    if weights.flags.writeable or not weights.flags.owndata:  # a view is another one every time
        return _cut(weights)
    return _blocks_of(_Shared(weights))


@lru_cache(maxsize=256)
def _blocks_of(matrix: _Shared) -> tuple[Block, ...]:
    return _cut(matrix.weights)


def _cut(weights: NDArray[np.float32]) -> tuple[Block, ...]:
    starts = range(0, len(weights), BLOCK_ROWS)
    return tuple(_block(weights, slice(start, start + BLOCK_ROWS)) for start in starts)


def _block(weights: NDArray[np.float32], rows: slice) -> Block:
    """Leave out the columns that are zero at both ends; one is left at least."""
    used = np.flatnonzero(weights[rows].any(axis=0))
    columns = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 1)
    return Block(rows, columns, weights[rows, columns])
