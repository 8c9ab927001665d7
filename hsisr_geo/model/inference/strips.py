"""A tile's spectra encoded, and what is decoded added to them, in strips of interpolated rows.

Rows of all bands are interpolated, used and forgotten: the whole would be most of a tile's memory.
"""

from collections.abc import Callable
from typing import TypeAlias

from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.model.chain import Array
from hsisr_geo.model.inference.kernels import Kept, Kernels, Latents

Strip: TypeAlias = tuple[int, slice, Callable[[], Array]]
"""Its number, output rows of the window that is cut, and what makes their pixels."""


def components(
    kernels: Kernels, x_lr: Array, window: Window, piece: Window
) -> tuple[Array, dict[int, Latents]]:
    """Components (component, row, col) of the interpolation over a window of the input.

    Besides, latents over the piece, for each strip that it will be decoded in.
    """
    rows, cols = scaled(window, kernels.upscale)
    wanted, wanted_cols = scaled(inside(piece, window), kernels.upscale)
    latents: dict[int, Latents] = {}
    out = kernels.empty(kernels.components, rows.stop - rows.start, cols.stop - cols.start)

    def encode(strip: Strip) -> None:
        number, at, u = strip
        kept = wanted_cols if wanted.start <= at.start < wanted.stop else slice(0, 0)
        out[:, at], latents[number] = kernels.components_of(u(), kept)

    if kernels.components:
        kernels.each(encode, interpolated(kernels, x_lr, window, piece))
    return out, latents


def decoded(
    kernels: Kernels,
    x_lr: Array,
    window: Window,
    latents: dict[int, Latents],
    change: Array,
    *,
    keep: bool,
) -> tuple[Array, dict[int, Kept]]:
    """Interpolate over a window, and add what a change of the components stands for.

    Latents of the strips are taken out one by one: their memory is the output's.
    """
    rows, cols = scaled(window, kernels.upscale)
    out = kernels.empty(len(x_lr), rows.stop - rows.start, cols.stop - cols.start)
    kept: dict[int, Kept] = {}

    def decode(strip: Strip) -> None:
        number, at, u = strip
        x = u()
        if kernels.components:
            z = latents.pop(number)
            x, kept[number] = kernels.add_detail(x, z, change[:, at], keep=keep)
        out[:, at] = x

    kernels.each(decode, interpolated(kernels, x_lr, window))
    return out, kept


def interpolated(
    kernels: Kernels, x_lr: Array, window: Window, first: Window | None = None
) -> list[Strip]:
    """Cut the interpolation over a window of the input into strips: number, rows, their pixels.

    Rows of a window within come first, so that they are cut as if they were all.
    """
    rows, cols = scaled(window, kernels.upscale)
    inner = scaled(first or window, kernels.upscale)[0]
    parts = inner, slice(rows.start, inner.start), slice(inner.stop, rows.stop)

    def strip(only: slice) -> Callable[[], Array]:
        return lambda: kernels.interpolate(x_lr, only)[:, :, cols]

    row_floats = kernels.upscale * x_lr.shape[2] * len(x_lr)
    strips = (only for part in parts for only in kernels.strips(part, row_floats))
    return [
        (number, slice(only.start - rows.start, only.stop - rows.start), strip(only))
        for number, only in enumerate(strips)
    ]
