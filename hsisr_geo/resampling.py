"""Bicubic up and anti-aliased bicubic down (a = -0.5), as matrices of weights.

Pixels are areas: the centre of pixel i lies at i + 0.5, and the corners of an image stay where they
are whatever its size. Taps that fall outside the image are left out and the others renormalised,
as GDAL's cubic and the anti-aliased resize of PIL and torch do, so that both agree with ours.
"""

from functools import lru_cache

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
    return _cubic_weights(n, upscale * n, ratio=1.0 / upscale, stretch=1.0)


@lru_cache(maxsize=64)
def cubic_decimation(n: int, factor: int) -> NDArray[np.float32]:
    """Weights that average n pixels to `factor` times fewer: the cubic, widened by the factor.

    This is the degradation D that the product assumes. Pixels beyond the last whole group of
    `factor` are taps only: 10 pixels at factor 4 give 2.

    Returns
    -------
    float32 array (n // factor, n), read-only; rows sum to one
    """
    return _cubic_weights(n, n // factor, ratio=float(factor), stretch=float(factor))


def upsample(cube: NDArray[np.float32], upscale: int) -> NDArray[np.float32]:
    """Interpolate an image or cube, e.g. (bands, 32, 40) at upscale 4 -> (bands, 128, 160)."""
    rows = cubic_upsampling(cube.shape[-2], upscale)
    cols = cubic_upsampling(cube.shape[-1], upscale)
    return _along_cols(cols, _along_rows(rows, cube))


def decimate(cube: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Degrade an image or cube by D, e.g. (bands, 128, 160) by factor 4 -> (bands, 32, 40)."""
    rows = cubic_decimation(cube.shape[-2], factor)
    cols = cubic_decimation(cube.shape[-1], factor)
    return _along_cols(cols, _along_rows(rows, cube))


def _cubic_weights(n: int, m: int, *, ratio: float, stretch: float) -> NDArray[np.float32]:
    """Kernel values of n taps at m centres `ratio` apart, the kernel widened by `stretch`."""
    centres = (np.arange(m) + 0.5) * ratio
    kernel = _cubic((np.arange(n) + 0.5 - centres[:, None]) / stretch)
    weights: NDArray[np.float32] = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    weights.flags.writeable = False  # shared by all callers through the cache
    return weights


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5; zero beyond 2."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


# The matrices are banded. Multiplying block by block with the columns that a block uses keeps the
# speed of a matrix product, and a cost that grows with the image's side, not with its square.
# Products so small also stay in the thread that asks for them: tiles do not fight for the cores.


def _along_rows(weights: NDArray[np.float32], cube: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (m, n) times every image (n, col) of a cube -> (..., m, col)."""
    out = np.empty((*cube.shape[:-2], len(weights), cube.shape[-1]), np.float32)
    for start in range(0, len(weights), BLOCK_ROWS):
        block, used = _used_columns(weights[start : start + BLOCK_ROWS])
        np.matmul(block, cube[..., used, :], out=out[..., start : start + BLOCK_ROWS, :])
    return out


def _along_cols(weights: NDArray[np.float32], cube: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (m, n) times every row of a cube (..., n) -> (..., m)."""
    out = np.empty((*cube.shape[:-1], len(weights)), np.float32)
    for start in range(0, len(weights), BLOCK_ROWS):
        block, used = _used_columns(weights[start : start + BLOCK_ROWS])
        np.matmul(cube[..., used], block.T, out=out[..., start : start + BLOCK_ROWS])
    return out


def _used_columns(block: NDArray[np.float32]) -> tuple[NDArray[np.float32], slice]:
    """Cut the columns that are zero at both ends, and say which are left."""
    used = np.flatnonzero(block.any(axis=0))
    columns = slice(int(used[0]), int(used[-1]) + 1)
    return block[:, columns], columns
