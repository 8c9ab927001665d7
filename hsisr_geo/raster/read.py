"""Physical values of a window of a raster, all bands at once or one plane after another."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import LARGEST, Cube, beyond_float32, decode
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError, some_of
from hsisr_geo.raster.facts.remarks import OVERVIEWS, SIDECAR
from hsisr_geo.raster.gdal import GdalSource
from hsisr_geo.raster.raster import Missing, Raster, Stored, within_axis

_AT_ONCE = 16
_BESIDE = SIDECAR, OVERVIEWS  # that come when somebody looks at a raster
_NAMED_FILES = 8  # in the provenance; a VRT may have thousands


class TooLargeError(RasterError):
    """A number that float32, which all is computed in, has no room for, or none around it."""

    def __init__(self, raster: Raster, band: int, number: float) -> None:
        super().__init__(
            f"{raster.path}: band {band + 1} holds {number!r}, beyond what float32 has room for "
            f"(3.4e+38, and {LARGEST:g} to compute with): if that is no measurement, give --nodata "
            f"{number!r}; else scale it first, e.g. with gdal_calc.py"
        )


def whole(raster: Raster) -> Window:
    """Return the window that is all of a raster."""
    return slice(0, raster.rows), slice(0, raster.cols)


def read_planes(
    raster: Raster, window: Window, bands: Sequence[int]
) -> Iterator[NDArray[np.float32]]:
    """Yield the bands at 0-based indices, (row, col) each, NaN where there is no value."""
    for start in range(0, len(bands), _AT_ONCE):
        yield from read_window(raster, *window, bands[start : start + _AT_ONCE])


def read_cube(raster: Raster, window: Window, bands: Sequence[int]) -> Cube:
    """Read bands into one cube (band, row, col)."""
    shape = (axis.stop - axis.start for axis in window)
    cube = np.empty((len(bands), *shape), np.float32)
    for target, plane in zip(cube, read_planes(raster, window, bands), strict=True):
        target[:] = plane
    return cube


def source_files(raster: Raster) -> dict[str, str]:
    """Return what the provenance says of the files that a VRT or a product consists of.

    A VRT may point anywhere: which file the pixels come from is not told by its name.
    """
    if not raster.files or not (raster.product or raster.driver == "VRT"):
        return {}
    names = [os.path.basename(name) for name in raster.files if not name.endswith(_BESIDE)]
    return {"source_files": some_of(names, _NAMED_FILES)}


def read_window(
    raster: Raster, rows: slice, cols: slice, bands: Sequence[int] | None = None
) -> Cube:
    """Read physical values of a window inside the raster; safe to call from any thread.

    Parameters
    ----------
    bands : 0-based; all of them by default

    Returns
    -------
    float32 (band, row, col), NaN where nodata, mask, NaN or infinity say that there is no
    value. int32 and float64 rasters are read through float32: 24 bits of precision.

    Raises
    ------
    RasterError : when the file cannot be read there (truncated, damaged, gone)
    TooLargeError : a value has no room in float32
    """
    chosen = range(len(raster.bands)) if bands is None else bands
    return read_both(raster, rows, cols, chosen)[1]


def read_both(
    raster: Raster, rows: slice, cols: slice, bands: Sequence[int]
) -> tuple[Stored, Cube]:
    """Read the stored numbers of a window, and the values that `read_window` makes of them."""
    stored, missing = _read(raster, rows, cols, bands)
    chosen = raster.bands.select(bands)
    cube = decode(stored, chosen)
    if missing is not None:
        missing = np.broadcast_to(missing, cube.shape)
        cube[missing] = 0  # for a moment: holes are no values that have no room
    if (found := beyond_float32(stored, cube, chosen)) is not None:
        raise TooLargeError(raster, bands[found[0]], found[1])
    if missing is not None:
        cube[missing] = np.nan
    return stored, cube


def _read(
    raster: Raster, rows: slice, cols: slice, bands: Sequence[int]
) -> tuple[Stored, Missing | None]:
    top, bottom, left, right = *within_axis(rows, raster.rows), *within_axis(cols, raster.cols)
    places = raster.source_bands or range(len(raster.bands))
    source = raster.source or GdalSource(raster.path)
    return source.read([places[i] for i in bands], slice(top, bottom), slice(left, right))
