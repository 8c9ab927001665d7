"""An ENVI header beside a GeoTIFF: what its bands are, for software that looks nowhere else.

GDAL reads such headers from version 3.12 on, and so do we. The layout it tells is that of ENVI's
"TIFF": the numbers are not to be found by it.
"""

import re
from collections.abc import Iterator

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.envi_header import join_list
from hsisr_geo.raster.facts.acquisition import iso
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.raster import Raster

ENDING = ".hdr"
_TYPES = {
    "uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "uint16": 12, "uint32": 13,
    "int64": 14, "uint64": 15,
}  # fmt: skip
_OURS = re.compile(r"description = \{(.+): what its bands are, by hsisr-geo\}")


def raster_of_header(text: str) -> str | None:
    """Return the name of the raster that a header was made for here; None for any other."""
    found = _OURS.search(text)
    return found[1] if found else None


def header_text(name: str, raster: Raster) -> str:
    """Return the header of a raster that will be called `name`."""
    lines = [f"{key} = {value}" for key, value in _fields(name, raster)]
    return "\n".join(["ENVI", *lines, ""])


def _fields(name: str, raster: Raster) -> Iterator[tuple[str, str]]:
    yield "description", f"{{{name}: what its bands are, by hsisr-geo}}"
    yield "samples", str(raster.cols)
    yield "lines", str(raster.rows)
    yield "bands", str(len(raster.bands))
    yield "header offset", "0"
    yield "file type", "TIFF"
    if raster.dtype in _TYPES:
        yield "data type", str(_TYPES[raster.dtype])
    yield "interleave", "bsq"
    yield "byte order", "0"
    yield from _lists(raster.bands)
    origin = origin_of(raster)
    if origin.sensor:
        yield "sensor type", origin.sensor
    if origin.acquired is not None:
        yield "acquisition time", iso(origin.acquired.start)


def _lists(bands: Bands) -> Iterator[tuple[str, str]]:
    """Yield what the header says of every band."""
    if any(band.label for band in bands):
        yield "band names", join_list([band.label.replace(",", ";") for band in bands])
    if bands.wavelengths_nm is not None:
        yield "wavelength units", "Nanometers"
        yield "wavelength", join_list([f"{nm:.12g}" for nm in bands.wavelengths_nm])
    if bands.fwhm_nm is not None:
        yield "fwhm", join_list([f"{nm:.12g}" for nm in bands.fwhm_nm])
    yield "bbl", join_list([str(int(band.good)) for band in bands])
    colors = {band.color: number for number, band in enumerate(bands, start=1)}
    if {"red", "green", "blue"} <= set(colors):
        yield "default bands", join_list([str(colors[c]) for c in ("red", "green", "blue")])
    if bands.nodata is not None:
        yield "data ignore value", f"{bands.nodata:.17g}"
    if any((band.scale, band.offset) != (1.0, 0.0) for band in bands):
        yield "data gain values", join_list([f"{band.scale:.12g}" for band in bands])
        yield "data offset values", join_list([f"{band.offset:.12g}" for band in bands])
