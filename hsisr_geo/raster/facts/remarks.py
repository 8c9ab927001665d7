"""Remarks that programs leave beside a raster that they show, or in it: statistics, overviews.

Who looks at a layer in QGIS, or asks `gdalinfo -stats`, changes files without changing a pixel:
GDAL keeps statistics and histograms in `NAME.aux.xml`, with copies of what an ENVI header says,
and of a VRT in the VRT itself, which it writes anew. The same files may hold what does decide,
place, nodata, scaling and sources, so they are told by what is left without such remarks.
"""

import os
import time
from collections.abc import Collection
from xml.etree import ElementTree as ET  # nosec B405 # see `_parsed`

SIDECAR = ".aux.xml"
"""What the file ends in that GDAL keeps its notes of a raster in."""
OVERVIEWS = ".ovr"
_STYLES = (".qml", ".qmd")
_WITH_REMARKS = (SIDECAR, ".vrt")
_MAX_BYTES = 1 << 24  # of XML; a VRT of 224 bands with histograms has one
_STATISTICS = "STATISTICS_"
_DROPPED = {"Histograms", "SourceProperties"}  # the latter: what GDAL saw of a VRT's source
_BLOCKS = ("blockXSize", "blockYSize")  # of a VRT's bands: no GDAL before 3.7 keeps them
_HOLDERS = {"PAMDataset", "PAMRasterBand", "Subdatasets", "Subdataset", "Metadata"}
_PATIENCE = 20  # times 50 ms: GDAL writes such a file in place


def is_remark(path: str, others: Collection[str] = ()) -> bool:
    """Whether all of a file is a remark on another: a style, or the overviews of one of `others`.

    A sidecar of nothing but statistics is none, as it may come to say more.
    """
    if path.lower().endswith(OVERVIEWS):
        return path[: -len(OVERVIEWS)] in others
    return path.lower().endswith(_STYLES)


def may_be_noted_in(path: str) -> bool:
    """Whether a look at a raster may change that file of it, or the like."""
    return path.lower().endswith((*_WITH_REMARKS, OVERVIEWS))


def is_sidecar_of(path: str, name: str) -> bool:
    """Whether GDAL reads a file with the raster of that name, a subdataset's as well."""
    beside = path.removesuffix(SIDECAR)
    return beside != path and beside in name and not name.startswith("<")


def says_nothing(path: str) -> bool:
    """Whether a file is a sidecar of nothing but statistics."""
    if not path.lower().endswith(SIDECAR):
        return False
    try:
        return substance(path) == b""
    except OSError:
        return False


def substance(path: str) -> bytes | None:
    """Return what a sidecar or VRT says without remarks, b"" where that is nothing.

    None for any other file, and where it is not understood: all of it counts then. A file that is
    being written is waited for.

    Raises
    ------
    OSError : it cannot be read
    """
    if not path.lower().endswith(_WITH_REMARKS) or os.path.getsize(path) > _MAX_BYTES:
        return None
    for _ in range(_PATIENCE):
        root, changes = _parsed(path)
        if root is not None:
            return _without_remarks(root)
        if not changes:
            break
        time.sleep(0.05)
    return None


def _parsed(path: str) -> tuple[ET.Element | None, bool]:
    """Parse a file; tell, where that fails, whether it may be because it is half written."""
    with open(path, "rb") as file:
        text = file.read()
    if b"<!ENTITY" in text:  # which could grow without end, and GDAL writes none
        return None, False
    try:
        return ET.fromstring(text), False  # nosec B314 # without entities
    except (ET.ParseError, RecursionError, ValueError):
        return None, time.time() - os.path.getmtime(path) < 2


def _without_remarks(root: ET.Element) -> bytes | None:
    lines: list[str] = []
    try:
        _tell(root, "", lines)
    except RecursionError:
        return None
    return "\n".join(lines).encode(errors="replace")


def _tell(element: ET.Element, where: str, lines: list[str]) -> None:
    """Add a line for an element and each in it; none where it holds, or held, but remarks."""
    if element.tag in _DROPPED or element.get("key", "").startswith(_STATISTICS):
        return
    facts = sorted((k, v) for k, v in element.items() if k not in _BLOCKS)
    text = " ".join((element.text or "").split())
    place = f"{where}/{element.tag}"
    before = len(lines)
    lines.append(f"{place} {facts} {text}")
    for inner in element:
        _tell(inner, place, lines)
    if element.tag in _HOLDERS and not text and len(lines) == before + 1:
        lines.pop()
