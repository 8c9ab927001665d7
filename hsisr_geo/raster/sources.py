"""The files on disk that a raster's numbers come from, followed to their end.

GDAL tells what a VRT names, but not what a VRT names that a VRT names, nor which archive a
`/vsizip/` name lies in. Whether an input is still the same, and whether an output would overwrite
it, is a question to the files at the end of such chains.
"""

import os
import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET  # nosec B405 # see `elements`

from rasterio.errors import RasterioError

from hsisr_geo.errors import RasterError
from hsisr_geo.paths import stamp_of
from hsisr_geo.raster.datasets import anywhere, open_quietly
from hsisr_geo.raster.raster import Raster

_VRT_BYTES = 1 << 26  # of XML; a mosaic of 100 000 files has 50 MB
_NAME_LENGTH = 4096
_BESIDE = (
    ".aux.xml",
    ".ovr",
    ".msk",
    ".hdr",
)  # after the name of a raster: GDAL reads them with it
_HEADERS = (".hdr", ".HDR")  # in place of its ending
_PREFIX = re.compile(r"/vsi[a-z0-9_]+[/?]")
_SEPARATOR = re.compile(r"[:\"'{},?&=]")  # of `HDF5:"a.h5"://cube`, `/vsisubfile/0_9,a.bin`, ...
_INLINE = "<VRTDataset"


def check_still(raster: Raster) -> None:
    """Refuse a raster whose files have changed since it was described.

    Raises
    ------
    RasterError : naming the first of them
    """
    for file, stamp in raster.stamps:
        if stamp_of(file) != stamp:
            raise moved(file, "was changed")


def moved(file: str, how: str) -> RasterError:
    """Return the error that says of an input that it did not hold still."""
    return RasterError(
        f"{file}: {how} while it was being read, and the output would mix both: nothing was "
        "written; run again when the input holds still"
    )


def follow(names: Iterable[str]) -> tuple[str, ...]:
    """Return the files and folders that names of GDAL lead to, each once.

    Archives and containers that a name goes through are among them, what VRTs name, however deep,
    and what GDAL reads beside that. Names that lead to no file, such as URLs, give none.
    """
    found: dict[str, None] = {}
    roots = list(dict.fromkeys(names))
    waiting, seen = list(roots), set(roots)
    while waiting:
        name = waiting.pop()
        files = list(on_disk(name))
        found |= dict.fromkeys(files)
        if name != roots[0]:  # of this one GDAL has told itself what lies beside it
            found |= dict.fromkeys(there for file in files for there in _beside(file))
        for further in _named_by(name):
            if further not in seen:  # a VRT may name itself, or the same file for each band
                seen.add(further)
                waiting.append(further)
    return tuple(found)


def on_disk(name: str) -> Iterator[str]:
    """Yield the files that a name of GDAL goes through: itself, or archives and containers."""
    if os.path.exists(name):
        yield anywhere(name)
    elif not name.startswith("<"):
        pieces = [name]
        while prefix := _PREFIX.match(pieces[-1]):
            pieces.append(pieces[-1][prefix.end() :])  # `in.zip/a.tif`, or `/data/in.zip/a.tif`
        pieces += [pieces[-1][found.end() :] for found in _SEPARATOR.finditer(pieces[-1])]
        for piece in pieces:
            if there := _existing_beginning(piece):
                yield anywhere(there)


def _existing_beginning(piece: str) -> str | None:
    """Return the file that a path begins with: `in.zip` of `in.zip/folder/a.tif`, say."""
    piece = piece if os.path.isfile(piece) else _SEPARATOR.split(piece, maxsplit=1)[0]
    while piece.strip("/. "):
        if os.path.isfile(piece):
            return piece
        piece = os.path.dirname(piece)
    return None


def _beside(file: str) -> Iterator[str]:
    names = [file + ending for ending in _BESIDE]
    names += [os.path.splitext(file)[0] + ending for ending in _HEADERS]
    yield from (name for name in names if os.path.isfile(name))


def _named_by(name: str) -> Iterator[str]:
    """Yield what a VRT names, one level down; nothing for any other raster."""
    if name.startswith(_INLINE):
        yield from _names_in(name.encode("utf-8", "surrogateescape"), "")
    elif os.path.isfile(name):
        yield from _names_in(_beginning_of_vrt(name), os.path.dirname(name))
    elif name.lower().startswith("/vsi") and ".vrt" in name.lower():
        yield from _named_in_archive(name)


def _beginning_of_vrt(path: str) -> bytes:
    """Return the text of a VRT, nothing of any other file."""
    try:
        with open(path, "rb") as file:
            head = file.read(1024)
            return head + file.read(_VRT_BYTES) if _INLINE.encode() in head else b""
    except OSError:
        return b""


def _named_in_archive(name: str) -> Iterator[str]:
    """Yield what a VRT in an archive names, as GDAL tells it."""
    try:
        with open_quietly(name) as dataset:
            yield from map(str, dataset.files)
            text = "".join(dataset.tags(ns="xml:VRT").values()) if dataset.driver == "VRT" else ""
    except RasterioError:
        return
    yield from _names_in(text.encode(), os.path.dirname(name))


def _names_in(text: bytes, folder: str) -> Iterator[str]:
    """Yield every text of a VRT that may be a name, in whatever element a GDAL puts it."""
    for element in elements(text):
        said = (element.text or "").strip()
        if said.startswith(_INLINE):
            yield said
        elif said and element.tag != "MDI" and len(said) < _NAME_LENGTH:
            yield os.path.join(folder, said)
            yield said


def elements(text: bytes) -> Iterator[ET.Element]:
    """Yield every element of a VRT, the root first; nothing of text that is none."""
    if not text or b"<!ENTITY" in text:  # which could grow without end, and no VRT has
        return
    try:
        yield from ET.fromstring(text).iter()  # nosec B314 # without entities
    except ET.ParseError:
        return
