"""ENVI: raw numbers, band after band, and a header beside them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsisr_geo.formats.dataset import sidecars, write_dataset
from hsisr_geo.formats.format import Content, Format
from hsisr_geo.raster import Raster


@dataclass(frozen=True)
class Envi:
    """An ENVI raster with its header."""

    name = "ENVI"
    holds_masks = False

    def files(self, path: Path) -> list[Path]:
        """Return the header and the raster."""
        return [path.with_suffix(".hdr"), path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return GDAL's."""
        return sidecars(path)

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make both files and check that all pixels are there."""
        write_dataset(part, content, {"driver": self.name, "interleave": "bsq"})
        _check_complete(part, content.raster)
        header = part.with_suffix(".hdr")  # GDAL put the name of the file in its description
        header.write_text(header.read_text().replace(str(part), file.name))


def _check_complete(part: Path, raster: Raster) -> None:
    """Refuse a closed file that lacks pixels: GDAL need not tell that the disk was full."""
    pixel = len(raster.bands) * np.dtype(raster.dtype).itemsize
    if part.stat().st_size < raster.rows * raster.cols * pixel:
        raise OSError("the disk is full, or does not take files of that size")


_: type[Format] = Envi
