"""ENVI rasters that are named by their header, and those whose header GDAL reads only in part.

GDAL takes the data file, and stops reading a header at a line of 10 000 characters or more. Where
layout or place come after such a line, or GDAL sees no header for other reasons, its fields are
read by `hsisr_geo.bands.envi_header`, and understood by GDAL from a header that was made of them.
"""

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hsisr_geo.bands.envi_header import (
    LAYOUT_KEYS,
    PLACE_KEYS,
    begins_header,
    hidden_fields,
    read_header,
)
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import anywhere, check_bands, check_extent, opened_in_memory
from hsisr_geo.raster.gdal import described
from hsisr_geo.raster.products.plain_array import PlainArray
from hsisr_geo.raster.raster import Missing, Raster, Stored

_TEXTS = frozenset((".hdr", ".xml", ".txt", ".qml", ".prj", ".json", ".csv", ".md", ".png", ".jpg",
                    ".sta", ".enp", ".ovr", ".tfw"))  # fmt: skip
_AXES = {"band": (0, 1, 2), "line": (1, 0, 2), "pixel": (1, 2, 0)}
"""In what order files have bands, rows and columns."""
_LOOKED_AT = 100  # headers
_SUFFIXES = ("", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw", ".bin")


@dataclass(frozen=True)
class EnviSource:
    """Windows of an ENVI raster of the layout that its header tells.

    Attributes
    ----------
    dtype : of the numbers, with their byte order
    shape : (bands, rows, cols)
    interleave : "band", "line" or "pixel"
    offset : bytes before the first number
    """

    path: str
    dtype: str
    shape: tuple[int, int, int]
    interleave: str
    offset: int

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        axes = _AXES[self.interleave]
        array = PlainArray.dense(
            self.offset, tuple(self.shape[axis] for axis in axes), np.dtype(self.dtype)
        )
        low, high = min(bands), max(bands) + 1
        first, *inner = ((slice(low, high), rows, cols)[axis] for axis in axes)
        by_band = axes[0] == 0
        numbers = bands if by_band else range(first.start, first.stop)
        try:
            read = array.read(self.path, numbers, inner)
        except (OSError, ValueError) as error:
            raise RasterError(f"{self.path}: cannot be read: {error}") from error
        pixels = read.transpose([axes.index(axis) for axis in range(3)])
        pixels = pixels if by_band else pixels[[band - low for band in bands]]
        return np.ascontiguousarray(pixels), None


def data_file(header: Path) -> str:
    """Find the data that an ENVI header belongs to: `x.img` of `x.hdr` or `x.img.hdr`, `x`, ...

    Raises
    ------
    RasterError : none there; it is a spectral library
    """
    fields = read_header(header)
    if "library" in fields.get("file_type", "").lower():
        raise RasterError(f"{header} is an ENVI spectral library, not a raster")
    stem = header.with_suffix("")
    tried = [stem.with_name(stem.name + suffix) for suffix in _SUFFIXES]
    tried += [path.with_suffix(path.suffix.upper()) for path in tried if path.suffix]
    for path in tried:
        if path.is_file() and path != header:
            return os.fspath(path)
    others = [
        path for path in _of_that_stem(header) if path.stat().st_size >= _bytes_needed(fields)
    ]
    if len(others) == 1:  # raw.hyspex, cube.rfl, …
        return os.fspath(others[0])
    names = ", ".join(path.name for path in tried[: len(_SUFFIXES)])
    raise RasterError(f"{header}: the data file of this ENVI header is missing: looked for {names}")


def images_below(folder: Path) -> list[Path]:
    """Return images in a folder, and in those in it, by their headers: of Specim the result first.

    Its cameras write `capture/NAME.raw`, what white and dark are beside that, and
    `results/REFLECTANCE_NAME.dat`.
    """
    found = []
    with suppress(OSError):
        headers = sorted([*folder.glob("*.hdr"), *folder.glob("*/*.hdr")])[:_LOOKED_AT]
        for header in (path for path in headers if begins_header(path)):
            with suppress(RasterError):
                found.append(Path(data_file(header)))
    references = ("DARKREF", "WHITEREF", "DARK", "WHITE")
    return sorted(found, key=lambda path: (
        path.name.upper().startswith(references), "REFLECTANCE" not in path.name.upper(),
    ))  # fmt: skip


def _of_that_stem(header: Path) -> list[Path]:
    """Return files beside a header that have its name, and an ending that no text has."""
    beside = sorted(p for p in header.parent.iterdir() if p.is_file() and p != header)
    return [p for p in beside if p.stem == header.stem and p.suffix.lower() not in _TEXTS]


def _bytes_needed(fields: Mapping[str, str]) -> int:
    """Return the least size of a data file, a byte for each number; 1 where that is not told."""
    sizes = [fields.get(key, "") for key in ("samples", "lines", "bands")]
    return math.prod(int(size) if size.isdecimal() else 1 for size in sizes)


def header_that_gdal_misreads(path: Path) -> Path | None:
    """Return the header of an ENVI raster if GDAL does not see its layout or its place."""
    stems = path.with_suffix(""), path
    for header in (stem.with_name(stem.name + end) for end in (".hdr", ".HDR") for stem in stems):
        if header.is_file() and header != path:
            hidden = set(hidden_fields(header)) if begins_header(header) else set()
            if hidden & (LAYOUT_KEYS | PLACE_KEYS):
                return header
    return None


def describe(path: Path, header: Path) -> Raster:
    """Describe an ENVI raster of which GDAL sees only part of the header.

    Raises
    ------
    RasterError : the layout is incomplete, or the file is shorter than it says
    """
    fields = read_header(header)
    rows, cols, count = (_size(fields, key, header) for key in ("lines", "samples", "bands"))
    check_extent(count, cols, os.fspath(path))
    # A raster of one pixel with the same header tells how GDAL understands the rest of it.
    one = fields | {"lines": "1", "samples": "1", "header_offset": "0", "file_compression": "0"}
    pixel = bytes(16 * count)
    with opened_in_memory({"one.hdr": _wrapped(one), "one.img": pixel}) as dataset:
        check_bands(dataset, os.fspath(path))
        raster = described(dataset, os.fspath(path))
    offset = fields.get("header_offset", "0")
    if not offset.isdecimal():
        raise RasterError(f"{header}: header offset = {offset[:40]} is no number of bytes")
    needed = int(offset)
    needed += rows * cols * count * np.dtype(raster.dtype).itemsize
    found = path.stat().st_size
    if found < needed:
        raise RasterError(f"{path} is truncated: {found} of {needed} bytes are there")
    interleave = {"bil": "line", "bip": "pixel"}.get(fields.get("interleave", "").lower(), "band")
    return replace(
        raster,
        shape=(rows, cols),
        interleave=interleave,
        files=(anywhere(os.fspath(header)),),
        source=EnviSource(
            anywhere(os.fspath(path)),
            np.dtype(raster.dtype)
            .newbyteorder(">" if fields.get("byte_order") == "1" else "<")
            .str,
            (count, rows, cols),
            interleave,
            int(offset),
        ),
    )


def _size(fields: Mapping[str, str], key: str, header: Path) -> int:
    text = fields.get(key, "")
    if not text.isdecimal() or int(text) < 1:
        raise RasterError(f"{header}: {key} is {text!r}, not a size: the header is incomplete")
    return int(text)


def _wrapped(fields: Mapping[str, str]) -> bytes:
    """Write a header whose lists have a line for each item, as no item is too long for GDAL."""
    lines = ["ENVI"]
    for key, value in fields.items():
        if key != "description":  # text of any length, which says nothing of the bands
            lines.append(f"{key.replace('_', ' ')} = {value.replace(',', ',' + chr(10))}")
    return "\n".join(lines).encode()
