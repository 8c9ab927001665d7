"""The header of BEAM-DIMAP: what SNAP tells of the bands of a product.

As SNAP's own reader has it: bands that are virtual, or filtered, are in no file, BAND_WAVELEN and
BANDWIDTH are nanometres, 0 for none, and a value is the stored number times SCALING_FACTOR, plus
SCALING_OFFSET.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET  # nosec B405 # see `parsed`

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.lists import to_number
from hsisr_geo.bands.wavelengths import as_they_can_be
from hsisr_geo.raster.raster import Raster

_NO_UNITS = ("", "dl", "1")


def parsed(text: bytes) -> ET.Element | None:
    """Parse a header; None of what is none, or defines entities, which could grow without end."""
    if b"<Dimap_Document" not in text or b"<!ENTITY" in text:
        return None
    try:
        return ET.fromstring(text.strip(b"\0 \r\n"))  # nosec B314 # without entities
    except ET.ParseError:
        return None


def stored_bands(root: ET.Element | None) -> list[ET.Element]:
    """Return the elements of the bands that are in files, in their order."""
    found = [] if root is None else root.findall("Image_Interpretation/Spectral_Band_Info")
    stored = [each for each in found if each.findtext("VIRTUAL_BAND") != "true"
              and each.find("Filter_Band_Info") is None]  # fmt: skip
    return sorted(stored, key=lambda each: number_in(each, "BAND_INDEX", 0.0))


def with_bands_told(raster: Raster, told: Sequence[ET.Element]) -> Raster:
    """Complete the bands of a raster by the elements that tell of them."""
    pairs = zip(raster.bands, told, strict=True)
    bands, odd = as_they_can_be(Bands(tuple(_as_told(band, by) for band, by in pairs)))
    logs = any(by.findtext("LOG10_SCALED") == "true" for by in told)
    note = "its values are logarithms, which SNAP would take the tenth powers of" if logs else ""
    return replace(raster, bands=bands).noted(odd, note)


def _as_told(band: Band, by: ET.Element) -> Band:
    scale, offset = number_in(by, "SCALING_FACTOR", 1.0), number_in(by, "SCALING_OFFSET", 0.0)
    plain = band.scale == 1.0 and band.offset == 0.0
    used = by.findtext("NO_DATA_VALUE_USED") == "true" and band.nodata is None
    unit = (by.findtext("PHYSICAL_UNIT") or "").strip()
    return replace(
        band,
        name=band.name or (by.findtext("BAND_NAME") or "").strip(),
        wavelength_nm=number_in(by, "BAND_WAVELEN", 0.0) or None,
        fwhm_nm=number_in(by, "BANDWIDTH", 0.0) or None,
        unit=band.unit or (unit if unit not in _NO_UNITS else None),
        scale=scale if plain else band.scale,
        offset=offset if plain else band.offset,
        nodata=number_in(by, "NO_DATA_VALUE", math.nan) if used else band.nodata,
    )


def number_in(element: ET.Element, name: str, otherwise: float) -> float:
    """Return the number that an element tells under a name."""
    found = to_number(element.findtext(name))
    return otherwise if found is None else found
