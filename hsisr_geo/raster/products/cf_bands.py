"""The bands of a CF cube: what the coordinates along its band axis and its attributes say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hsisr_geo.bands.bands import Band, Bands, guess_unit, to_nanometers
from hsisr_geo.bands.lists import to_number
from hsisr_geo.bands.radiometry import usable_nodata

_CENTRES = ("wavelength", "wavelengths", "wavelength_nm", "wl", "center_wavelength", "band")
_WIDTHS = ("fwhm", "fwhm_nm", "bandwidth")
_GOOD = ("good_wavelengths", "good_bands", "bbl", "good")


def read_bands(variable: Any, band: str, dtype: str) -> Bands:
    """Read the bands of an xarray variable whose band axis is called `band`."""
    count = variable.sizes[band]
    along = {str(n): c for n, c in variable.coords.items() if c.dims == (band,)}
    centres = _in_nanometres(_named(along, _CENTRES), count)
    widths = _in_nanometres(_named(along, _WIDTHS), count)
    flags = _named(along, _GOOD)
    good = [True] * count if flags is None else [bool(flag) for flag in flags.values]
    names = _names(along, band, count)
    attributes = variable.attrs | variable.encoding
    scale, offset, fill = (
        to_number(str(attributes[key])) if key in attributes else None
        for key in ("scale_factor", "add_offset", "_FillValue")
    )
    if fill is None and "missing_value" in attributes:
        fill = to_number(str(attributes["missing_value"]))
    nan = "_FillValue" in attributes and np.isnan(np.asarray(attributes["_FillValue"], float)).any()
    unit = str(attributes.get("units", "")) or None
    return Bands(
        tuple(
            Band(
                name=names[i],
                wavelength_nm=centres[i],
                fwhm_nm=widths[i],
                good=good[i],
                unit=None if unit == "1" else unit,
                scale=1.0 if scale is None else scale,
                offset=offset or 0.0,
                nodata=usable_nodata(np.nan if nan else fill, dtype),
            )
            for i in range(count)
        )
    )


def _named(along: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        if name in along and along[name].dtype.kind in "iufb":
            if name == "band" and "units" not in along[name].attrs:
                continue  # numbers of bands
            return along[name]
    return None


def _in_nanometres(coordinate: Any, count: int) -> list[float | None]:
    if coordinate is None:
        return [None] * count
    values = [float(v) for v in coordinate.values]
    unit = str(coordinate.attrs.get("units", "")) or guess_unit(values)
    return [to_nanometers(v, unit) if v > 0 else None for v in values]


def _names(along: Mapping[str, Any], band: str, count: int) -> list[str]:
    for name in (band, "name", "names", "band_name", "long_name"):
        if name in along and along[name].dtype.kind in "OUST":
            return [str(text) for text in along[name].values]
    return [""] * count
