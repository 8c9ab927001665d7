"""Gaussian noise fixed to absolute output pixels, so that every tiling sees the same field.

Noise is drawn in whole blocks of 64 x 64 output pixels, each from its own Philox counter, and
windows are cut from the blocks. Values come from the generator's raw bits by Box-Muller, not from
numpy's `standard_normal`, whose stream may change between numpy versions.
"""

import numpy as np
from numpy.typing import NDArray

NOISE_VERSION = "philox-boxmuller-64-1"
"""Recorded with every sampled output; changes whenever the same key would give other numbers."""

BLOCK = 64


def noise_field(
    seed: int,
    rows: slice,
    cols: slice,
    *,
    upscale: int,
    step: int = 0,
    sample: int = 0,
    channels: int = 1,
) -> NDArray[np.float32]:
    """Draw standard normal noise at a window of output pixels.

    A pixel's value depends on its position and the key only: never on the window, and not on how
    many further channels are drawn.

    Parameters
    ----------
    seed
        0 to 2**64 - 1.
    rows, cols
        Window in output pixels of the whole scene, pixel (0, 0) its upper left.
    upscale, step, sample
        Rest of the key: upscale below 2**16, sampler step and sample number below 2**24.

    Returns
    -------
    float32 array (channel, row, col)
    """
    key = _key(seed, sample=sample, step=step, upscale=upscale)
    field = np.empty((channels, rows.stop - rows.start, cols.stop - cols.start), np.float32)
    for row in _blocks(rows):
        for col in _blocks(cols):
            inside_rows, from_rows = _overlap(rows, row)
            inside_cols, from_cols = _overlap(cols, col)
            block = _noise_block(key, row, col, channels)
            field[:, inside_rows, inside_cols] = block[:, from_rows, from_cols]
    return field


def _key(seed: int, *, sample: int, step: int, upscale: int) -> tuple[int, int]:
    """Pack the key into Philox's two words, without hashing: no two keys collide."""
    limits = {"seed": (seed, 64), "sample": (sample, 24), "step": (step, 24)}
    for name, (value, bits) in {**limits, "upscale": (upscale, 16)}.items():
        if not 0 <= value < 2**bits:
            raise ValueError(f"{name} must be from 0 to 2**{bits} - 1, not {value}")
    return seed, sample << 40 | step << 16 | upscale


def _blocks(window: slice) -> range:
    """List the blocks that a window touches."""
    return range(window.start // BLOCK, -(-window.stop // BLOCK))


def _overlap(window: slice, block: int) -> tuple[slice, slice]:
    """Intersect a window with a block: as a slice of the window, and as one of the block."""
    start, stop = max(window.start, block * BLOCK), min(window.stop, (block + 1) * BLOCK)
    origin = block * BLOCK
    return (
        slice(start - window.start, stop - window.start),
        slice(start - origin, stop - origin),
    )


def _noise_block(key: tuple[int, int], row: int, col: int, channels: int) -> NDArray[np.float32]:
    """One block (channel, 64, 64)."""
    words = np.array(key, np.uint64)
    counter = np.array([0, 0, row % 2**64, col % 2**64], np.uint64)
    # ^ Philox counts in the low words, so blocks never share a part of their streams
    raw = np.random.Philox(key=words, counter=counter).random_raw(channels * BLOCK * BLOCK // 2)
    return _box_muller(raw).reshape(channels, BLOCK, BLOCK)


def _box_muller(raw: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Two normal deviates from each 64-bit word, side by side."""
    radius = np.sqrt(-2.0 * np.log(((raw >> np.uint64(32)) + 0.5) * 2.0**-32))
    angle = ((raw & np.uint64(2**32 - 1)) + 0.5) * (2.0 * np.pi * 2.0**-32)
    normal = np.empty((len(raw), 2), np.float32)
    normal[:, 0] = radius * np.cos(angle)
    normal[:, 1] = radius * np.sin(angle)
    return normal
