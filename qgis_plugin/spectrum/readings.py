"""The spectrum of one pixel of a raster on disk, read by GDAL, and a table of several.

Plain Python over GDAL and NumPy, both of which come with QGIS.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

from osgeo import gdal

from ..map.dataset import pixel_at
from ..map.wavelengths import band_tags, wavelength_nm


@dataclass(frozen=True)
class Spectrum:
    """Values of one pixel by band, in physical units and NaN where there are none.

    `at` are wavelengths in nm, or numbers of bands where `in_nm` is False; `bad` tells marked ones.
    """

    at: tuple[float, ...]
    values: tuple[float, ...]
    bad: tuple[bool, ...]
    in_nm: bool


@dataclass(frozen=True)
class Pixel:
    """What was read at one place (x, y in the map's CRS): input, result, standard deviation."""

    x: float
    y: float
    before: Spectrum | None = None
    after: Spectrum | None = None
    deviation: Spectrum | None = None


def read_spectrum(dataset: gdal.Dataset, x: float, y: float) -> Spectrum | None:
    """Return the spectrum at a place in the raster's CRS, None outside of it."""
    at = pixel_at(dataset, x, y)
    if at is None:
        return None
    read = dataset.ReadAsArray(*at, 1, 1).reshape(-1)
    bands = [dataset.GetRasterBand(index + 1) for index in range(dataset.RasterCount)]
    values = tuple(_physical(band, value) for band, value in zip(bands, read))
    tags = band_tags(dataset)
    wavelengths = [wavelength_nm(each) for each in tags]
    bad = tuple(each.get("bbl") == "0" for each in tags)
    if any(nm is None for nm in wavelengths):
        numbers = tuple(float(index + 1) for index in range(len(bands)))
        return Spectrum(numbers, values, bad, in_nm=False)
    return Spectrum(tuple(wavelengths), values, bad, in_nm=True)


def _physical(band, stored) -> float:
    value, nodata = float(stored), band.GetNoDataValue()
    if nodata is not None and (value == nodata or math.isnan(value)):
        return math.nan
    scale, offset = band.GetScale(), band.GetOffset()
    return value * (1.0 if scale is None else scale) + (offset or 0.0)


def curve(spectrum: Spectrum) -> list[tuple[float, float, bool]]:
    """Return (place on the axis, value, bad) by rising wavelength: detectors overlap."""
    return sorted(zip(spectrum.at, spectrum.values, spectrum.bad), key=lambda point: point[0])


def write_csv(pixels, path: str) -> None:
    """Write a row for each band of each pixel; what was not read stays empty.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["pixel", "x", "y", "axis", "at", "bad", "before", "after", "deviation"])
        for number, pixel in enumerate(pixels, start=1):
            for row in _rows(pixel):
                table.writerow([number, repr(pixel.x), repr(pixel.y), *row])


def _rows(pixel: Pixel):
    found = {name: _by_place(getattr(pixel, name)) for name in ("before", "after", "deviation")}
    first = pixel.before or pixel.after
    axis = "nm" if first is None or first.in_nm else "band"
    bad = {} if first is None else dict(zip(first.at, first.bad))
    for at in sorted({*found["before"], *found["after"]}):
        values = (found[name].get(at, math.nan) for name in found)
        cells = ["" if math.isnan(value) else f"{value:.7g}" for value in values]
        yield [axis, f"{at:.7g}", int(bad.get(at, False)), *cells]


def _by_place(spectrum: Spectrum | None) -> dict[float, float]:
    return {} if spectrum is None else dict(zip(spectrum.at, spectrum.values))
