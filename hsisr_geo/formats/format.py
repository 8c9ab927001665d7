"""What a format is: the seam between an output's life and what its files look like.

A format knows its files and fills them; when it is asked, from where pixels come, and when the
files get their names is not its business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.raster import Raster


class Blocks(Protocol):
    """Where the pixels of a raster come from: blocks that do not overlap, in a fixed order."""

    @property
    def block(self) -> int:
        """Side of a block in pixels, a multiple of 16."""

    def blocks(self, shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks (rows, cols) of a raster of `shape`, row by row."""

    def read(self, rows: slice, cols: slice) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return stored numbers (band, row, col) and valid mask (row, col) of a block."""


@dataclass(frozen=True, eq=False)
class Content:
    """What is to be written.

    Attributes
    ----------
    raster : grid, bands, tags and data type as they will be stored
    blocks : the pixels
    tags : how the raster was made, written beside the tags of the source
    needs_mask : which pixels have no value can be told only by the blocks' valid masks
    """

    raster: Raster
    blocks: Blocks
    tags: Mapping[str, str]
    needs_mask: bool = False


class Format(Protocol):
    """A way to store a raster, its choices made."""

    @property
    def name(self) -> str:
        """GDAL's short name of the driver that reads it."""

    @property
    def holds_masks(self) -> bool:
        """Whether a raster's mask can be kept."""

    def files(self, path: Path) -> list[Path]:
        """Return what makes up the raster at `path`: files or folders, itself last."""

    def sidecars(self, path: Path) -> list[Path]:
        """Return what else may come with it, or with an older raster of that name."""

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make the raster at `part`, which will be moved to `file`; on the same disk.

        Raises
        ------
        OSError, ValueError, RasterioError : it could not be made, or not completely
        """
