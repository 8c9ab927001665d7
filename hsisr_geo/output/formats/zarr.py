"""Zarr: a folder of chunks with CF coordinates, which xarray and GDAL open with place and bands.

Version 2 of the format, as GDAL before 3.11 cannot read what version 3 writes. The dimensions are
(wavelength, y, x), or (band, y, x) where not all wavelengths are known or two are the same.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from hsisr_geo.bands.bands import Bands
from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.blocks import for_each
from hsisr_geo.output.formats.creation import refuse
from hsisr_geo.output.formats.format import Content, Format, as_stored, needs_mask
from hsisr_geo.output.formats.zarr_coordinates import Coordinates
from hsisr_geo.raster.raster import Raster

CUBE = "cube"
_CODECS = ("BLOSC", "ZSTD", "ZLIB", "NONE")
_BANDS_PER_CHUNK = 32  # with blocks of 256 pixels: 4 MB of 16 bits, 8 MB of 32
_MARKS = (".zgroup", ".zarray", "zarr.json")


@dataclass(frozen=True)
class Zarr:
    """A Zarr group of one cube and its coordinates.

    Parameters
    ----------
    creation : COMPRESS=BLOSC (the default), ZSTD, ZLIB or NONE; BLOCKSIZE=bands,rows,cols of a
        chunk, with as many rows as columns
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

    def stored(self, raster: Raster) -> Raster:
        """Return the raster with one scale and one way to tell holes, as CF has no other.

        Where bands differ, or only a mask tells the holes, it is float32 in physical values.
        """
        stored = as_stored(raster)
        pairs = {(band.scale, band.offset) for band in stored.bands}
        if len(pairs) == 1 and not needs_mask(stored):
            return stored
        plain = (replace(b, scale=1.0, offset=0.0, nodata=math.nan) for b in stored.bands)
        return replace(stored, dtype="float32", bands=Bands(tuple(plain)), has_mask=False)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse places that CF coordinates cannot tell, unknown options, and a missing library."""
        _import_zarr(path)
        for name, value in self.creation.items():
            if name not in ("COMPRESS", "BLOCKSIZE"):
                raise refuse(path, name, value, "is none of COMPRESS and BLOCKSIZE, which Zarr has")
        self._check_values(path)
        transform = raster.transform
        if raster.has_transform and (transform.b or transform.d):
            raise OutputError(f"{path}: Zarr cannot tell the place of a rotated grid: use GeoTIFF")
        if not raster.has_transform and (raster.gcps or raster.rpcs):
            raise OutputError(f"{path}: Zarr cannot hold control points or RPCs: use GeoTIFF")

    def _check_values(self, path: Path) -> None:
        compress = self.creation.get("COMPRESS", "BLOSC")
        if compress.upper() not in _CODECS:
            raise refuse(path, "COMPRESS", compress, f"is none of {', '.join(_CODECS)}")
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
        group = zarr.open_group(str(part), mode="w-", zarr_format=2)
        coordinates = Coordinates(content.raster)
        coordinates.write(group)
        cube = self._create_cube(group, content)

        def write(block: tuple[slice, slice]) -> None:
            rows, cols = block
            cube[:, rows, cols] = content.blocks.read(rows, cols)[0]

        for_each(write, content.blocks.blocks(content.raster.shape), content.threads)
        cube.attrs.update(_cube_attributes(content, coordinates.dimension))
        group.attrs.update(_plain_tags(content))
        zarr.consolidate_metadata(group.store, zarr_format=2)

    def _create_cube(self, group: Any, content: Content) -> Any:
        raster, block = content.raster, content.blocks.block
        deep = self._sizes[0] if self._sizes else _BANDS_PER_CHUNK
        shape = (len(raster.bands), *raster.shape)
        return group.create_array(
            CUBE,
            shape=shape,
            chunks=(min(deep, shape[0]), min(block, shape[1]), min(block, shape[2])),
            dtype=raster.dtype,
            compressors=self._codec(),
            fill_value=raster.bands.nodata,
        )

    def _codec(self) -> Any:
        import numcodecs  # comes with zarr

        codecs: dict[str, Callable[[], Any]] = {
            "BLOSC": lambda: numcodecs.Blosc("zstd", clevel=3, shuffle=numcodecs.Blosc.SHUFFLE),
            "ZSTD": lambda: numcodecs.Zstd(level=3),
            "ZLIB": lambda: numcodecs.Zlib(level=6),
            "NONE": lambda: None,
        }
        return codecs[self.creation.get("COMPRESS", "BLOSC").upper()]()


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


def _cube_attributes(content: Content, dimension: str) -> dict[str, Any]:
    raster = content.raster
    first = raster.bands[0]
    attributes: dict[str, Any] = {
        "_ARRAY_DIMENSIONS": [dimension, "y", "x"],
        "grid_mapping": "spatial_ref",
        **_plain_tags(content),
    }
    if (first.scale, first.offset) != (1.0, 0.0):
        attributes |= {"scale_factor": first.scale, "add_offset": first.offset}
    if first.unit and len({band.unit for band in raster.bands}) == 1:
        attributes["units"] = first.unit
    return attributes


def _plain_tags(content: Content) -> dict[str, str]:
    """Return the tags of the file; those of other domains as DOMAIN:NAME."""
    tags = dict(content.tags)
    for domain, items in content.raster.tags.items():
        tags |= {f"{domain}:{name}" if domain else name: text for name, text in items.items()}
    return tags


_: type[Format] = Zarr
