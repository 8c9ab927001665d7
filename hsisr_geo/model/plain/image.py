"""`Image`: channels in ncnn's own layout, in a frame of zeros, made and read strip by strip.

Winograd's products write nine numbers for four of an image and read them again. In strips of some
rows these stay in the core's own cache, whatever the size of the image. A strip that is read is a
view; the frame takes the place of padding where the image ends.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window, inside

Floats = NDArray[np.float32]
Layer = Callable[[Any], Any]
"""Makes of an `ncnn.Mat`, packed, another: rows and columns without the outermost, if 3x3."""

_STRIP_BYTES = 1 << 20
_TILE = 12  # rows: whole tiles of F(4, 3) and F(6, 3), so that strips are rounded as the image is


@dataclass(frozen=True, eq=False)
class Image:
    """Channels of a window, one pixel of zeros around them.

    Attributes
    ----------
    mat
        `ncnn.Mat`, the frame included.
    pixels
        The same memory: (group of channels, row, col, channel of the group).
    window
        What it covers, without the frame.
    """

    mat: Any
    pixels: Floats
    window: Window

    @classmethod
    def like(cls, pixels: Floats, window: Window) -> "Image":
        """Return one with the channels of others, without content."""
        import ncnn

        rows, cols = (side.stop - side.start + 2 for side in window)
        images, _ = pools()
        groups, pack = len(pixels), pixels.shape[-1]
        size = {"elemsize": 4 * pack, "elempack": pack}
        mat = ncnn.Mat(cols, rows, groups, **size, allocator=images)
        if mat.empty():
            raise MemoryError
        made = pixels_of(mat)
        made[:, :: rows - 1] = made[:, :, :: cols - 1] = 0
        return cls(mat, made, window)

    def at(self, window: Window) -> Floats:
        """Return the pixels of a window; a view."""
        rows, cols = inside(window, self.window)
        return self.pixels[:, rows.start + 1 : rows.stop + 1, cols.start + 1 : cols.stop + 1]

    def rows(self, rows: slice) -> Any:
        """Return a `Mat` of some rows, and one on either side: a view, good while this lives."""
        import ncnn

        first = rows.start - self.window[0].start
        by_row = ncnn.Mat(self.mat)  # a header of its own: of one row at each of many depths
        by_row.dims, by_row.d, by_row.h = 4, by_row.h, 1
        mat = by_row.depth_range(first, rows.stop - rows.start + 2)
        mat.h, mat.c, mat.cstep = mat.c, self.mat.c, self.mat.cstep
        return mat

    def through(self, layer: Layer, window: Window) -> Iterator[tuple[Window, Floats]]:
        """Yield strips of a window of what a layer makes of this image; pixels as `pixels`.

        The window may reach as far as this one where that ends with the whole image, else as far
        as its outermost pixels.
        """
        _, cols = inside(window, self.window)
        for strip in strips(window, self.pixels[:, 0].nbytes):
            yield strip, pixels_of(layer(self.rows(strip[0])))[:, :, cols]


def strips(window: Window, row_bytes: int) -> Iterator[Window]:
    """Cut a window into strips that stay in a cache with what is made of them."""
    rows, cols = window
    step = _TILE * max(1, round(_STRIP_BYTES / row_bytes / _TILE))
    count = max(1, round((rows.stop - rows.start) / step))  # the last one takes what is left
    for top in range(rows.start, rows.start + count * step, step):
        last = top == rows.start + (count - 1) * step
        yield slice(top, rows.stop if last else top + step), cols


@cache
def pools() -> tuple[Any, Any]:
    """Return where all nets and threads have memory from, as long as the program runs.

    For images and for what layers need meanwhile. Each net would have pools of its own otherwise,
    and keep all of it. A block is used again for no less than half of it: without that large ones
    are taken for little things.
    """
    import ncnn

    pools = ncnn.PoolAllocator(), ncnn.PoolAllocator()
    for pool in pools:
        pool.set_size_compare_ratio(0.5)
    return pools


def pixels_of(mat: Any) -> Floats:
    """Return a view of a `Mat`: (group of channels, row, col, channel of the group)."""
    import ncnn

    plain, pack = ncnn.Mat(mat), mat.elempack  # a header of its own
    plain.elempack, plain.elemsize = 1, mat.elemsize // pack
    plain.w, plain.cstep = mat.w * pack, mat.cstep * pack
    groups: Floats = np.array(plain, copy=False)
    return groups.reshape(*groups.shape[:2], mat.w, pack)


def repacked(pixels: Floats, pack: int) -> Floats:
    """Return pixels in groups of so many channels."""
    if pixels.shape[-1] == pack:
        return pixels
    channels = np.moveaxis(pixels, 3, 1).reshape(-1, pack, *pixels.shape[1:3])
    return np.moveaxis(channels, 1, 3)
