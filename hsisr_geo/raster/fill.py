"""One value in the bands of many pixels, which no nodata value declares: a hole, most likely.

In most bands, as bad ones may have another; zero in all of them, as dark pixels have it in many.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.raster import Raster, Stored
from hsisr_geo.raster.read import TooLargeError, read_both, whole

_AT_ONCE = 2**18  # pixels of a scene that is looked at as a whole
_PLACES = 5  # windows along each axis of a larger one
_SIDE = 32  # pixels along each side of such a window
_SHARE = 0.01  # of the pixels
_LEAST = 3  # bands
_PROBED = 5  # bands that are looked at before all are read
_MOST = 0.75  # of the bands


def undeclared_fill(raster: Raster) -> str:
    """Say so where one value fills the bands of many pixels; "" where none does.

    A large scene is looked at in 25 windows. Fewer than three bands say too little, and what
    has a mask, or is a product of an agency, declares its holes.

    Raises
    ------
    TooLargeError : a value has no room in float32
    """
    count = len(raster.bands)
    declares = raster.has_mask or (raster.product and not raster.product.startswith("CF "))
    if count < _LEAST or raster.source is None or declares:
        return ""
    try:
        found = [_filled(raster, window) for window in windows(raster)]
    except TooLargeError:
        raise
    except (RasterError, MemoryError):  # whoever reads all of it will say so
        return ""
    pixels = sum(window.valid for window in found)
    filled = np.concatenate([window.values for window in found])
    if not filled.size or not pixels:
        return ""
    values, counts = np.unique(filled, return_counts=True)
    value, number = values[counts.argmax()], int(counts.max())
    bands = np.concatenate([window.bands for window in found])[filled == value].min()
    which = "every band" if bands == count else f"{bands} or more of its {count} bands"
    share = number / pixels
    if not _SHARE <= share < 1:  # a raster of one value has no hole in it
        return ""
    number_text = f"{value:g}" if raster.dtype[0] == "f" else str(int(value))
    return (
        f"{share:.0%} of its pixels have the value {number_text} in {which}, which no nodata "
        f"value declares: if that is no measurement, give --nodata {number_text}"
    )


def windows(raster: Raster) -> list[Window]:
    """Return all of a small scene, or 25 windows of a large one."""
    if raster.rows * raster.cols <= _AT_ONCE:
        return [whole(raster)]
    return list(product(_along(raster.rows), _along(raster.cols)))


def _along(size: int) -> list[slice]:
    side = min(_SIDE, size)
    starts = np.unique(np.linspace(0, size - side, _PLACES).astype(int))
    return [slice(int(start), int(start) + side) for start in starts]


class _Filled(NamedTuple):
    """Values of filled pixels, in how many bands each stands; and how many pixels are valid."""

    values: Stored
    bands: NDArray[np.intp]
    valid: int


def _filled(raster: Raster, window: Window) -> _Filled:
    """Find the pixels of a window whose bands have one stored value."""
    count = len(raster.bands)
    probe = np.unique(np.linspace(0, count - 1, _PROBED).astype(int)).tolist()
    stored, valid = _read(raster, window, probe)
    value = np.sort(stored, axis=0)[len(probe) // 2]  # which more than half have, if one does
    bands = (stored == value).sum(axis=0)
    filled = valid & (bands > len(probe) // 2)
    if filled.any() and count > len(probe):
        rows, cols = (_spanned(np.flatnonzero(filled.any(axis=axis))) for axis in (1, 0))
        part = _within(rows, window[0]), _within(cols, window[1])
        value, filled = value[rows, cols], filled[rows, cols]
        stored, _ = _read(raster, part, range(count))
        bands = np.sum([plane == value for plane in stored], axis=0)
    filled &= bands >= np.where(value == 0, count, np.ceil(_MOST * count))
    return _Filled(value[filled], bands[filled], int(valid.sum()))


def _spanned(places: NDArray[np.intp]) -> slice:
    return slice(int(places[0]), int(places[-1]) + 1)


def _within(part: slice, whole: slice) -> slice:
    return slice(whole.start + part.start, whole.start + part.stop)


def _read(raster: Raster, window: Window, bands: Sequence[int]) -> tuple[Stored, NDArray[np.bool_]]:
    """Return stored numbers (band, row, col), and where any of them is a value."""
    stored, values = read_both(raster, *window, bands)
    return stored, np.asarray(np.isfinite(values).any(axis=0))
