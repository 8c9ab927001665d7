"""The places where files keep wavelengths, widths and bad-band flags, and which is believed.

The same fact is found in several places of one file, and not all are equally exact:
GDAL >= 3.10 rounds the IMAGERY items of an ENVI header to three decimals of a micrometre.
Places are asked in the order of `_places`; the first that knows a fact is believed. What is
found and not understood becomes a note.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hsisr_geo.bands.band_names import Centre, in_ends, in_names, in_text, in_texts
from hsisr_geo.bands.envi_header import begins_header, read_header
from hsisr_geo.bands.isis_label import label_fields
from hsisr_geo.bands.lists import (
    is_prose,
    length,
    split_list,
    to_flag,
    to_number,
    without_repr,
)
from hsisr_geo.bands.spellings import key_of, unit_in
from hsisr_geo.bands.wavelengths import (
    fitting_widths,
    in_nanometers,
    is_wavenumber,
    named_unit,
    numbers_of_bands,
    of_wavenumber,
)

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_GOOD = ("bbl", "good_wavelengths", "good_bands", "good_band")


class Spectral(NamedTuple):
    """Centre wavelengths and widths in nanometres and good-band flags; None where not told.

    `notes` say what was found and left out, or taken for something else than it says.
    """

    centres: list[float | None]
    widths: list[float | None]
    good: list[bool | None]
    notes: tuple[str, ...] = ()


class _Said(NamedTuple):
    """What one place of a file says about one band, in the unit of that place."""

    centre: float | None = None
    unit: str | None = None
    width: float | None = None
    good: bool | None = None


class _Place(NamedTuple):
    """A place, what it says of each band, and the lists there that are not understood."""

    name: str
    said: Sequence[_Said]
    notes: tuple[str, ...] = ()


def read_spectral(dataset: Any, fields: Mapping[str, str]) -> Spectral:
    """Read the spectral facts of an open rasterio dataset.

    Parameters
    ----------
    fields : of its ENVI header, {} for other formats
    """
    count = dataset.count
    result = Spectral([None] * count, [None] * count, [None] * count)
    undecided, notes = True, dict[str, None]()
    for place in _places(dataset, fields):
        found = _in_nanometers(place.said)
        notes |= dict.fromkeys(place.notes)
        if undecided and any(s.centre is not None for s in place.said):
            # ... even if in a unit that is no length: places that follow would only guess
            undecided = False
            name = os.path.basename(dataset.name)
            _log_place(f"{name}: wavelengths from the {place.name}", place.said, found)
            notes |= dict.fromkeys(found.notes)
            result = result._replace(centres=found.centres)
        if _unknown(result.widths):
            result = result._replace(widths=found.widths)
        if _unknown(result.good):
            result = result._replace(good=found.good)
    return result._replace(notes=tuple(notes))


def read_planes(names: Sequence[str], tags: Sequence[Mapping[str, str]]) -> Spectral:
    """Read the spectral facts of variables that are a band each: what each says of itself.

    Where one says no wavelength, and the names of all do, the names are believed.

    Parameters
    ----------
    names : sorted by the numbers in them
    """
    found = _in_nanometers([_from_tags(_lower(items)) for items in tags])
    if None not in found.centres:
        return found
    dotted = [re.sub(r"(?<=\d)_(?=\d)", ".", name) for name in names]
    readings = in_ends(dotted), [in_text(name) for name in dotted], in_names(dotted)
    by_name = (_in_nanometers(_as_said(found)).centres for found in readings)
    told = next((centres for centres in by_name if None not in centres), found.centres)
    return found._replace(centres=told)


def _places(dataset: Any, fields: Mapping[str, str]) -> Iterator[_Place]:
    count, numbers = dataset.count, range(1, dataset.count + 1)
    default = [_lower(dataset.tags(i)) for i in numbers]
    of_file, envi = _lower(dataset.tags()), _lower(dataset.tags(ns="ENVI"))
    header = _from_lists("ENVI header", fields, count)
    yield header
    # What GDAL makes of an ENVI header that we do not understand is no better: it takes the first
    # numbers of a list that is too long, and those before a decimal comma.
    believed = not (dataset.driver == "ENVI" and header.notes)
    if believed:
        yield _of_band_tags("band tags", default, told=not fields)
        for domain in ("IMAGERY", "ENVI", "FORCE"):
            tags = [_lower(dataset.tags(i, ns=domain)) for i in numbers]
            if domain == "IMAGERY":
                yield _Place("IMAGERY band tags", [_from_imagery(items) for items in tags])
            else:
                yield _of_band_tags(f"{domain} band tags", tags, told=not fields)
    unit = of_file.get("wavelength#units")
    yield _Place("wavelength dimension", [_from_dimension(tags, unit) for tags in default])
    yield _from_lists("label's BandBin", label_fields(dataset), count)
    if not fields:  # else they are GDAL's copy of the header
        yield _from_lists("ENVI tags of the file", envi, count)
        yield _from_lists("tags of the file", of_file, count)
    for path in _headers_beside(dataset):
        yield _from_lists(f"header {path.name}", read_header(path), count)
    if believed:
        texts = _descriptions(dataset)
        yield _Place("band descriptions", _as_said(in_texts(texts)))
        yield _Place("band names", _as_said(in_names(texts)))


def _headers_beside(dataset: Any) -> Iterator[Path]:
    """Yield an ENVI header beside a raster of another format, as GDAL >= 3.12 reads for GeoTIFF."""
    path = Path(dataset.name)
    if dataset.driver == "ENVI" or not path.is_file():
        return
    beside = (
        path.with_suffix(".hdr"),
        path.with_name(path.name + ".hdr"),
        path.with_suffix(".HDR"),
    )
    for header in beside:
        usable = header != path and header.is_file()
        if usable and (dataset.driver == "EHdr" or begins_header(header)):
            yield header


def _descriptions(dataset: Any) -> Sequence[str | None]:
    """Return the names of the bands, none where they are not the UTF-8 that rasterio expects."""
    try:
        descriptions: Sequence[str | None] = dataset.descriptions
    except UnicodeDecodeError:
        return [None] * int(dataset.count)
    return descriptions


def _from_lists(place: str, fields: Mapping[str, str], count: int) -> _Place:
    notes = []
    centre = key_of("wavelength", fields, count)

    def column(key: str | None, read: Any) -> list[Any]:
        if key is None:
            return [None] * count
        if is_prose(fields[key]):
            notes.append(f"{key} in the {place} is text, no list: left out")
            return [None] * count
        items = split_list(fields[key], count)
        found = None if items is None else [read(item) for item in items]
        if found is None:
            number = length(fields[key])
            told = "1 value" if number == 1 else f"{number} values"
            bands = "1 band" if count == 1 else f"{count} bands"
            notes.append(f"{key} in the {place} has {told} for {bands}: left out")
        elif any(value is None for value in found) and any(map(_is_told, items or ())):
            notes.append(f"{key} in the {place} is not understood in every band")
        return found or [None] * count

    centres, unit = column(centre, to_wavelength), unit_in(fields, centre)
    widths = column(key_of("fwhm", fields, count), to_number)
    good = column(next((name for name in _GOOD if fields.get(name)), None), to_flag)
    columns = zip(centres, widths, good, strict=True)
    said = [_Said(c and c[0], c[1] if c and c[1] else unit, f, b) for c, f, b in columns]
    return _Place(place, said, tuple(notes))


def _is_told(item: str) -> bool:
    return to_wavelength(item) is None and to_flag(item) is None and item.lower() != "nan"


def to_wavelength(text: str | None) -> tuple[float, str] | None:
    """Read a number and the unit after it, "" for none; None for anything else.

    What follows in brackets is the range of a band, as satpy writes it: "0.45 µm (0.44-0.46 µm)".
    """
    number = to_number(text)
    if number is not None:
        return number, ""
    pattern = r"(\d+(?:\.\d+)?)\s*<?([^\W\d]+)>?(?:\s*\([^()]*\))?"
    found = re.fullmatch(pattern, without_repr(text or ""))
    return (float(found[1]), found[2]) if found and named_unit(found[2]) else None


def _from_tags(tags: Mapping[str, str]) -> _Said:
    good = next((to_flag(tags[name]) for name in _GOOD if name in tags), None)
    key, width = key_of("wavelength", tags), key_of("fwhm", tags)
    centre = to_wavelength(tags[key]) if key else None
    unit = (centre and centre[1]) or unit_in(tags, key)
    return _Said(centre and centre[0], unit, to_number(tags[width]) if width else None, good)


def _of_band_tags(place: str, tags: Sequence[Mapping[str, str]], *, told: bool) -> _Place:
    """Read the tags of each band; what is there and no wavelength is said, if it is to be `told`.

    Not where a header was read: there they are what GDAL made of it.
    """
    said = [_from_tags(items) for items in tags]
    unread = (items for items, one in zip(tags, said, strict=True) if not one.centre)
    texts = (items.get(key_of("wavelength", items) or "") for items in unread)
    odd = next((text for text in texts if text and not _is_nothing(text)), None)
    notes = (f"wavelength in the {place}, {odd}, is not understood",) if odd and told else ()
    return _Place(place, said, notes)


def _is_nothing(text: str) -> bool:
    return text.strip().lower() in ("nan", "none", "unknown", "null", "na") or to_number(text) == 0


def _from_imagery(tags: Mapping[str, str]) -> _Said:
    centre, width = tags.get("central_wavelength_um"), tags.get("fwhm_um")
    return _Said(to_number(centre), "um", to_number(width))


def _from_dimension(tags: Mapping[str, str], unit: str | None) -> _Said:
    value = tags.get("netcdf_dim_wavelength", tags.get("dim_wavelength_value"))
    return _Said(to_number(value), tags.get("dim_wavelength_unit", unit))


def _as_said(found: Sequence[Centre | None]) -> list[_Said]:
    return [_Said(one[0], one[1] or None) if one else _Said() for one in found]


def _in_nanometers(said: Sequence[_Said]) -> Spectral:
    """Convert what a place says; bands with one unit are judged together."""
    centres: list[float | None] = [None] * len(said)
    widths, notes = list(centres), dict[str, None]()
    for unit in dict.fromkeys(s.unit for s in said):
        these = [i for i, s in enumerate(said) if s.unit == unit]
        told = [(said[i].centre, said[i].width) for i in these]
        if is_wavenumber(unit):
            told, unit = [of_wavenumber(*pair) for pair in told], "Nanometers"
        read = in_nanometers([centre for centre, _ in told], unit)
        if read.note:
            notes[read.note] = None
        for i, nm, (_, width) in zip(these, read.nm, told, strict=True):
            centres[i] = nm
            if width is not None and width > 0 and read.factor:
                widths[i] = width if read.factor == 1 else round(width * read.factor, 6)
    widths, odd = fitting_widths(widths, centres)
    notes |= {odd: None} if odd else {}
    return Spectral(centres, widths, [s.good for s in said], tuple(notes))


def _log_place(message: str, said: Sequence[_Said], found: Spectral) -> None:
    known = [s.centre for s in said if s.centre is not None]
    if any(not named_unit(s.unit) for s in said) and not numbers_of_bands(known):
        unit = in_nanometers(known, None).unit
        message += f", which names no unit: taken as {unit}"
    if not found.notes:
        _LOG.info(message)


def _lower(tags: Mapping[str, str]) -> dict[str, str]:
    return {re.sub(r"\s+", "_", key.strip().lower()): value for key, value in tags.items()}


def _unknown(values: Sequence[T | None]) -> bool:
    return all(value is None for value in values)
