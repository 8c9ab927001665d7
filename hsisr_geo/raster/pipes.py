"""Rasters through pipes: a stream kept in a file, a file sent in the order that its reader needs.

GDAL's `/vsistdin/` goes forward only. It can read a GeoTIFF whose directory comes first and whose
pixels come row by row, all bands together; ours has its bands one after the other, in blocks. What
we read ourselves, we read more than once: so a raster that arrives is kept in a file.
"""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

import rasterio
import rasterio.shutil
from rasterio.errors import RasterioError

from hsisr_geo.errors import OutputError, RasterError
from hsisr_geo.raster.datasets import open_quietly, opening_quietly, reason

STRIP_ROWS = 16
_WITH_PREDICTOR = ("zstd", "deflate", "lzw")
_CHUNK_BYTES = 1 << 20


def is_stdin(name: str | os.PathLike[str]) -> bool:
    """Tell whether a name stands for standard input: `-`, or GDAL's with its options."""
    name = os.fspath(name)
    return name == "-" or name.startswith(("/vsistdin/", "/vsistdin?"))


def is_stdout(name: str | os.PathLike[str]) -> bool:
    """Tell whether a name stands for standard output: `-`, or GDAL's."""
    return os.fspath(name) in ("-", "/vsistdout/")


def receive(stream: BinaryIO, folder: Path) -> Path:
    """Keep what comes through a stream in a file, "stdin", of a folder.

    Raises
    ------
    RasterError : nothing came, or there is no room for it
    """
    path = folder / "stdin"
    try:
        with open(path, "wb") as file:
            shutil.copyfileobj(stream, file, _CHUNK_BYTES)
    except OSError as error:
        raise RasterError(f"stdin: cannot be kept in {folder}: {error.strerror}") from error
    if path.stat().st_size == 0:
        raise RasterError("stdin: no raster came: did the command before it fail?")
    return path


def send(path: Path, stream: BinaryIO, *, as_it_is: bool = False) -> None:
    """Send a GeoTIFF through a stream, in the order in which `/vsistdin/` can read it.

    `as_it_is` sends it byte for byte instead: a COG would not be one in another order.

    Raises
    ------
    OutputError : no room for the reordered copy beside it, or the stream does not take it
    BrokenPipeError : the reader has gone
    """
    ordered = path if as_it_is else _reordered(path)
    try:
        with open(ordered, "rb") as file:
            shutil.copyfileobj(file, stream, _CHUNK_BYTES)
        stream.flush()
    except BrokenPipeError:
        raise  # nobody is left to be told
    except OSError as error:
        raise OutputError(f"stdout: cannot be written: {error.strerror}") from error


def _reordered(path: Path) -> Path:
    """Copy a GeoTIFF into strips of all bands, its directory first."""
    copy = path.with_name(f"streamable-{path.name}")
    with open_quietly(str(path)) as dataset:
        compress, dtype = dataset.profile.get("compress", "none"), dataset.dtypes[0]
    kept = {"compress": compress}
    if compress in _WITH_PREDICTOR:
        kept["predictor"] = "3" if dtype[0] == "f" else "2"
    try:
        with opening_quietly(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            rasterio.shutil.copy(
                str(path),
                str(copy),
                driver="GTiff",
                interleave="pixel",
                tiled="no",
                blockysize=STRIP_ROWS,
                bigtiff="if_safer",
                **kept,
            )
    except RasterioError as error:
        raise OutputError(f"stdout: cannot be prepared: {reason(error)}") from error
    return copy
