"""A mosaic's bands: what the sources of a VRT tell of them where the VRT tells nothing.

`gdalbuildvrt`, and QGIS by it, puts scenes beside each other, or bands on one another, and leaves
out what the files say of themselves, and before GDAL 3.13 what they say of their bands, too:
wavelengths, widths, bad bands. Scales it knows, but not those that stand in a product's metadata or
in fields of an ENVI header that GDAL does not read.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple
from xml.etree import ElementTree as ET  # nosec B405 # see `sources.elements`

from rasterio.errors import RasterioError

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.sources import elements

_COMPARED = 20  # files: of a mosaic of thousands the others are taken to be like these
_SAME_NM = 0.5  # two products of one sensor differ by less, two sensors by more
_SOURCES = ("SimpleSource", "ComplexSource", "AveragedSource", "KernelFilteredSource")
_LOG = logging.getLogger(__name__)
_CHANGES = ("ScaleRatio", "ScaleOffset", "Exponent", "LUT")


class _Place(NamedTuple):
    """A file, the number of a band in it, from 1, and whether the VRT changes its numbers."""

    file: str
    number: int
    changed: bool = False


class _Scaling(NamedTuple):
    """How values follow from stored numbers."""

    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None


Describe = Callable[[str], Raster]
Source = Callable[[str], Raster | None]


def told_by_sources(raster: Raster, describe: Describe, above: tuple[str, ...] = ()) -> Raster:
    """Give the bands of a VRT that tells no wavelength what its sources tell of them.

    And who gives a VRT of a result gives a result.

    Parameters
    ----------
    describe : tells what lies at a path
    above : the VRTs that lead to this one

    Returns
    -------
    the raster as it was, where it is no VRT, or its sources tell nothing, or not the same
    """
    named = any(map(_centre, raster.bands))
    if raster.driver != "VRT" or (named and raster.provenance):
        return raster
    places = _places(raster)
    source = cache(partial(_source_of, describe=describe, above=(*above, raster.path)))
    if not raster.provenance:
        raster = _scaled(_made_as(raster, places, source), places, source)
    if named or len(places) != len(raster.bands):
        return raster
    firsts = [_band_at(place[0], source) if place else None for place in places]
    telling = [place[0].file for place, band in zip(places, firsts, strict=True) if _centre(band)]
    if not telling:
        return raster
    if told := _differ(places, firsts, source):
        return raster.noted(told)
    pairs = zip(raster.bands, firsts, strict=True)
    more = " and others" if len(set(telling)) > 1 else ""
    return replace(raster, bands=Bands(tuple(_as_told(band, by) for band, by in pairs))).noted(
        "it tells no wavelengths: those of its sources are taken, of "
        f"{os.path.basename(telling[0])}{more}"
    )


def _made_as(raster: Raster, places: list[list[_Place]], source: Source) -> Raster:
    """Say how its first source was made, if here."""
    first = next((source(place[0].file) for place in places if place), None)
    return replace(raster, provenance=first.provenance) if first else raster


def _scaled(raster: Raster, places: list[list[_Place]], source: Source) -> Raster:
    """Give bands the scaling of their sources that only a reader of ours knows."""
    if len(places) != len(raster.bands) or any(b.scale != 1 or b.offset for b in raster.bands):
        return raster
    by_gdal = cache(_scalings_of_gdal)
    found: list[Band] = []
    for number, (band, place) in enumerate(zip(raster.bands, places, strict=True), start=1):
        told = list(dict.fromkeys(_unsaid(p, source, by_gdal) for p in place[:_COMPARED]))
        if len(told) > 1:
            factors = " and ".join(f"{each.scale:g}" for each in told[:2])
            return raster.noted(
                f"its sources scale band {number} by {factors}, which one band cannot have: its "
                "numbers are left as they are stored"
            )
        scale, offset, nodata = told[0] if told else _Scaling()
        nodata = nodata if band.nodata is None else band.nodata
        found.append(replace(band, scale=scale, offset=offset, nodata=nodata))
    if all(b.scale == 1 and b.offset == 0 for b in found):
        return raster
    return replace(raster, bands=Bands(tuple(found))).noted(
        "scale and offset are those that its sources tell beside what GDAL reads of them"
    )


def _unsaid(place: _Place, source: Source, by_gdal: Callable[[str], list[_Scaling]]) -> _Scaling:
    """Return the scaling of a source's band where GDAL sees none, and a VRT could take none."""
    band, seen = _band_at(place, source), by_gdal(place.file)
    if band is None or place.changed or place.number > len(seen):
        return _Scaling()
    scale, offset, nodata = seen[place.number - 1]
    if scale != 1 or offset != 0:
        return _Scaling()
    return _Scaling(band.scale, band.offset, band.nodata if nodata is None else None)


def _scalings_of_gdal(name: str) -> list[_Scaling]:
    try:
        with open_quietly(name) as dataset:
            told = zip(dataset.scales, dataset.offsets, dataset.nodatavals, strict=True)
            return [_Scaling(*each) for each in told]
    except RasterioError:
        return []


def _as_told(band: Band, by: Band | None) -> Band:
    if by is None:
        return band
    return replace(
        band,
        name=band.name or by.name,
        wavelength_nm=by.wavelength_nm,
        fwhm_nm=by.fwhm_nm,
        good=band.good and by.good,
    )


def _band_at(place: _Place, source: Source) -> Band | None:
    found, number = source(place.file), place.number
    return found.bands[number - 1] if found and number <= len(found.bands) else None


def _differ(
    places: list[list[_Place]],
    firsts: list[Band | None],
    source: Source,
) -> str:
    """Say so where further sources of a band tell another wavelength than its first."""
    for number, (place, first) in enumerate(zip(places, firsts, strict=True), start=1):
        for further in place[1:_COMPARED]:
            one, two = _centre(first), _centre(_band_at(further, source))
            if one != two and (one is None or two is None or abs(one - two) > _SAME_NM):
                return (
                    f"its sources tell different wavelengths of band {number} ({_length(one)}, "
                    f"and {_length(two)} in {os.path.basename(further.file)}): none is taken"
                )
    return ""


def _centre(band: Band | None) -> float | None:
    return None if band is None else band.wavelength_nm


def _length(nanometres: float | None) -> str:
    return "none" if nanometres is None else f"{nanometres:g} nm"


def _source_of(name: str, describe: Describe, above: tuple[str, ...]) -> Raster | None:
    """Describe a source; None of what cannot be, which GDAL tells when it is read."""
    if name in above:  # a VRT may name itself
        return None
    try:
        return told_by_sources(describe(name), describe, above)
    except MemoryError:
        raise
    except Exception:  # libraries raise anything at all, and files hold anything at all
        _LOG.debug("cannot describe %s", name, exc_info=True)
        return None


def _places(raster: Raster) -> list[list[_Place]]:
    """Return the sources of each band of a VRT; none of a band that is computed."""
    with open_quietly(raster.path) as dataset:
        text = "".join(dataset.tags(ns="xml:VRT").values())
    folder = os.path.dirname(raster.path) if os.path.isfile(raster.path) else ""
    root = next(elements(text.encode()), None)
    bands = [] if root is None else root.findall("VRTRasterBand")
    return [list(_sources_of(band, folder)) for band in bands]


def _sources_of(band: ET.Element, folder: str) -> Iterator[_Place]:
    if band.get("subClass") == "VRTDerivedRasterBand":
        return
    for source in band:
        name, number = source.find("SourceFilename"), source.findtext("SourceBand", "1").strip()
        if source.tag in _SOURCES and name is not None and number.isdecimal():
            relative = name.get("relativeToVRT") == "1"
            said = (name.text or "").strip()
            file = os.path.join(folder, said) if relative else said
            changed = any(source.find(tag) is not None for tag in _CHANGES)
            yield _Place(file, int(number), changed)
