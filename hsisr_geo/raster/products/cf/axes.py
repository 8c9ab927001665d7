"""The axes of a variable that are its bands, rows and columns, by their names and coordinates."""

import re
from typing import Any

from hsisr_geo.bands.wavelengths import named_unit

_X = frozenset((
    "x", "lon", "longitude", "easting", "col", "cols", "column", "columns", "sample", "samples",
    "crosstrack", "acrosstrack", "xtrack", "pixel", "pixels", "pixelsperline", "numberofpixels",
    "numpixels", "ni", "nx", "xdim", "xc", "rlon", "width", "groundpixel", "nsamples", "ncols",
    "xsize", "swathwidth",
))  # fmt: skip
_Y = frozenset((
    "y", "lat", "latitude", "northing", "row", "rows", "line", "lines", "downtrack", "alongtrack",
    "atrack", "scanline", "scanlines", "scan", "scans", "numberoflines", "numlines",
    "numberofscans", "nj", "ny", "ydim", "yc", "rlat", "height", "track", "nlines", "nrows",
    "ysize",
))  # fmt: skip
_BAND = re.compile(r"wave|band|spectr|channel|lambda|^wl$|^nwl$")
_X_STANDARD = frozenset(("projection_x_coordinate", "longitude", "grid_longitude"))
_Y_STANDARD = frozenset(("projection_y_coordinate", "latitude", "grid_latitude"))
_UNNAMED = re.compile(r"(phony_)?dim_?\d+")

Axes = tuple[str, str, str]  # band, row, col; band is "" for a plane


def axes_of(variable: Any) -> Axes | None:
    """Return the axes of a variable with rows, columns and perhaps bands; None where not told.

    Further axes may have one place each: a time, of one scene.
    """
    dims = _without_single(variable)
    if len(dims) not in (2, 3):
        return None
    cols = [d for d in dims if is_col(variable, d)]
    rows = [d for d in dims if is_row(variable, d)]
    if len(cols) == len(rows) == 1 and cols != rows:
        bands = [d for d in dims if d not in (*cols, *rows)]
        return (bands[0] if bands else "", rows[0], cols[0])
    bands = [d for d in dims if _is_band(variable, d) and d not in (*rows, *cols)]
    if len(dims) == 3 and len(bands) == 1 and not cols and not rows:
        row, col = (d for d in dims if d != bands[0])
        return bands[0], row, col
    return None


def spatial_order(variable: Any, band: str) -> Axes | None:
    """Return the axes of a variable one of whose three is known to be that of the bands."""
    row_col = [d for d in _without_single(variable) if d != band]
    return (band, row_col[0], row_col[1]) if len(row_col) == 2 else None


def unnamed_dims(variable: Any) -> list[str]:
    """Return the three axes of a variable that have no names, [] for any other."""
    dims = _without_single(variable)
    return dims if len(dims) == 3 and all(map(_UNNAMED.fullmatch, dims)) else []


def _without_single(variable: Any) -> list[str]:
    dims = [str(d) for d in variable.dims]
    spare = len(dims) - 3
    for dim in list(dims):
        single = variable.sizes[dim] == 1
        known = _is_band(variable, dim) or is_row(variable, dim) or is_col(variable, dim)
        if single and not known and (spare > 0 or len(dims) == 3):
            dims.remove(dim)
            spare -= 1
    return dims


def is_col(variable: Any, dim: str) -> bool:
    """Tell whether an axis is that of columns."""
    return _is_axis(variable, dim, _X, _X_STANDARD, "X")


def is_row(variable: Any, dim: str) -> bool:
    """Tell whether an axis is that of rows."""
    return _is_axis(variable, dim, _Y, _Y_STANDARD, "Y")


def _is_axis(
    variable: Any, dim: str, names: frozenset[str], standard: frozenset[str], axis: str
) -> bool:
    if dim in variable.coords:
        attributes = variable.coords[dim].attrs
        if attributes.get("standard_name") in standard or attributes.get("axis") == axis:
            return True
    return re.sub(r"[\W_]", "", dim.lower()) in names


def _is_band(variable: Any, dim: str) -> bool:
    if dim in variable.coords:
        attributes = variable.coords[dim].attrs
        unit = named_unit(str(attributes.get("units", ""))).lower()
        if "radiation_wavelength" in str(attributes.get("standard_name")) or unit in ("nm", "um"):
            return True
    return bool(_BAND.search(dim.lower()))
