"""Zarr: a folder of chunks with CF coordinates, which xarray and GDAL open with place and bands.

Version 2 of the format unless another is asked for, as GDAL before 3.11 cannot read what version 3
writes. The dimensions are (wavelength, y, x), or (band, y, x) where not all wavelengths are known
or two are the same. A shard of version 3 is what is written at once: all bands of a block.
"""

import base64
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.blocks import for_each
from hsisr_geo.output.formats.cf_cube import (
    CUBE,
    as_cf,
    band_dimension,
    check_place,
    coordinates,
    cube_attributes,
    plain_tags,
    variables,
)
from hsisr_geo.output.formats.creation import refuse
from hsisr_geo.output.formats.format import Content, Format
from hsisr_geo.raster.raster import Raster

_CODECS = ("BLOSC", "ZSTD", "ZLIB", "NONE")
_CHOICES = {"COMPRESS": _CODECS, "VERSION": ("2", "3"), "SHARDS": ("YES", "NO")}
_BANDS_PER_CHUNK = 32  # with blocks of 256 pixels: 4 MB of 16 bits, 8 MB of 32
_REST_S = 10  # the loop is everybody's in this process
_MARKS = (".zgroup", ".zarray", "zarr.json")


@dataclass(frozen=True)
class Zarr:
    """A Zarr group of one cube and its coordinates.

    Parameters
    ----------
    creation : COMPRESS=BLOSC (the default), ZSTD, ZLIB or NONE; BLOCKSIZE=bands,rows,cols of a
        chunk, with as many rows as columns; VERSION=2 (the default) or 3; SHARDS=YES, of version 3
    """

    creation: Mapping[str, str] = field(default_factory=dict, hash=False)

    name = "zarr"
    media_type = "application/vnd+zarr"

    @property
    def block(self) -> int | None:
        """Side of a chunk, if it was asked for."""
        sizes = self._sizes
        return sizes[1] if sizes else None

    @property
    def _sizes(self) -> list[int] | None:
        text = self.creation.get("BLOCKSIZE")
        return [int(size) for size in text.split(",")] if text else None

    @property
    def _version(self) -> int:
        return int(self.creation.get("VERSION", "2"))

    @property
    def _sharded(self) -> bool:
        return self.creation.get("SHARDS", "NO").upper() == "YES"

    def deep(self, bands: int) -> int:
        """Return the bands of a chunk, or of a shard."""
        return bands if self._sharded else self._chunk(bands)

    def _chunk(self, bands: int) -> int:
        return min(self._sizes[0] if self._sizes else _BANDS_PER_CHUNK, bands)

    def stored(self, raster: Raster) -> Raster:
        """Return the raster as CF can tell it."""
        return as_cf(raster)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse places that CF coordinates cannot tell, unknown options, and a missing library."""
        _import_zarr(path)
        for name, value in self.creation.items():
            if name not in (*_CHOICES, "BLOCKSIZE"):
                known = ", ".join((*_CHOICES, "BLOCKSIZE"))
                raise refuse(path, name, value, f"is none of {known}, which Zarr has")
        self._check_values(path)
        check_place(path, raster, "Zarr")

    def _check_values(self, path: Path) -> None:
        for name, choices in _CHOICES.items():
            value = self.creation.get(name, choices[0])
            if value.upper() not in choices:
                raise refuse(path, name, value, f"is none of {', '.join(choices)}")
        if self._sharded and self._version == 2:
            raise refuse(path, "SHARDS", "YES", "needs VERSION=3")
        text = self.creation.get("BLOCKSIZE", "1,16,16")
        sizes = text.split(",")
        good = len(sizes) == 3 and all(s.strip().isdigit() and int(s) for s in sizes)
        if not good or int(sizes[1]) != int(sizes[2]) or int(sizes[1]) % 16:
            why = "must be bands,rows,cols with rows equal to cols and a multiple of 16"
            raise refuse(path, "BLOCKSIZE", text, why)

    def files(self, path: Path) -> list[Path]:
        """Return the folder."""
        return [path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return none: all is in the folder."""
        return []

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make the folder; chunks are as wide as blocks, so threads never share one."""
        zarr = _import_zarr(file)
        with _rest_after_an_error():
            self._write(zarr, part, content)

    def _write(self, zarr: Any, part: Path, content: Content) -> None:
        group = zarr.open_group(str(part), mode="w-", zarr_format=self._version)
        for variable in variables(content.raster):
            values = variable.values
            array = self._create(
                group, variable.name, variable.dimensions, shape=values.shape, dtype=values.dtype,
                chunks=values.shape, compressors=None,
            )  # fmt: skip
            array[...] = values
            array.attrs.update(variable.attributes)
        told = {"Conventions": "CF-1.8", "coordinates": coordinates(content.raster)}
        group.attrs.update(told)
        cube = self._create_cube(group, content)
        deep = self.deep(len(content.raster.bands))

        def write(block: tuple[slice, slice]) -> None:
            rows, cols = block
            for bands, dn, _ in content.read(rows, cols, deep):
                cube[bands, rows, cols] = dn

        for_each(write, content.blocks.blocks(content.raster.shape), content.threads)
        cube.attrs.update(cube_attributes(content))
        group.attrs.update(plain_tags(content))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # version 3 has no word for it yet; xarray looks for it
            zarr.consolidate_metadata(group.store, zarr_format=self._version)

    def _create_cube(self, group: Any, content: Content) -> Any:
        raster, block = content.raster, content.blocks.block
        shape = (len(raster.bands), *raster.shape)
        chunks = (self._chunk(shape[0]), min(block, shape[1]), min(block, shape[2]))
        more = {}
        if self._sharded:
            more["shards"] = (-(-shape[0] // chunks[0]) * chunks[0], *chunks[1:])
        nodata = raster.bands.nodata
        cube = self._create(
            group, CUBE, (band_dimension(raster), "y", "x"), shape=shape, dtype=raster.dtype,
            chunks=chunks, compressors=self._codec(), fill_value=nodata, **more,
        )  # fmt: skip
        if self._version == 3 and nodata is not None:
            cube.attrs["_FillValue"] = _as_attribute(nodata, raster.dtype)
        return cube

    def _create(self, group: Any, name: str, dimensions: tuple[str, ...], **how: Any) -> Any:
        """Create an array whose axes have names, where that version keeps them."""
        if self._version == 3:
            if np.dtype(how["dtype"]).kind == "U":
                how["dtype"] = str  # of any length: a fixed one has no place in version 3
            if how.get("fill_value") is None:
                how["fill_value"] = np.zeros((), how["dtype"]).item()
            return group.create_array(name, dimension_names=list(dimensions), **how)
        array = group.create_array(name, **{"fill_value": None, **how})
        array.attrs["_ARRAY_DIMENSIONS"] = list(dimensions)
        return array

    def _codec(self) -> Any:
        import numcodecs  # comes with zarr

        name = self.creation.get("COMPRESS", "BLOSC").upper()
        if self._version == 3:
            own = import_module("zarr.codecs")
            codecs: dict[str, Callable[[], Any]] = {
                "BLOSC": lambda: own.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
                "ZSTD": lambda: own.ZstdCodec(level=3),
                "ZLIB": lambda: own.GzipCodec(level=6),
                "NONE": lambda: None,
            }
            return codecs[name]()
        codecs = {
            "BLOSC": lambda: numcodecs.Blosc("zstd", clevel=3, shuffle=numcodecs.Blosc.SHUFFLE),
            "ZSTD": lambda: numcodecs.Zstd(level=3),
            "ZLIB": lambda: numcodecs.Zlib(level=6),
            "NONE": lambda: None,
        }
        return codecs[name]()


@contextmanager
def _rest_after_an_error() -> Iterator[None]:
    """Let an error wait for what zarr is still writing.

    It writes several things side by side, and would make the folder again that went with the error.
    """
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the loop has no public name
            import_module("zarr.core.sync").sync(_others_done())
        raise


async def _others_done() -> None:
    import asyncio  # which takes 30 ms, of every start

    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=_REST_S)


def _as_attribute(nodata: float, dtype: str) -> Any:
    """Return a fill value as xarray writes it in version 3: floats as base64 of eight bytes."""
    if np.dtype(dtype).kind == "f":
        return base64.standard_b64encode(struct.pack("<d", nodata)).decode()
    return int(nodata)


def is_zarr(path: Path) -> bool:
    """Whether a folder holds a Zarr group or array."""
    return any((path / mark).exists() for mark in _MARKS)


def _import_zarr(path: Path) -> Any:
    try:
        zarr: Any = import_module("zarr")
    except ModuleNotFoundError:
        zarr = None
    if zarr is None or int(zarr.__version__.split(".")[0]) < 3:
        raise OutputError(
            f"{path}: writing Zarr needs the package zarr, version 3 or newer (Python 3.11 or "
            "newer): pip install 'hsisr-geo[zarr]'"
        )
    return zarr


_: type[Format] = Zarr
