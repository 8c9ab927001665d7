"""GeoTIFF: tiled, bands apart, compressed with a predictor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.creation import refuse, try_options
from hsisr_geo.output.formats.dataset import sidecars, write_dataset
from hsisr_geo.output.formats.format import Content, Format, as_stored
from hsisr_geo.raster.datasets import open_quietly, opening_quietly
from hsisr_geo.raster.raster import Raster
from hsisr_geo.threads import cores

_CLASSIC_BYTES = 2**32  # what offsets of 32 bits reach
_LOSSY = "would change the numbers, and the recorded consistency would not be theirs"
_BESIDE = "would write a second file, which the first does not need"
# What contradicts the way a raster is written here: the values that may be given, and why no other.
_RULES: dict[str, tuple[tuple[str, ...], str]] = {
    "ALPHA": ((), "would make a band a mask; SRC tells which bands are masks"),
    "COPY_SRC_OVERVIEWS": ((), "has no meaning here; --format cog makes overviews"),
    "DISCARD_LSB": ((), _LOSSY),
    "MAX_Z_ERROR": (("0",), _LOSSY),
    "MAX_Z_ERROR_OVERVIEW": (("0",), _LOSSY),
    "NBITS": ((), _LOSSY),
    "JXL_LOSSLESS": (("YES",), _LOSSY),
    "PHOTOMETRIC": (("MINISBLACK",), "would name bands as colours; their wavelengths do"),
    "PIXELTYPE": ((), "would change the data type"),
    "PROFILE": (("GDALGEOTIFF",), "would leave out wavelengths and provenance"),
    "RPB": (("NO",), _BESIDE),
    "RPCTXT": (("NO",), _BESIDE),
    "SPARSE_OK": (("FALSE", "NO"), "would hide that a full disk lost pixels"),
    "STREAMABLE_OUTPUT": (("NO", "FALSE"), "needs pixels in an order that they do not have"),
    "TFW": (("NO",), _BESIDE),
    "TILED": (("YES", "TRUE"), "would make strips; blocks are square here"),
}
_LOSSY_CODECS = ("JPEG", "WEBP")
_PREDICTED = ("LZW", "DEFLATE", "ZSTD")


@dataclass(frozen=True)
class GeoTiff:
    """A GeoTIFF.

    Parameters
    ----------
    creation : GDAL's creation options in place of ours: ZSTD (where GDAL has it, else DEFLATE) with
        a predictor, bands apart, blocks of 256 pixels
    """

    creation: Mapping[str, str] = field(default_factory=dict, hash=False)

    name = "gtiff"
    media_type = "image/tiff; application=geotiff"

    @property
    def block(self) -> int | None:
        """Side of a block, if it was asked for."""
        return int(self.creation["BLOCKXSIZE"]) if "BLOCKXSIZE" in self.creation else None

    def deep(self, bands: int) -> int:
        """Return one, or all of an interleaved file."""
        return 1 if self.creation.get("INTERLEAVE", "BAND").upper() == "BAND" else bands

    def stored(self, raster: Raster) -> Raster:
        """Return the raster with one nodata value, bands marked as colours."""
        return as_stored(raster)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse options that GDAL does not know, and those that contradict how it is written."""
        for name, value in self.creation.items():
            allowed, why = _RULES.get(name, ((value.upper(),), ""))
            if value.upper() not in allowed:
                raise refuse(path, name, value, why)
        if self.creation.get("COMPRESS", "").upper() in _LOSSY_CODECS:
            raise refuse(path, "COMPRESS", self.creation["COMPRESS"], _LOSSY)
        self._check_blocks(path)
        self._check_size(path, raster)
        if self.creation:
            try_options(path, self.profile(raster.dtype, self.block or 256), raster.dtype)

    def files(self, path: Path) -> list[Path]:
        """Return the one file."""
        return [path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return GDAL's."""
        return sidecars(path)

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make the file and check that all of it is there."""
        profile = self.profile(content.raster.dtype, content.blocks.block, content.threads)
        write_dataset(part, content, profile, self.deep(len(content.raster.bands)))
        check_complete(part)

    def profile(self, dtype: str, block: int, threads: int = 1) -> dict[str, Any]:
        """Return driver and creation options for rasterio.

        One thread writes the file; GDAL's compress blocks for it: `threads` of them, or as many as
        there are cores.
        """
        threads = max(threads, cores())
        profile: dict[str, Any] = {
            "tiled": "YES",
            "blockxsize": block,
            "blockysize": block,
            "interleave": "BAND",
            "photometric": "MINISBLACK",  # else GDAL takes three bands of bytes for colours
            "bigtiff": "IF_SAFER",
            "compress": "ZSTD" if _has_zstd() else "DEFLATE",
        }
        profile |= {name.lower(): value for name, value in self.creation.items()}
        profile |= {"blockxsize": block, "blockysize": block}  # a small raster's blocks are smaller
        compress = profile["compress"].upper()
        if compress in _PREDICTED:
            profile.setdefault("predictor", "3" if dtype[0] == "f" else "2")
        if compress == "ZSTD":
            # 3 takes half as long again for at most 1.5 % less
            profile.setdefault("zstd_level", "2")
        if threads > 1:
            profile.setdefault("num_threads", str(threads))
        return {"driver": "GTiff", **profile}

    def _check_blocks(self, path: Path) -> None:
        sides = [self.creation.get(name) for name in ("BLOCKXSIZE", "BLOCKYSIZE")]
        if sides == [None, None]:
            return
        side = sides[0] or ""
        if sides[0] != sides[1] or not side.isdigit() or int(side) % 16 or int(side) == 0:
            raise OutputError(
                f"{path}: give BLOCKXSIZE and BLOCKYSIZE the same value, a multiple of 16"
            )

    def _check_size(self, path: Path, raster: Raster) -> None:
        size = raster.rows * raster.cols * len(raster.bands) * np.dtype(raster.dtype).itemsize
        if self.creation.get("BIGTIFF", "").upper() == "NO" and size >= _CLASSIC_BYTES:
            why = f"holds 4 GiB, and these are {size / 2**30:.1f} GiB before compression"
            raise refuse(path, "BIGTIFF", "NO", why)


@cache
def _has_zstd() -> bool:
    try:
        with opening_quietly(), MemoryFile() as memory:
            size = {"width": 1, "height": 1, "count": 1, "dtype": "uint8"}
            memory.open(driver="GTiff", compress="zstd", **size).close()
    except RasterioError:
        return False
    return True


def check_complete(part: Path) -> None:
    """Refuse a closed file that lacks pixels: GDAL need not tell that the disk was full."""
    size = part.stat().st_size
    try:
        with open_quietly(str(part)) as dataset:
            whole = all(0 < end <= size for end in _block_ends(dataset))
    except RasterioError:  # the list of blocks comes last, and is not there
        whole = False
    if not whole:
        raise OSError("the disk is full, or does not take files of that size")


def _block_ends(dataset: Any) -> Iterator[int]:
    """Yield where in the file each block of a GeoTIFF ends, 0 for one that is not there."""
    height, width = dataset.block_shapes[0]
    for row in range(-(-dataset.height // height)):
        for col in range(-(-dataset.width // width)):
            for number in dataset.indexes:
                offset = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=number)
                length = dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=number)
                yield int(offset or 0) + int(length) if length else 0


_: type[Format] = GeoTiff
