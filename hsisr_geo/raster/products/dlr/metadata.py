"""The METADATA file of EnMAP and DESIS: mission, level, and what it says of every band."""

import re
import xml.etree.ElementTree as ElementTree  # nosec B405 # see `parse`
from dataclasses import dataclass
from pathlib import Path

from hsisr_geo.bands.lists import to_number
from hsisr_geo.errors import RasterError

NAME = re.compile(r"(ENMAP|DESIS).*(L\d\w)", re.IGNORECASE)
"""How the names of products begin."""
_LEVELS = ("L1C", "L2A")
SENSOR_LEVEL = "L1B"
"""In the geometry of the sensor: one cube for each detector."""
_EMPTY_BAND_MEAN = -1_000_000.0  # what EnMAP's statistics tell of a band without data


@dataclass(frozen=True)
class BandFacts:
    """What the metadata say about one band; None where they do not."""

    wavelength_nm: float | None
    fwhm_nm: float | None
    gain: float
    offset: float
    good: bool


def parse(metadata: Path) -> ElementTree.Element:
    """Parse a metadata file.

    Raises
    ------
    RasterError : damaged, or with entities of its own
    """
    text = metadata.read_bytes()
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise RasterError(f"{metadata}: product metadata define no entities: not read")
    try:
        return ElementTree.fromstring(text)  # nosec B314 # without entities
    except ElementTree.ParseError as error:
        raise RasterError(f"{metadata} is damaged: {error}") from error


def mission_and_level(root: ElementTree.Element, metadata: Path) -> tuple[str, str]:
    """Return e.g. ("EnMAP", "L2A").

    Raises
    ------
    RasterError : neither mission; a level in the geometry of the sensor
    """
    named = NAME.match(metadata.name)
    level = (root.findtext("base/level") or (named[2] if named else "")).strip().upper()
    if root.find("specific/bandCharacterisation/bandID") is not None:
        mission = "EnMAP"
    elif root.find("specific/bandCharacterisation/band") is not None:
        mission = "DESIS"
    elif named:
        mission = "EnMAP" if named[1].upper() == "ENMAP" else "DESIS"
    else:
        raise RasterError(f"{metadata} is no metadata file of EnMAP or DESIS")
    if level not in _LEVELS and (mission, level) != ("EnMAP", SENSOR_LEVEL):
        raise RasterError(
            f"{metadata}: {mission} {level or 'of an unknown level'} is not read, as its pixels "
            f"lie in the geometry of the sensor: order {' or '.join(_LEVELS)}"
        )
    return mission, level


def band_facts(root: ElementTree.Element) -> list[BandFacts]:
    """Read the table of bands, in the order of their numbers."""
    table = root.find("specific/bandCharacterisation")
    rows = [] if table is None else [row for row in table if row.tag in ("bandID", "band")]
    empty = {
        row.get("number")
        for row in root.findall("product/bandStatistics/bandID")
        if to_number(row.findtext("mean")) == _EMPTY_BAND_MEAN
    }
    numbered = [(_number(row, place), row) for place, row in enumerate(rows, start=1)]
    return [
        BandFacts(
            to_number(row.findtext("wavelengthCenterOfBand")),
            to_number(row.findtext("FWHMOfBand") or row.findtext("wavelengthWidthOfBand")),
            _factor(row.findtext("GainOfBand") or row.findtext("gainOfBand"), 1.0),
            _factor(row.findtext("OffsetOfBand") or row.findtext("offsetOfBand"), 0.0),
            good=row.get("number") is None or row.get("number") not in empty,
        )
        for _, row in sorted(numbered, key=lambda item: item[0])
    ]


def _number(row: ElementTree.Element, place: int) -> int:
    text = row.get("number") or row.findtext("bandNumber") or str(place)
    return int(text) if text.strip().isdecimal() else place


def _factor(text: str | None, default: float) -> float:
    number = to_number(text)
    return default if number is None else number
