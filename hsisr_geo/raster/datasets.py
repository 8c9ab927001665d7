"""Datasets: opened quietly, checked once, kept one per thread for reading."""

import atexit
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.env import get_gdal_config, set_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from hsisr_geo.bands.envi_header import LAYOUT_KEYS, PLACE_KEYS, hidden_fields
from hsisr_geo.bands.metadata import envi_fields, header_beside
from hsisr_geo.errors import RasterError
from hsisr_geo.heap import keep_little

MAX_BANDS = 10_000
# ^ no spectrometer comes near; GDAL's time for writing bands grows with their square: here 20 s
MAX_ROW_BYTES = 2**31
# ^ of one row of all bands as float32: the least that can be held. 1.2 million pixels of 425 bands
_CACHE_MB = "128"  # a row of tiles of a scene 1200 pixels wide with 224 bands, read strip by strip
_CACHE_SHARE = 32  # of what a run may take; with less, blocks are decoded again and again
os.environ.setdefault("GDAL_CACHEMAX", _CACHE_MB)
# ^ GDAL takes a twentieth of the machine's memory, which a large scene fills and a small one does
# not. It looks at its first use, and a process has one cache.
os.environ.setdefault("CPL_VSIL_GZIP_WRITE_PROPERTIES", "NO")
# ^ else GDAL notes the size of what is gzipped in a file beside it, NAME.properties, at each look
_LISTING = "GDAL_DISABLE_READDIR_ON_OPEN"
if os.environ.get(_LISTING, "").upper() == "EMPTY_DIR":  # often set for rasters in a cloud
    os.environ[_LISTING] = "TRUE"
# ^ no folder is listed by either, but EMPTY_DIR hides what lies beside a raster: the header of an
# ENVI cube, masks, wavelengths in an .aux.xml

GDAL_ERRORS = (RasterioError, CPLE_BaseError)
"""What rasterio raises: errors of its own, and where it has none for what GDAL says, GDAL's."""

_HANDLES_PER_THREAD = 4  # a product's image and its mask, of two products
# warnings.catch_warnings is not safe between threads, so opening is serialised.
_OPENING = threading.Lock()
_LOCAL = threading.local()


def anywhere(path: str) -> str:
    """Return a name that means the same in whatever folder a process was started."""
    return os.path.abspath(path) if os.path.exists(path) else path


@contextmanager
def opening_quietly() -> Iterator[None]:
    """Keep rasterio from warning about rasters without a place: they are legal, and stay so."""
    with _OPENING, warnings.catch_warnings(), _seeing_what_lies_beside():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _seeing_what_lies_beside() -> AbstractContextManager[Any]:
    """Return what changes EMPTY_DIR of a caller's `rasterio.Env` as that of the environment is."""
    hidden = str(get_gdal_config(_LISTING)).upper() == "EMPTY_DIR"
    return rasterio.Env(**{_LISTING: "TRUE"}) if hidden else nullcontext()


def open_quietly(path: str) -> Any:
    """Open a raster for reading; GDAL's errors are the caller's to translate."""
    if _is_netcdf(path):
        return _open_netcdf(path)
    with opening_quietly():
        return rasterio.open(path)


def _open_netcdf(path: str) -> Any:
    """Open by GDAL's netCDF, lines in the order of the file where nothing tells their place.

    GDAL takes the first for the southernmost then, and turns the raster. Of what is not valid it
    makes 0 unless told otherwise; `gdal.described` reads the limits.
    """
    options = {"HONOUR_VALID_RANGE": "NO"}
    with opening_quietly():
        dataset = rasterio.open(path, **options)
        if dataset.transform != rasterio.Affine.identity():
            return dataset
        dataset.close()
        with rasterio.Env(GDAL_NETCDF_BOTTOMUP="NO"):
            return rasterio.open(path, **options)


def open_without_sidecar(path: str) -> Any:
    """Open a raster without what GDAL keeps beside it in a `.aux.xml`."""
    with rasterio.Env(GDAL_PAM_ENABLED="NO"):
        return open_quietly(path)


def _is_netcdf(path: str) -> bool:
    if path.upper().startswith("NETCDF:"):
        return True
    try:
        with open(path, "rb") as file:
            beginning = file.read(4)
    except OSError:
        return False
    hdf5 = beginning == b"\x89HDF" and path.lower().endswith((".nc", ".nc4", ".cdf", ".netcdf"))
    return hdf5 or beginning[:3] == b"CDF"


@contextmanager
def opened_in_memory(files: Mapping[str, bytes]) -> Iterator[Any]:
    """Open a small raster of several files, by name; the last one is the raster itself."""
    folder = f"hsisr-geo-{os.getpid()}-{threading.get_ident()}"
    with ExitStack() as stack:
        kept = [
            stack.enter_context(MemoryFile(content, dirname=folder, filename=name))
            for name, content in files.items()
        ]
        with opening_quietly():
            dataset = kept[-1].open()
        yield stack.enter_context(dataset)


def thread_handle(path: str, open_file: Callable[[str], Any] = open_quietly) -> Any:
    """Return this thread's open dataset of `path`, by default GDAL's.

    GDAL datasets must not be used from two threads at once. Keeping one per thread keeps
    its decoded blocks too: reading tile by tile, each strip of a pixel-interleaved file
    would else be decompressed once per tile.
    """
    handles: dict[tuple[Any, ...], Any] = _LOCAL.__dict__.setdefault("handles", {})
    # ^ the process id is in the key because a forked child shares the file position
    key = (os.getpid(), open_file, path, *_stamp(path), *_stamp(_header_of(path)))
    if key not in handles:
        while len(handles) >= _HANDLES_PER_THREAD:
            handles.pop(next(iter(handles))).close()
        handles[key] = open_file(path)
    return handles[key]


def hold_cache(memory: int | None) -> None:
    """Let GDAL's block cache and the heap take less in a run that may take so many bytes.

    None for any.

    What the user has said of it in the environment is left.
    """
    if memory is not None:
        keep_little()
    if os.environ.get("GDAL_CACHEMAX") == _CACHE_MB:
        set_gdal_config("GDAL_CACHEMAX", cache_bytes(memory))


def cache_bytes(memory: int | None) -> int:
    """Return what GDAL's block cache may take in a run that may take so many bytes; None for any.

    A number of the user's is one of MB below 100 000, as GDAL has it.
    """
    asked = os.environ.get("GDAL_CACHEMAX", _CACHE_MB)
    if asked != _CACHE_MB and asked.isdecimal():
        return int(asked) << 20 if int(asked) < 100_000 else int(asked)
    usual = int(_CACHE_MB) << 20
    return usual if memory is None else min(usual, memory // _CACHE_SHARE)


@atexit.register  # while Python still works: rasterio 1.5 prints later
def close_handles() -> None:
    """Close what this thread has open.

    A dataset of pixels side by side keeps a block of all bands, compressed and not: 50 MB of EnMAP.
    """
    handles = _LOCAL.__dict__.pop("handles", {})
    for (process, *_), handle in handles.items():
        if process == os.getpid():
            handle.close()


def _stamp(path: str) -> tuple[int, int]:
    """Tell one state of a file from the next, for paths that are files."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _header_of(path: str) -> str:
    """Return where an ENVI header would be, which says what the pixels beside it are."""
    return os.path.splitext(path)[0] + ".hdr"


def check_bands(dataset: Any, path: str) -> None:
    """Refuse rasters without bands, and of a size that cannot be."""
    if dataset.count == 0 and dataset.subdatasets:
        inside = ", ".join(dataset.subdatasets[:3])
        raise RasterError(f"{path} is a container of rasters: name one of them, e.g. {inside}")
    if dataset.count == 0:
        raise RasterError(f"{path} has no bands")
    if dataset.width < 1 or dataset.height < 1:
        raise RasterError(f"{path} says that it has {dataset.height} rows and {dataset.width} "
                          "columns: damaged, or larger than GDAL can tell")  # fmt: skip
    check_extent(dataset.count, dataset.width, path)


def check_extent(bands: int, cols: int, path: str) -> None:
    """Refuse more bands than can be written, and rows that cannot be held."""
    if bands > MAX_BANDS:
        raise RasterError(f"{path} has {bands} bands: at most {MAX_BANDS} can be processed")
    if (row := cols * bands * 4) > MAX_ROW_BYTES:
        raise RasterError(
            f"{path} is {cols} pixels wide: one row of its {bands} bands takes "
            f"{row / 1e9:.1f} GB, more than the {MAX_ROW_BYTES / 1e9:.1f} GB that can be processed"
        )


def check_numbers(dtype: str, path: str) -> None:
    """Refuse pixels that are no real numbers."""
    if "complex" in dtype or np.dtype(dtype).kind not in "iuf":
        raise RasterError(
            f"{path} holds {dtype} numbers: real ones are needed, "
            "e.g. gdal_translate DERIVED_SUBDATASET:AMPLITUDE:file amplitude.tif for complex ones"
        )


def check_envi(dataset: Any, path: str) -> str:
    """Refuse ENVI rasters that GDAL would read wrongly without a word.

    Returns
    -------
    a note where the file has room for more bands than the header tells of, else ""
    """
    header = header_beside(dataset)
    unseen = (LAYOUT_KEYS | PLACE_KEYS) & set(hidden_fields(header) if header else ())
    if unseen:
        raise RasterError(
            f"{header}: a line of over 10000 characters, or a list that begins on a line of its "
            f"own, keeps GDAL from reading {', '.join(sorted(unseen))}: break that line or move it "
            "to the end, and let the list begin behind its name"
        )
    if header is None or not os.path.isfile(path):
        return ""
    fields = envi_fields(dataset)
    size = np.dtype(dataset.dtypes[0]).itemsize
    offset = fields.get("header_offset", "0")
    if not offset.isdecimal():
        raise RasterError(f"{header}: header offset = {offset[:40]} is no number of bytes")
    band = dataset.width * dataset.height * size
    needed, found = int(offset) + band * dataset.count, os.path.getsize(path)
    if fields.get("file_compression", "0") != "0":
        return ""
    if found < needed:
        raise RasterError(f"{path} is truncated: {found} of {needed} bytes are there")
    if found < needed + band:
        return ""
    return (
        f"it has {found} bytes, of which {header.name} tells {needed}, as {dataset.dtypes[0]}: are "
        "data type, lines, samples and bands there right?"
    )


def reason(error: BaseException) -> str:
    """Return GDAL's own words: rasterio's refer to a "previous exception"."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


def open_error(path: str, error: Exception) -> RasterError:
    """Say why `path` could not be opened."""
    is_plain = not (path.startswith("/vsi") or ":" in path[2:])
    if is_plain and not os.path.exists(path):
        is_link = os.path.islink(path)
        return RasterError(
            f"{path}: {'a link to what is not there' if is_link else 'no such file'}"
        )
    if is_plain and not os.access(path, os.R_OK):
        return RasterError(f"{path}: no permission to read it")
    return RasterError(f"{path} is not a raster that GDAL can open: {error}")
