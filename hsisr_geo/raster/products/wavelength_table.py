"""Wavelengths in a table of text beside a raster: `NAME.wvl`, or `NAME_meta.txt`.

prismaread writes GeoTIFFs without wavelengths, and these beside them: a line of names ("band" "wl"
"fwhm", by R's write.table), and one for each band. Others, as HYDICE's, have no names: a number
that counts the bands, wavelength and width.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.lists import to_number
from hsisr_geo.bands.spellings import spelled
from hsisr_geo.bands.wavelengths import as_they_can_be
from hsisr_geo.raster.raster import Raster

_ENDINGS = (".wvl", "_meta.txt")
_MOST_BYTES = 4 << 20

Columns = Mapping[str, Sequence[float | None]]


class _Table(NamedTuple):
    """Columns by what they tell, "wavelength" and "fwhm", and the unit in the name of the first."""

    columns: Columns
    unit: str = ""


def with_table_beside(raster: Raster, place: Path) -> Raster:
    """Complete bands that have no wavelength by a table beside the file; say by which."""
    if any(band.wavelength_nm is not None for band in raster.bands):
        return raster
    names = [f"{stem}{ending}" for ending in _ENDINGS for stem in (place.stem, place.name)]
    for path in map(place.with_name, dict.fromkeys(names)):
        table = _read(path)
        if table is not None:
            return _told_by(raster, table, path)
    return raster


def _told_by(raster: Raster, table: _Table, path: Path) -> Raster:
    centres = table.columns["wavelength"]
    count = len(raster.bands)
    if len(centres) != count:
        told = f"{path.name} beside it tells of {len(centres)} bands, not {count}"
        return raster.noted(f"{told}: left out")
    each = zip(raster.bands, centres, table.columns.get("fwhm", [None] * count), strict=True)
    as_told = Bands(tuple(replace(b, wavelength_nm=nm, fwhm_nm=width) for b, nm, width in each))
    bands, odd = as_they_can_be(as_told, table.unit or None)
    if all(band.wavelength_nm is None for band in bands):
        return raster.noted(odd)
    note = f"its wavelengths are those that {path.name} beside it tells"
    return replace(raster, bands=bands, files=(*raster.files, str(path))).noted(note, odd)


def _read(path: Path) -> _Table | None:
    """Read a table; None where there is none, or none of wavelengths."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    rows = [row for line in lines if (row := _cells(line))]
    if not rows:
        return None
    names = rows[0] if any(to_number(cell) is None for cell in rows[0]) else []
    body = rows[1:] if names else rows
    width = len(names) or len(rows[0])
    if not body or any(len(row) != width for row in body):
        return None
    numbers = [[to_number(cell) for cell in column] for column in zip(*body, strict=True)]
    return _by_name(names, numbers) if names else _by_order(numbers)


def _cells(line: str) -> list[str]:
    """Split a line, whose cells may be in quotes, where there are commas, or blanks."""
    if "," in line or ";" in line:
        mark = "," if "," in line else ";"
        return [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [])]
    words = csv.reader([" ".join(line.split())], delimiter=" ")
    return next(words, [])


def _by_name(names: Sequence[str], numbers: Sequence[Sequence[float | None]]) -> _Table | None:
    columns, unit = {}, ""
    for name, column in zip(names, numbers, strict=True):
        kind = spelled(name)
        if kind is None or kind.name in columns or None in column:
            continue
        columns[kind.name] = column
        unit = kind.unit if kind.name == "wavelength" else unit
    return _Table(columns, unit) if "wavelength" in columns else None


def _by_order(numbers: Sequence[Sequence[float | None]]) -> _Table | None:
    """Take columns without names: wavelengths, and widths after them, a count before them."""
    counted = [*numbers[0]] == [float(i) for i in range(1, len(numbers[0]) + 1)]
    told = numbers[1:] if counted else numbers
    if not told or any(None in column for column in told):
        return None
    return _Table(dict(zip(("wavelength", "fwhm"), told, strict=False)))
