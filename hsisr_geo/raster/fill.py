"""One value in every band of many pixels, which no nodata value declares: a hole, most likely."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.raster import Raster, Stored
from hsisr_geo.raster.read import TooLargeError, read_window, stored_of

_AT_ONCE = 2**18  # pixels of a scene that is looked at as a whole
_PLACES = 5  # windows along each axis of a larger one
_SIDE = 32  # pixels along each side of such a window
_SHARE = 0.01  # of the pixels
_PROBED = 3  # bands in which a value has to be the same before all bands are read


def undeclared_fill(raster: Raster) -> str:
    """Say so where one value fills every band of many pixels; "" where none does.

    A large scene is looked at in 25 windows. Fewer than three bands say too little, and what
    has a mask, or is a product of an agency, declares its holes.

    Raises
    ------
    TooLargeError : a value has no room in float32
    """
    count = len(raster.bands)
    declares = raster.has_mask or (raster.product and not raster.product.startswith("CF "))
    if count < _PROBED or raster.source is None or declares:
        return ""
    try:
        found = [_filled(raster, window) for window in _windows(raster)]
    except TooLargeError:
        raise
    except (RasterError, MemoryError):  # whoever reads all of it will say so
        return ""
    pixels = sum(valid for _, valid in found)
    filled = np.concatenate([values for values, _ in found])
    if not filled.size or not pixels:
        return ""
    values, counts = np.unique(filled, return_counts=True)
    value, number = values[counts.argmax()], int(counts.max())
    share = number / pixels
    if not _SHARE <= share < 1:  # a raster of one value has no hole in it
        return ""
    number_text = f"{value:g}" if raster.dtype[0] == "f" else str(int(value))
    return (
        f"{share:.0%} of its pixels have the value {number_text} in every band, which no nodata "
        f"value declares: if that is no measurement, give --nodata {number_text}"
    )


def _windows(raster: Raster) -> list[Window]:
    if raster.rows * raster.cols <= _AT_ONCE:
        return [(slice(0, raster.rows), slice(0, raster.cols))]
    return list(product(_along(raster.rows), _along(raster.cols)))


def _along(size: int) -> list[slice]:
    side = min(_SIDE, size)
    starts = np.unique(np.linspace(0, size - side, _PLACES).astype(int))
    return [slice(int(start), int(start) + side) for start in starts]


def _filled(raster: Raster, window: Window) -> tuple[Stored, int]:
    """Return stored values that are the same in every band of a pixel, and the valid pixels."""
    last = len(raster.bands) - 1
    probe = [0, last // 2, last]
    same, stored, valid = _alike(raster, window, probe)
    if same.any() and last >= _PROBED:
        rows, cols = np.flatnonzero(same.any(axis=1)), np.flatnonzero(same.any(axis=0))
        part = (_spanned(rows, window[0]), _spanned(cols, window[1]))
        same, stored, _ = _alike(raster, part, range(last + 1))
    return stored[same], valid


def _spanned(places: NDArray[np.intp], within: slice) -> slice:
    return slice(within.start + int(places[0]), within.start + int(places[-1]) + 1)


def _alike(
    raster: Raster, window: Window, bands: Sequence[int]
) -> tuple[NDArray[np.bool_], Stored, int]:
    stored = stored_of(raster, *window, bands)
    valid = np.isfinite(read_window(raster, *window, bands)).any(axis=0)
    same = valid & (stored == stored[0]).all(axis=0)
    return np.asarray(same), stored[0], int(valid.sum())
