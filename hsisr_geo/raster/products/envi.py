"""ENVI rasters that are named by their header, and those whose header GDAL reads only in part.

GDAL takes the data file, and stops reading a header at a line of 10 000 characters or more. Where
layout or place come after such a line, its fields are read by `hsisr_geo.bands.envi_header`,
understood by GDAL from a header that was wrapped, and the pixels are read by `spectral`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.bands.envi_header import LAYOUT_KEYS, PLACE_KEYS, hidden_fields, read_header
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import (
    anywhere,
    check_bands,
    check_extent,
    opened_in_memory,
    thread_handle,
)
from hsisr_geo.raster.gdal import described
from hsisr_geo.raster.raster import Missing, Raster, Stored

_TEXTS = frozenset((".hdr", ".xml", ".txt", ".qml", ".prj", ".json", ".csv", ".md", ".png", ".jpg",
                    ".sta", ".enp", ".ovr", ".tfw"))  # fmt: skip
_SUFFIXES = ("", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw", ".bin")


@dataclass(frozen=True)
class EnviSource:
    """Windows of an ENVI raster, read by `spectral`."""

    path: str
    header: str

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        try:
            pixels = thread_handle(self.path, _Opener(self.header))[rows, cols, list(bands)]
        except (OSError, ValueError) as error:
            raise RasterError(f"{self.path}: cannot be read: {error}") from error
        native = pixels.dtype.newbyteorder("=")
        return np.ascontiguousarray(np.moveaxis(pixels, 2, 0)).astype(native, copy=False), None


@dataclass(frozen=True)
class _Opener:
    """Maps a data file by its header; equal to another of that header, for `thread_handle`."""

    header: str

    def __call__(self, path: str) -> Any:
        from spectral.io import envi as spectral_envi

        image = spectral_envi.open(self.header, path)
        return _Pixels(image.open_memmap(interleave="bip", writable=False))


class _Pixels:
    """A memory map with the `close` that `thread_handle` calls; it goes with its last reference."""

    def __init__(self, pixels: Any) -> None:
        self._pixels = pixels

    def __getitem__(self, window: tuple[slice, slice, list[int]]) -> Any:
        rows, cols, bands = window
        return self._pixels[rows, cols][:, :, bands]

    def close(self) -> None:
        del self._pixels


def is_header(beginning: bytes) -> bool:
    """Tell whether a file that begins so is an ENVI header."""
    return beginning[:4] == b"ENVI"


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
    for header in (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")):
        if header.is_file() and header != path:
            hidden = set(hidden_fields(header)) if _begins(header) else set()
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
        source=EnviSource(anywhere(os.fspath(path)), anywhere(os.fspath(header))),
    )


def _begins(header: Path) -> bool:
    with header.open("rb") as file:
        return is_header(file.read(4))


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
