"""GeoTIFF: tiled, bands apart, compressed with a predictor."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from hsisr_geo.datasets import open_quietly, opening_quietly
from hsisr_geo.formats.dataset import sidecars, write_dataset
from hsisr_geo.formats.format import Content, Format


@dataclass(frozen=True)
class GeoTiff:
    """A GeoTIFF.

    Parameters
    ----------
    compress : "zstd" (where GDAL has it, else "deflate"), "deflate", "lzw" or "none"
    """

    compress: str = "zstd"

    name = "GTiff"
    holds_masks = True

    def files(self, path: Path) -> list[Path]:
        """Return the one file."""
        return [path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return GDAL's."""
        return sidecars(path)

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make the file and check that all of it is there."""
        write_dataset(part, content, self._profile(content))
        _check_complete(part)

    def _profile(self, content: Content) -> dict[str, Any]:
        compress = self.compress
        if compress == "zstd" and not _has_zstd():
            compress = "deflate"
        profile: dict[str, Any] = {}
        if compress == "zstd":
            profile |= {"zstd_level": 3}  # GDAL's 9 takes 4 times as long for 4 % less
        if compress != "none":
            profile |= {"predictor": 3 if content.raster.dtype[0] == "f" else 2}
        return profile | {
            "driver": self.name,
            "compress": compress,
            "tiled": True,
            "blockxsize": content.blocks.block,
            "blockysize": content.blocks.block,
            "interleave": "band",
            "photometric": "minisblack",  # else GDAL takes three bands of bytes for colours
            "bigtiff": "if_safer",
        }


@cache
def _has_zstd() -> bool:
    try:
        with opening_quietly(), MemoryFile() as memory:
            size = {"width": 1, "height": 1, "count": 1, "dtype": "uint8"}
            memory.open(driver="GTiff", compress="zstd", **size).close()
    except RasterioError:
        return False
    return True


def _check_complete(part: Path) -> None:
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
