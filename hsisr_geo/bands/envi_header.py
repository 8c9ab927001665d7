"""The text of an ENVI header, read as it stands.

GDAL reads headers too, but drops everything from the first line of more than 10 000
characters on (a list of 325 band names is enough), and lists whose bracket opens on the line
after the "="; and it takes no file for a header that begins with anything but ENVI, a byte order
mark of Windows' editors, say. So what it says is completed from here.
Keys are lower case with underscores, as GDAL's `ENVI` metadata domain writes them.
"""

import codecs
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

HeaderPath = Path | zipfile.Path
VSIZIP = "/vsizip/"
"""How GDAL's name of what is in a zip archive begins."""
_GDAL_LINE_LIMIT = 10_000
_BEGINNING = 512  # bytes, with blank lines that may stand there
_UNSAFE = str.maketrans({",": ";", "{": "(", "}": ")"})
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CLOSING = {"{": "}", "[": "]", "(": ")"}  # lists of other languages are found in headers, too

# What the header says about the layout of the file or its place: never copied to an output,
# which has a layout of its own, and fatal when GDAL does not get to see it.
LAYOUT_KEYS = frozenset({
    "samples", "lines", "bands", "header_offset", "file_type", "data_type", "interleave",
    "byte_order",
})  # fmt: skip
PLACE_KEYS = frozenset({
    "map_info", "coordinate_system_string", "projection_info", "pixel_size", "x_start",
    "y_start", "geo_points", "rpc_info",
})  # fmt: skip
BAND_KEYS = frozenset({
    "band_names", "wavelength", "wavelengths", "wavelength_units", "fwhm", "bbl",
    "good_wavelengths", "data_ignore_value", "no_data_value", "nodata_value", "nodata",
    "data_gain_values", "data_offset_values", "reflectance_scale_factor", "z_plot_range",
    "default_bands",
    "file_compression",
})  # fmt: skip


def is_header(beginning: bytes) -> bool:
    """Tell whether a file that begins so is an ENVI header."""
    return _text(beginning).lstrip()[:4] == "ENVI"


def begins_header(path: Path) -> bool:
    """Tell whether a file begins as an ENVI header does."""
    with path.open("rb") as file:
        return is_header(file.read(_BEGINNING))


def header_path(name: str) -> HeaderPath | None:
    """Find a header by the name that GDAL has for it: a file, or one in /vsizip/; else None."""
    if Path(name).is_file():
        return Path(name)
    archive = Path(name.removeprefix(VSIZIP)).parent if name.startswith(VSIZIP) else None
    while archive is not None and archive != archive.parent:
        if archive.is_file() and zipfile.is_zipfile(archive):
            inside = name.removeprefix(f"{VSIZIP}{archive}").lstrip("/")
            found = zipfile.Path(archive, inside)
            return found if found.is_file() else None
        archive = archive.parent
    return None


def read_header(path: HeaderPath) -> dict[str, str]:
    """Read the fields of an ENVI header; lists keep their braces."""
    return {key: value for key, value, _ in _entries(path)}


def hidden_fields(path: HeaderPath) -> dict[str, str]:
    """Return the fields that GDAL does not see: `_entries` tells why."""
    return {key: value for key, value, hidden in _entries(path) if hidden}


def _entries(path: HeaderPath) -> Iterable[tuple[str, str, bool]]:
    """Yield keys, values, and whether GDAL does not see them."""
    raw = path.read_bytes()
    hidden = raw[:4] != b"ENVI"
    remaining = _Lines(_text(raw))
    for line in remaining:
        hidden = hidden or len(line) >= _GDAL_LINE_LIMIT
        key, equals, value = line.partition("=")
        if key.strip().lower() == "wavelengths" and not equals:
            yield "wavelengths", _block(remaining), hidden
        if not equals or line.lstrip().startswith(";"):
            continue
        value = value.strip()
        below = not value and remaining.ahead()[:1] in _CLOSING
        if below:
            value = next(remaining).strip()
        closing = _CLOSING.get(value[:1], "")
        while closing and closing not in value:
            more = next(remaining, closing)
            hidden = hidden or len(more) >= _GDAL_LINE_LIMIT
            value = f"{value} {more.strip()}"
        yield re.sub(r"\s+", "_", key.strip().lower()), value, hidden or below


class _Lines(Iterator[str]):
    """The lines of a text, of which the next can be looked at."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._place = 0

    def __next__(self) -> str:
        if self._place == len(self._lines):
            raise StopIteration
        self._place += 1
        return self._lines[self._place - 1]

    def ahead(self) -> str:
        """Return the next line, stripped; "" at the end."""
        return self._lines[self._place].strip() if self._place < len(self._lines) else ""


def _block(lines: Iterator[str]) -> str:
    """Return the numbers up to WAVELENGTHS_END, one a line in headers of ESRI."""
    inside = iter(lambda: next(lines, "WAVELENGTHS_END").strip(), "WAVELENGTHS_END")
    return " ".join(text for text in inside if text)


def _text(raw: bytes) -> str:
    """Decode a header; "µm" and umlauts of older software are in Windows' Latin 1."""
    if raw.startswith(_UTF_16):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def join_list(items: Sequence[str]) -> str:
    """Write a list over several lines, each short enough for every reader."""
    lines = [", ".join(items[i : i + 8]) for i in range(0, len(items), 8)]
    return "{" + ",\n ".join(lines) + "}"


def safe_name(name: str) -> str:
    """Return the name of a band as a list in a header can hold it: no comma, brace or line end."""
    return " ".join(name.translate(_UNSAFE).split())


def carried_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that stay true of another file of the same scene (sensor, time, ...)."""
    dropped = LAYOUT_KEYS | PLACE_KEYS | BAND_KEYS
    return {key: value for key, value in fields.items() if key not in dropped}
