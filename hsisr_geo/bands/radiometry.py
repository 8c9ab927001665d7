"""Stored numbers (DN) to physical values and back.

Physical values are float32, NaN where there is none; `value = DN * scale + offset`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.threads import each

_NEVER_MEASURED = 1e38
# ^ where nodata is near the limit of float32, all beyond this is it: the value in the pixels has
# digits that the value in the header has lost (-3.40282e+38)
_ROUNDED = 1.01  # times a limit: the most that a limit with two digits is
_MANY = 1 << 20  # values that several threads are worth while for
LARGEST = 1e36
"""Of a value: what is interpolated or brought back to others overshoots, and float32 ends soon."""
_WHOLE = 2**53  # up to here doubles hold every integer
Cube = NDArray[np.float32]  # (band, row, col), physical values, NaN where there is none


def decode(dn: NDArray[Any], bands: Bands) -> Cube:
    """Turn stored numbers (band, row, col) into physical values.

    NaN where a band has its nodata value, and for NaN and infinities of a float raster.
    Integers beyond 2**24 lose their last digits, as float32 has no room for them; so do values with
    an offset of more than some 2**22 steps of `scale` (-1000 beside 0.0001), which no product has.
    What float32 has no room for is NaN; `beyond_float32` finds it, and what is near that.
    """
    cube = np.empty(dn.shape, np.float32)
    for plane, stored, band in zip(cube, dn, bands, strict=True):
        plane[:] = _narrow(stored) if _is_plain(band) else _scaled(stored, band)
        holes = missing(stored, band.nodata)
        if holes is not None:
            plane[holes] = np.nan
    return cube


def _narrow(stored: NDArray[Any]) -> NDArray[Any]:
    """Return numbers that can be put into float32 without a word."""
    if stored.dtype != np.float64:
        return stored
    return _without_room(stored)


@np.errstate(over="ignore", invalid="ignore")
def _scaled(stored: NDArray[Any], band: Band) -> NDArray[np.float32]:
    """Apply scale and offset."""
    # In float64: 16-bit DN then survive any scale and offset exactly. Said by `dtype`, as NumPy 1
    # multiplies an array of float32 by a number in float32.
    return _without_room(np.multiply(stored, band.scale, dtype=np.float64) + band.offset)


@np.errstate(over="ignore")
def _without_room(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn values into float32; what has no room there is NaN."""
    plane = values.astype(np.float32)
    plane[np.isinf(plane)] = np.nan
    return plane


def beyond_float32(dn: NDArray[Any], cube: Cube, bands: Bands) -> tuple[int, float] | None:
    """Find a stored number that is a value, but has no room in float32, or none for arithmetic.

    Parameters
    ----------
    dn, cube : stored numbers (band, row, col), and what `decode` made of them

    Returns
    -------
    the place of its band, and the number; None where all have room
    """
    for place, (stored, plane, band) in enumerate(zip(dn, cube, bands, strict=True)):
        if dn.dtype.kind != "f" and _is_plain(band):
            continue
        lost = np.isnan(plane)
        if lost.any():
            holes = missing(stored, band.nodata)
            lost &= True if holes is None else ~holes
        if not lost.any() and _largest(plane) > LARGEST:
            lost = np.abs(plane) > LARGEST
        if lost.any():
            return place, float(stored[lost][0])
    return None


def _largest(plane: NDArray[np.float32]) -> float:
    """Return the largest magnitude, without a copy; NaN if there is nothing but that."""
    least = np.fmin.reduce(plane, axis=None, initial=0)
    return float(max(np.fmax.reduce(plane, axis=None, initial=0), -least))


def encode(cube: Cube, bands: Bands, dtype: str) -> NDArray[Any]:
    """Turn physical values (band, row, col) into the numbers to store; the inverse of `decode`.

    Integers are rounded half to even and clipped to the range of `dtype`. NaN becomes the
    band's nodata value; without one it stays NaN in a float raster and becomes 0 in an
    integer raster, whose mask must then tell (`valid_pixels`). A value that would become
    nodata only by rounding moves by one DN, so that no hole appears.
    """
    target = np.dtype(dtype)
    dn = np.empty(cube.shape, target)

    @np.errstate(over="ignore", invalid="ignore")
    def put(number: int) -> None:
        stored, plane, band = dn[number], cube[number], bands[number]
        holes = np.isnan(plane)
        has_holes = holes.any()
        exact = np.where(holes, 0.0, plane) if has_holes else plane
        if not _is_plain(band):
            exact = (exact.astype(np.float64) - band.offset) / band.scale
        stored[:] = _rounded(exact, target)
        nodata = usable_nodata(band.nodata, dtype)
        if nodata is None:
            fill = math.nan if target.kind == "f" else 0
        else:
            fill = nodata
            _step_aside(stored, target.type(nodata))
        if has_holes:
            stored[holes] = fill

    each(put, range(len(bands)), None if cube.size > _MANY else 1)
    return dn


def storable(cube: Cube, bands: Bands, dtype: str) -> Cube:
    """Return physical values as they are but for those that could not be stored so.

    Who writes them may round and cast without a look: what lies beyond the range of `dtype` would
    wrap, and what rounds to nodata would be a hole. These get the nearest value that is stored.
    """
    if np.dtype(dtype).kind == "f":
        return cube
    stored = decode(encode(cube, bands, dtype), bands)
    steps = np.array([abs(band.scale) for band in bands])[:, None, None]
    far = np.abs(stored.astype(np.float64) - cube) > 0.5001 * steps
    return np.where(far, stored, cube)


def valid_pixels(cube: Cube) -> NDArray[np.bool_]:
    """Return where a cube has a value in at least one band: what its dataset mask says."""
    return np.asarray(np.isfinite(cube).any(axis=0))


def usable_nodata(nodata: float | None, dtype: str) -> float | None:
    """Return `nodata` if a pixel of `dtype` can have that value, else None.

    The limit of a floating-point type, written with fewer digits, may lie beyond it: it is meant.
    """
    target = np.dtype(dtype)
    if nodata is None:
        return None
    if target.kind == "f":
        most = float(np.finfo(target).max)
        if math.isinf(nodata) or abs(nodata) > most * _ROUNDED:
            return nodata if math.isinf(nodata) else None
        return min(max(nodata, -most), most) if abs(nodata) > most else nodata
    limits = np.iinfo(target)
    fits = math.isfinite(nodata) and nodata == int(nodata) and limits.min <= nodata <= limits.max
    return nodata if fits else None


def exact_nodata(nodata: float | None, dtype: str) -> float | None:
    """Return a nodata value that libraries hand on to the digit, which all do as a double.

    Of 64-bit integers beyond 2**53 they keep some digits, or one: 2**53 stands in for these.
    """
    if nodata is None or np.dtype(dtype).itemsize < 8 or abs(nodata) <= _WHOLE:
        return nodata
    return nodata if np.dtype(dtype).kind == "f" else (_WHOLE if nodata > 0 else -_WHOLE)


def _is_plain(band: Band) -> bool:
    return band.scale == 1.0 and band.offset == 0.0


def missing(stored: NDArray[Any], nodata: float | None) -> NDArray[np.bool_] | None:
    """Return where stored numbers stand for no value; None where they cannot."""
    nodata = usable_nodata(nodata, stored.dtype.name)
    holes = ~np.isfinite(stored) if stored.dtype.kind == "f" else None
    if nodata is None or not math.isfinite(nodata):
        return holes
    if abs(nodata) > _NEVER_MEASURED:
        equal = np.asarray(stored >= _NEVER_MEASURED if nodata > 0 else stored <= -_NEVER_MEASURED)
    else:
        equal = np.asarray(stored == stored.dtype.type(nodata))
    return equal if holes is None else holes | equal


def _rounded(exact: NDArray[np.floating], target: np.dtype[Any]) -> NDArray[Any]:
    if target.kind == "f":
        return exact.astype(target, copy=False)
    limits = np.iinfo(target)
    # The largest 64-bit integers round up to 2**63 and 2**64 as floats: clip to the one below.
    highest = float(limits.max) if target.itemsize < 8 else np.nextafter(float(limits.max), 0)
    wide = np.float64 if target.itemsize > 2 else exact.dtype  # float32 holds all of 16 bits
    rounded: NDArray[Any] = np.rint(exact, dtype=wide)
    np.clip(rounded, float(limits.min), highest, out=rounded)
    return rounded.astype(target)


def _step_aside(stored: NDArray[Any], nodata: Any) -> None:
    collides = stored == nodata
    if not collides.any():
        return
    if stored.dtype.kind == "f":
        aside = np.nextafter(nodata, stored.dtype.type(0 if nodata else 1))
    else:
        aside = nodata - 1 if nodata == np.iinfo(stored.dtype).max else nodata + 1
    stored[collides] = aside
