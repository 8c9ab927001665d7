"""Axes and bands of a DataArray, by its labels.

Names and attributes as rioxarray, CF and the readers of EMIT, EnMAP and ENVI files give them.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from hsisr_geo.bands.bands import Band, Bands, guess_unit, to_nanometers
from hsisr_geo.bands.radiometry import usable_nodata
from hsisr_geo.bands.wavelengths import named_unit
from hsisr_geo.errors import RasterError

_X = (
    "x",
    "lon",
    "longitude",
    "easting",
    "col",
    "cols",
    "column",
    "sample",
    "samples",
    "crosstrack",
)
_Y = ("y", "lat", "latitude", "northing", "row", "rows", "line", "lines", "downtrack")
_X_STANDARD = ("projection_x_coordinate", "longitude")
_Y_STANDARD = ("projection_y_coordinate", "latitude")
_CENTRE = (
    *("wavelength", "wavelengths", "wavelength_nm", "central_wavelength", "center_wavelength"),
    *("radiation_wavelength", "sensor_band_central_radiation_wavelength"),  # names of CF
)
_WIDTH = ("fwhm", "fwhm_nm", "bandwidth", "full_width_half_max")
_DATES = ("time", "date", "t")
_GOOD = ("good", "bbl", "good_wavelengths", "good_band")

NODATA_NAMES = ("_FillValue", "missing_value", "fill_value", "nodata")
"""Attributes, the first of which that is there tells the number for "no value"."""
RADIOMETRY = ("scale_factor", "add_offset")
"""What tells the values of stored numbers."""
EACH_BAND = ("scales", "offsets")
"""rioxarray's names for these where bands differ."""


@dataclass(frozen=True)
class Axes:
    """Names of the dimensions of a cube."""

    band: Hashable
    y: Hashable
    x: Hashable

    @property
    def order(self) -> tuple[Hashable, Hashable, Hashable]:
        """As this package has them: (band, row, col)."""
        return self.band, self.y, self.x


def axes_of(
    array: xr.DataArray, *, x_dim: Hashable | None = None, y_dim: Hashable | None = None
) -> Axes:
    """Tell rows, columns and bands apart, by the names of dimensions and by CF attributes.

    Raises
    ------
    RasterError : not three dimensions, or their names say nothing
    """
    if array.ndim != 3:
        told = f"has dimensions {_listed(array.dims)}: three are needed, bands, rows and columns"
        raise RasterError(f"{name_of(array)} {told}; {_way_to_three(array)}")
    x = _found(array, x_dim, _X, "X", _X_STANDARD, "x_dim")
    y = _found(array, y_dim, _Y, "Y", _Y_STANDARD, "y_dim")
    if x == y:
        raise RasterError(f"{name_of(array)}: {x!r} cannot be both rows and columns")
    (band,) = (dim for dim in array.dims if dim not in (x, y))
    return Axes(band, y, x)


def bands_of(array: xr.DataArray, axes: Axes) -> Bands:
    """Read what coordinates along the band axis and attributes say of the bands.

    Wavelengths, widths and flags come from coordinates such as `wavelength`, `fwhm` and `good`; the
    nodata value, scale and offset from attributes, where xarray has not decoded them already.

    Raises
    ------
    RasterError : a scale is zero or no number
    """
    centres = _lengths(array, axes.band, _CENTRE)
    widths = _lengths(array, axes.band, _WIDTH, like=_coordinate(array, axes.band, _CENTRE))
    flags = _coordinate(array, axes.band, _GOOD)
    scales, offsets = radiometry_of(array, axes)
    nodata = _nodata(array)
    return Bands(
        tuple(
            Band(
                wavelength_nm=centres[i],
                fwhm_nm=widths[i],
                good=flags is None or bool(flags.values[i]),
                scale=scales[i],
                offset=offsets[i],
                nodata=nodata,
            )
            for i in range(array.sizes[axes.band])
        )
    )


def nodata_in(told: Mapping[Any, Any]) -> float | None:
    """Return the number for "no value" that attributes or an encoding tell."""
    return next((float(told[n]) for n in NODATA_NAMES if told.get(n) is not None), None)


def name_of(array: xr.DataArray) -> str:
    """Return what to call an array in a message."""
    return "the array" if array.name is None else f"array {array.name!r}"


def _way_to_three(array: xr.DataArray) -> str:
    """Say how other numbers of dimensions become three: of a scene's dates, one."""
    if array.ndim < 3:
        return "for one band, .expand_dims('band')"
    more = next((dim for dim in array.dims if str(dim).lower() in _DATES), array.dims[0])
    return f"take one of {more}, .isel({more}=0)"


def _found(
    array: xr.DataArray,
    given: Hashable | None,
    names: Sequence[str],
    axis: str,
    standard: Sequence[str],
    option: str,
) -> Hashable:
    if given is not None:
        if given in array.dims:
            return given
        raise RasterError(f"{name_of(array)} has no dimension {given!r}: {_listed(array.dims)}")
    for dim in array.dims:
        attrs = array.coords[dim].attrs if dim in array.coords else {}
        if attrs.get("axis") == axis or attrs.get("standard_name") in standard:
            return dim
    for name in names:
        for dim in array.dims:
            if str(dim).lower() == name:
                return dim
    told = f"{name_of(array)} has dimensions {_listed(array.dims)}"
    raise RasterError(f"{told}: say with {option}= which of them is {axis.lower()}")


def _listed(names: Iterable[Hashable]) -> str:
    return ", ".join(map(str, names)) or "none"


def _coordinate(array: xr.DataArray, dim: Hashable, names: Sequence[str]) -> xr.DataArray | None:
    """Return the first coordinate along a dimension that has one of the names, in any case.

    Its own, or CF's standard name of what it is.
    """
    there = {
        str(key): array.coords[key] for key in array.coords if array.coords[key].dims == (dim,)
    }
    along = {str(each.attrs.get("standard_name", "")): each for each in there.values()}
    along |= {key.lower(): each for key, each in there.items()}
    return next((along[name] for name in names if name in along), None)


def _lengths(
    array: xr.DataArray, dim: Hashable, names: Sequence[str], like: xr.DataArray | None = None
) -> list[float | None]:
    """Return a coordinate in nanometres; `like` is one whose unit it has if it names none."""
    found = _coordinate(array, dim, names)
    count = array.sizes[dim]
    if found is None or not np.issubdtype(found.dtype, np.number):
        return [None] * count
    values = [float(v) for v in found.values]
    unit = _unit_told(array, found, like) or _unit_guessed(found if like is None else like)
    return [to_nanometers(v, unit) if np.isfinite(v) and v > 0 else None for v in values]


def _unit_told(array: xr.DataArray, found: xr.DataArray, like: xr.DataArray | None) -> str:
    """Return the unit that a coordinate names, else `like`'s, else the array's; "" for none."""
    units = [a.attrs.get("units") or a.attrs.get("unit") for a in (found, like) if a is not None]
    told = [named_unit(str(unit)) for unit in (*units, array.attrs.get("wavelength_units")) if unit]
    return next(filter(None, told), "")


def _unit_guessed(lengths: xr.DataArray) -> str:
    return guess_unit([v for v in map(float, lengths.values) if np.isfinite(v)] or [0.0])


def radiometry_of(
    array: xr.DataArray, axes: Axes, *, decoded: bool = False
) -> tuple[list[float], list[float]]:
    """Return scale and offset of each band: by the attributes or, `decoded`, by the encoding.

    Raises
    ------
    RasterError : a scale is zero or no number; there are not as many as bands
    """
    told = array.encoding if decoded else array.attrs
    count = array.sizes[axes.band]
    scales = _per_band(array, told, ("scale_factor", "scales"), 1.0, count)
    offsets = _per_band(array, told, ("add_offset", "offsets"), 0.0, count)
    for number, (scale, offset) in enumerate(zip(scales, offsets, strict=True), start=1):
        if scale == 0 or not np.isfinite(scale) or not np.isfinite(offset):
            raise RasterError(
                f"{name_of(array)}: band {number} has scale {scale:g} and offset {offset:g}, from "
                "which no value follows: correct the attributes"
            )
    return scales, offsets


def _per_band(
    array: xr.DataArray,
    told: Mapping[Any, Any],
    names: tuple[str, str],
    default: float,
    count: int,
) -> list[float]:
    one, many = names
    values = np.atleast_1d(np.asarray(told.get(one, told.get(many, default)), float))
    if len(values) not in (1, count):
        raise RasterError(f"{name_of(array)}: {many} has {len(values)} values for {count} bands")
    return [float(v) for v in np.broadcast_to(values, count)]


def _nodata(array: xr.DataArray) -> float | None:
    told = nodata_in(array.attrs)
    return None if told is None else usable_nodata(told, array.dtype.name)
