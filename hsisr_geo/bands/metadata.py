"""Band and file metadata of GDAL, ENVI and EnMAP-Box, read into `Bands` and written from them."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rasterio.enums import ColorInterp

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.envi_header import (
    HeaderPath,
    carried_fields,
    header_path,
    join_list,
    read_header,
    safe_name,
)
from hsisr_geo.bands.lists import length, split_list, split_names, to_number
from hsisr_geo.bands.spectral import read_spectral
from hsisr_geo.bands.spellings import spelled

Tags = Mapping[str, Mapping[str, str]]  # metadata domain ("" is the default one) -> items

PROVENANCE_PREFIX = "HSISR_"
ALPHA = ColorInterp.alpha.name
"""Colour of a band that is the mask of the others: never good, as no sensor measured it."""

_SPECTRAL_KEYS = frozenset(["wavelength", "wavelength_units", "fwhm", "bbl", "good_band"])
_IGNORED = (
    "data_ignore_value", "no_data_value", "nodata_value", "nodata", "missing_value",
    "_fillvalue", "fill_value", "ignore_value",
)  # fmt: skip
# ^ where headers tell the value of holes: ENVI, isofit, R, and others
_FACTOR = "reflectance_scale_factor"
_OF_BANDS = {
    "band_names": split_names, "data_gain_values": split_list, "data_offset_values": split_list,
}  # fmt: skip
# Domains that describe the file, not the scene; GDAL makes them anew for every file.
_FILE_DOMAINS = frozenset({
    "IMAGE_STRUCTURE", "DERIVED_SUBDATASETS", "SUBDATASETS", "RPC", "GEOLOCATION",
    "COLOR_PROFILE", "TIFF", "xml:VRT",
})  # fmt: skip


def as_tags(items: Mapping[str, str]) -> dict[str, str]:
    """Name facts about how an output was made as its tags are named: seed -> HSISR_SEED."""
    return {f"{PROVENANCE_PREFIX}{name.upper()}": value for name, value in items.items()}


def read_bands(dataset: Any) -> tuple[Bands, tuple[str, ...]]:
    """Read the bands of an open rasterio dataset; wavelengths may be missing.

    Returns
    -------
    the bands; notes on what was found and not understood
    """
    fields = envi_fields(dataset)
    spectral = read_spectral(dataset, fields)
    names = _names(dataset, fields)
    radiometry = _radiometry(dataset, fields)
    colors = [None if c is ColorInterp.undefined else str(c.name) for c in dataset.colorinterp]
    bands = Bands(
        tuple(
            Band(
                name=names[i],
                wavelength_nm=spectral.centres[i],
                fwhm_nm=spectral.widths[i],
                good=spectral.good[i] is not False and colors[i] != ALPHA,
                unit=dataset.units[i] or None,
                scale=radiometry[i][0],
                offset=radiometry[i][1],
                nodata=radiometry[i][2],
                color=colors[i],
                tags=_carried_tags(dataset.tags(i + 1)),
            )
            for i in range(dataset.count)
        )
    )
    return bands, (*spectral.notes, *_left_out(fields, dataset.count))


def _left_out(fields: Mapping[str, str], count: int) -> Iterator[str]:
    """Say so where a list has another number of entries than bands, or a factor is none."""
    for key, split in _OF_BANDS.items():
        told = fields.get(key, "").strip("{} ")
        if told and split(fields[key], count) is None:
            number, name = length(told), key.replace("_", " ")
            yield f"{name} in the ENVI header: {number} for {count} bands, left out"
    factor = fields.get(_FACTOR, "").strip()
    if factor and not to_number(factor):
        yield f"reflectance scale factor in the ENVI header, {factor}, is none: left out"


def envi_fields(dataset: Any) -> dict[str, str]:
    """Return the header fields of an ENVI raster, those that GDAL misses included; else {}."""
    if dataset.driver != "ENVI":
        return {}
    fields = {key.lower(): value for key, value in dataset.tags(ns="ENVI").items()}
    header = header_beside(dataset)
    return fields | (read_header(header) if header else {})


def header_beside(dataset: Any) -> HeaderPath | None:
    """Return the .hdr file of an ENVI raster, None where it is no plain file, nor in a zip."""
    paths = (header_path(name) for name in dataset.files if name.lower().endswith(".hdr"))
    return next((path for path in paths if path is not None), None)


def _names(dataset: Any, fields: Mapping[str, str]) -> list[str]:
    if dataset.driver == "ENVI":
        # Not GDAL's descriptions: it appends the wavelength, "B4 (394.9)", at every round trip.
        return split_names(fields.get("band_names"), dataset.count) or [""] * dataset.count
    return [text or "" for text in dataset.descriptions]


def _radiometry(dataset: Any, fields: Mapping[str, str]) -> list[tuple[float, float, float | None]]:
    """Return (scale, offset, nodata) of each band, completed from an ENVI header."""
    scales, offsets = list(dataset.scales), list(dataset.offsets)
    nodata = list(dataset.nodatavals)
    if set(scales) == {1.0} and set(offsets) == {0.0}:
        scales = _list_of_numbers(fields.get("data_gain_values"), dataset.count) or scales
        offsets = _list_of_numbers(fields.get("data_offset_values"), dataset.count) or offsets
    factor = to_number(fields.get(_FACTOR))
    if factor and set(scales) == {1.0} and set(offsets) == {0.0}:
        scales = [1.0 / factor] * dataset.count
    told = next((fields[key] for key in _IGNORED if fields.get(key)), None)
    if told is not None:
        misread = _no_value(told) is None  # by GDAL, which takes "{-9999}" for 0
        one = split_list(told, 1) or [""]
        ignored = split_list(told, dataset.count) or one * dataset.count
        numbers = [_no_value(item) for item in ignored]
        nodata = [
            n if n is not None and (misread or g is None or isinstance(n, int)) else g
            for n, g in zip(numbers, nodata, strict=True)
        ]
    return list(zip(scales, offsets, nodata, strict=True))


def _no_value(text: str | None) -> float | None:
    """Read a nodata value; "nan" is one, too, and an integer of many digits stays one."""
    if re.fullmatch(r"[-+]?\d{16,20}", (text or "").strip()):
        return int(text or "")
    return math.nan if (text or "").strip().lower() == "nan" else to_number(text)


def _list_of_numbers(value: str | None, count: int) -> list[float] | None:
    numbers = [to_number(item) for item in split_list(value, count) or ()]
    known = [n for n in numbers if n is not None]
    return known if len(known) == count else None


def _carried_tags(tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    kept = (item for item in tags.items() if item[0].lower() not in _SPECTRAL_KEYS)
    return tuple(sorted(item for item in kept if not item[0].startswith("STATISTICS_")))


def read_tags(dataset: Any) -> dict[str, dict[str, str]]:
    """Read the tags of a dataset that stay true of a finer raster of the same scene."""
    tags = {"": {k: v for k, v in dataset.tags().items() if _is_carried(dataset, k)}}
    for domain in dataset.tag_namespaces():
        if domain not in _FILE_DOMAINS and (":" not in domain or domain.startswith("xml:")):
            tags[domain] = dict(dataset.tags(ns=domain))
    if "ENVI" in tags:
        fields = tags["ENVI"] | envi_fields(dataset)
        tags["ENVI"] = carried_fields({k.lower(): v for k, v in fields.items()})
    return {domain: items for domain, items in tags.items() if items}


def read_provenance(dataset: Any) -> dict[str, str]:
    """Read the tags that say how an output of ours was made; {} of any other dataset."""
    return {k: v for k, v in dataset.tags().items() if k.startswith(PROVENANCE_PREFIX)}


def _is_carried(dataset: Any, key: str) -> bool:
    # GDAL's ENVI driver repeats the band names as Band_1, Band_2, ...
    repeated = dataset.driver == "ENVI" and re.fullmatch(r"Band_\d+", key)
    spectral = key.lower() in _SPECTRAL_KEYS or _lists_bands(dataset, key)  # the bands have them
    return not (repeated or spectral or key.startswith(("STATISTICS_", PROVENANCE_PREFIX)))


def _lists_bands(dataset: Any, key: str) -> bool:
    """Tell whether a tag of the file has a wavelength or a width for each band."""
    kind = spelled(key)
    items = split_list(dataset.tags()[key], dataset.count) if kind else None
    return bool(items) and all(to_number(item) is not None for item in items or ())


def write_tags(dataset: Any, tags: Tags, provenance: Mapping[str, str]) -> None:
    """Write the tags of the source, and those that say how this raster was made."""
    for domain, items in tags.items():
        if domain.startswith("xml:"):
            items = dict(_as_one_item(text) for text in items.values())
        dataset.update_tags(ns=domain or None, **items)
    dataset.update_tags(**provenance)


def _as_one_item(text: str) -> tuple[str, str]:
    """Cut a document in two where rasterio will put a "=" between: such a domain is one text."""
    name, equals, rest = text.partition("=")
    return (name, rest) if equals else (f"{text}<!-- ", " -->")


def write_bands(dataset: Any, bands: Bands) -> None:
    """Write `bands` to a rasterio dataset opened for writing, before its first pixel.

    Band tags serve GDAL, QGIS and EnMAP-Box, also after a subset; IMAGERY serves GDAL >= 3.10;
    the lists of an ENVI header serve ENVI readers.
    """
    # What is the default anyway stays unwritten.
    if any(band.scale != 1.0 for band in bands):
        dataset.scales = [band.scale for band in bands]
    if any(band.offset != 0.0 for band in bands):
        dataset.offsets = [band.offset for band in bands]
    if any(band.unit for band in bands):
        dataset.units = [band.unit or "" for band in bands]
    _write_colors(dataset, bands)
    for number, band in enumerate(bands, start=1):
        if band.label:
            label = safe_name(band.label) if dataset.driver == "ENVI" else band.label
            dataset.set_band_description(number, label)
        dataset.update_tags(number, **dict(band.tags), **_band_tags(band))
        imagery = _imagery_tags(band)
        if imagery:
            dataset.update_tags(number, ns="IMAGERY", **imagery)
    if dataset.driver == "ENVI":
        dataset.update_tags(ns="ENVI", **_envi_lists(bands))


def _write_colors(dataset: Any, bands: Bands) -> None:
    now = list(dataset.colorinterp)
    wanted = [ColorInterp[b.color] if b.color else c for b, c in zip(bands, now, strict=True)]
    if wanted != now:
        dataset.colorinterp = wanted


def _band_tags(band: Band) -> dict[str, str]:
    tags = {"bbl": str(int(band.good))}
    if not band.good:
        tags["good_band"] = "false"
    if band.wavelength_nm is not None:
        tags |= {"wavelength": _text(band.wavelength_nm), "wavelength_units": "Nanometers"}
    if band.fwhm_nm is not None:
        tags["fwhm"] = _text(band.fwhm_nm)
    return tags


def _imagery_tags(band: Band) -> dict[str, str]:
    # Both or neither: EnMAP-Box takes a plain `fwhm` for micrometres when only the centre is here.
    if band.wavelength_nm is None or band.fwhm_nm is None:
        return {}
    centre, width = band.wavelength_nm / 1e3, band.fwhm_nm / 1e3
    return {"CENTRAL_WAVELENGTH_UM": f"{centre:.9g}", "FWHM_UM": f"{width:.9g}"}


def _envi_lists(bands: Bands) -> dict[str, str]:
    lists = {"bbl": join_list([str(int(band.good)) for band in bands])}
    if bands.wavelengths_nm is not None:
        lists["wavelength"] = join_list([_text(w) for w in bands.wavelengths_nm])
        lists["wavelength_units"] = "Nanometers"
    if bands.fwhm_nm is not None:
        lists["fwhm"] = join_list([_text(w) for w in bands.fwhm_nm])
    return lists


def _text(value: float) -> str:
    # repr is the shortest text that reads back as the same number.
    return repr(float(value)).removesuffix(".0")
