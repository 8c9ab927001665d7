"""The bands of a CF cube: coordinates along its band axis, attributes, variables of that length."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from hsisr_geo.bands.bands import Band, Bands, to_nanometers
from hsisr_geo.bands.declared_range import Limits, free_number, read_limits
from hsisr_geo.bands.lists import split_list, to_number
from hsisr_geo.bands.radiometry import usable_nodata
from hsisr_geo.bands.spectral import read_planes, to_wavelength
from hsisr_geo.bands.spellings import spelled
from hsisr_geo.bands.wavelengths import (
    Wavelengths,
    fitting_widths,
    in_nanometers,
    is_wavenumber,
    named_unit,
    numbers_of_bands,
    of_wavenumber,
    plausible,
)
from hsisr_geo.raster.products.cf.cube import Cube

_CENTRE = re.compile(
    r"wave_?numbers?|lambda|bands?|(sensor_band_central_)?radiation_wavenumber"
)  # beside what files of any format call wavelengths
_WIDTH = re.compile(r"fwhms?(_nm)?|band_?widths?|full_width_half_max(imum)?")
_FILLS = ("_FillValue", "missing_value", "nodata", "nodatavals", "nodata_value")
# ^ CF's two; odc-stac's and the Open Data Cube's, and xarray's own reader of GeoTIFF had a list
_GOOD = re.compile(r"good_wavelengths|good_bands?|bbl|good")


def read_bands(
    cube: Cube, groups: Mapping[str, Any], dtype: str
) -> tuple[Bands, Limits | None, list[str]]:
    """Read the bands of a cube.

    Returns
    -------
    the bands; beyond which stored numbers are no values; notes
    """
    if not cube.axes[0]:
        return _of_planes(cube, dtype)
    variable, band = cube.first, cube.axes[0]
    count = variable.sizes[band]
    along = _along(cube, groups, count)
    centres, widths, notes = _spectral(along, variable.attrs, count)
    flags = _numbers(along, _GOOD, variable.attrs, count)
    names = _names(along, variable.attrs, band, count)
    radiometry, limits = _radiometry(variable, dtype)
    bands = tuple(
        Band(
            name=names[i],
            wavelength_nm=centres[i],
            fwhm_nm=widths[i],
            good=flags is None or bool(flags[i]),
            **radiometry,
        )
        for i in range(count)
    )
    return Bands(bands), limits, notes


def _of_planes(cube: Cube, dtype: str) -> tuple[Bands, Limits | None, list[str]]:
    """Describe variables that are bands, each with its own scaling."""
    variables = [cube.dataset[name] for name in cube.variables]
    spectral = read_planes(cube.variables, [_as_texts(v.attrs) for v in variables])
    radiometry = [_radiometry(variable, dtype) for variable in variables]
    bands = tuple(
        Band(name, spectral.centres[i], spectral.widths[i], spectral.good[i] is not False, **told)
        for i, (name, (told, _)) in enumerate(zip(cube.variables, radiometry, strict=True))
    )
    ranges = {limits for _, limits in radiometry}
    return Bands(bands), ranges.pop() if len(ranges) == 1 else None, list(spectral.notes)


def _as_texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return attributes as tags are: of a list its first, as some write arrays of one."""
    firsts = ((str(key), np.ravel(value)[:1]) for key, value in attributes.items())
    texts = {key: str(first[0]) for key, first in firsts if first.size}
    if "wavelength" in texts and "width" in texts:  # ACOLITE; elsewhere it is of a picture
        texts.setdefault("fwhm", texts["width"])
    return texts


def _radiometry(variable: Any, dtype: str) -> tuple[dict[str, Any], Limits | None]:
    attributes = variable.attrs | variable.encoding
    scale, offset = (_number(attributes.get(key)) for key in ("scale_factor", "add_offset"))
    fill = _fill(attributes)
    if fill is not None and fill < 0 and dtype[0] == "u":
        fill += 2 ** (8 * np.dtype(dtype).itemsize)  # of a signed type that keeps unsigned ones
    nodata = usable_nodata(fill, dtype)
    limits = read_limits(attributes, dtype, scale or 1.0, offset or 0.0)
    if limits is not None and nodata is None:
        nodata = free_number(dtype, limits)
    unit = str(attributes.get("units", "")) or None
    told = {
        "unit": None if unit == "1" else unit,
        "scale": 1.0 if scale is None else float(scale),
        "offset": float(offset or 0.0),
        "nodata": nodata,
    }
    return told, limits


def _fill(attributes: Mapping[str, Any]) -> float | None:
    """Return the number of a hole: as CF or others tell it, else what a Zarr array is filled with.

    So does GDAL. Zarr 3 wants that number of every array, so that 0 says nothing.
    """
    told = [n for name in _FILLS if (n := _number(attributes.get(name))) is not None]
    if not told:
        return _number(attributes.get("fill_value")) or None
    # NaN is a hole anyway, and xarray says so of all floats that it writes
    return next((number for number in told if not np.isnan(number)), told[0])


def _number(value: Any) -> float | None:
    """Read a number out of an attribute, NaN included."""
    if value is None:
        return None
    first = np.ravel(value)[:1]
    if first.size and first.dtype.kind in "iufb":
        number: float = first[0].item()  # an integer stays one: 64 bits do not fit in a double
        return number
    return to_number(str(first[0])) if first.size else None


def _along(cube: Cube, groups: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Return what there is along the axis of the bands, and elsewhere of its length."""
    band = cube.axes[0]
    near = {str(n): v for n, v in cube.dataset.variables.items() if v.dims == (band,)}
    far = {
        str(name): variable
        for dataset in groups.values()
        for name, variable in dataset.variables.items()
        if variable.ndim == 1 and variable.size == count and str(name) not in cube.axes[1:]
    }
    return {**far, **near}


def _spectral(
    along: Mapping[str, Any], attributes: Mapping[str, Any], count: int
) -> tuple[list[float | None], list[float | None], list[str]]:
    notes: list[str] = []
    read, counted = Wavelengths([None] * count, "nm", 1.0), None
    for name, values, unit in _candidates(along, attributes, count, notes):
        bare = name.lower() in ("band", "bands") and not unit
        known = [v for v in values if v is not None]
        if not known or (bare and (numbers_of_bands(known) or not plausible(known))):
            continue  # numbers of bands
        counted = values if is_wavenumber(unit) else None
        if counted:
            values, unit = [of_wavenumber(v)[0] for v in values], "nm"
        read = in_nanometers(values, unit)
        notes += [read.note] if read.note else []
        if bare:
            notes.append(
                f"the coordinate {name} names no unit: taken as wavelengths in {read.unit}"
            )
        break
    found = _numbers(along, _WIDTH, attributes, count)
    widths: list[float | None] = [None] * count
    if found is not None and counted:
        pairs = zip(counted, found, strict=True)
        widths = [of_wavenumber(v, w if w > 0 else None)[1] for v, w in pairs]
    elif found is not None:
        unit = _unit(along, _WIDTH)
        factor = to_nanometers(1.0, named_unit(unit)) if unit else read.factor
        widths = [round(w * factor, 6) if factor and w > 0 else None for w in found]
        widths, odd = fitting_widths(widths, read.nm)
        notes += [odd] if odd else []
    return read.nm, widths, notes


def _candidates(
    along: Mapping[str, Any], attributes: Mapping[str, Any], count: int, notes: list[str]
) -> Any:
    """Yield what may be wavelengths: name, numbers, unit."""
    for name in sorted(along, key=lambda n: (n.lower() in ("band", "bands"), len(n))):
        standard = str(along[name].attrs.get("standard_name", ""))
        if _is_centre(name) or _is_centre(standard):
            unit = str(along[name].attrs.get("units", "")) or _unit_of_name(standard or name)
            values, within = _texts(np.ravel(along[name].values))
            yield name, values, unit if unit != "1" else "" or within
    for name, value in attributes.items():
        if _is_centre(name) and name.lower() not in ("band", "bands"):
            items = _items(value, count)
            if items is None:
                notes.append(
                    f"the attribute {name} has no value for each of {count} bands: left out"
                )
                continue
            values, within = _texts(items)
            unit = next((str(attributes[k]) for k in attributes if "unit" in k and "wave" in k), "")
            yield name, values, unit or within


def _is_centre(name: str) -> bool:
    kind = spelled(name)
    told = kind is not None and kind.name == "wavelength"
    return told or _CENTRE.fullmatch(name.lower()) is not None


def _unit_of_name(name: str) -> str:
    kind = spelled(name)
    return kind.unit if kind else "cm-1" if is_wavenumber(name) else ""


def _items(value: Any, count: int) -> Any:
    if isinstance(value, str):
        return split_list(value, count)
    items = np.ravel(value)
    return items if len(items) == count else None


def _texts(values: Any) -> tuple[list[float | None], str]:
    """Read numbers, or texts of a number and a unit; return that unit, too."""
    kind = getattr(values, "dtype", np.dtype(object)).kind
    if kind in "iufb":
        return [v if np.isfinite(v) else None for v in _as_meant(values)], ""
    decoded = (v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values)
    found = [to_wavelength(text) for text in decoded]
    units = {item[1] for item in found if item}
    return [item and item[0] for item in found], units.pop() if len(units) == 1 else ""


def _numbers(
    along: Mapping[str, Any], pattern: re.Pattern[str], attributes: Mapping[str, Any], count: int
) -> list[float] | None:
    """Return a number for each band; an attribute may be one of its tags that was left there."""
    named = [*along.items(), *attributes.items()]
    for value in (value for name, value in named if pattern.fullmatch(name.lower())):
        numbers = np.ravel(getattr(value, "values", value))
        if numbers.dtype.kind in "iufb" and len(numbers) == count:
            return _as_meant(numbers)
    return None


def _as_meant(numbers: Any) -> list[float]:
    """Return decimals: 550.4 in float32 is not 550.4000244140625."""
    if numbers.dtype == np.float32:
        return [float(str(number)) for number in numbers]
    return [float(number) for number in numbers]


def _unit(along: Mapping[str, Any], pattern: re.Pattern[str]) -> str:
    found = (v for n, v in along.items() if pattern.fullmatch(n.lower()))
    return next((str(v.attrs.get("units", "")) for v in found), "")


def _names(
    along: Mapping[str, Any], attributes: Mapping[str, Any], band: str, count: int
) -> list[str]:
    """Return the names of bands; rioxarray has a list of them in `long_name`."""
    for name in (band, "name", "names", "band_name", "band_names", "long_name"):
        told = along[name].values if name in along else attributes.get(name)
        if told is not None and np.size(told) == count and np.asarray(told).dtype.kind in "OUST":
            texts = (v.decode("utf-8", "replace") if isinstance(v, bytes) else v
                     for v in np.ravel(told))  # fmt: skip
            return [str(text) for text in texts]
    return [""] * count
