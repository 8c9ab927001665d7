"""`Format`: the seam between an output's life and what its files look like.

A format knows its files and fills them; when it is asked, from where pixels come, and when the
files get their names is not its business.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.metadata import ALPHA
from hsisr_geo.bands.radiometry import exact_nodata
from hsisr_geo.bands.truecolor import mark_colors
from hsisr_geo.cube.windows import EVERY
from hsisr_geo.output.formats.blocks import Blocks
from hsisr_geo.output.formats.summary import BandSummary, Tally
from hsisr_geo.raster.raster import Raster

AT_ONCE = 1 << 20
"""Bytes of a block that are put together and handed on at a time, where its bands lie apart."""


@dataclass(frozen=True, eq=False)
class Content:
    """What is to be written.

    Attributes
    ----------
    raster : grid, bands, tags and data type as they will be stored
    blocks : the pixels
    tags : how the raster was made, written beside the tags of the source; asked for last, as they
        may be known only when all pixels are
    tally : counts what is read of the blocks, None where nobody does
    threads : how many may read blocks and write them at the same time, where a format can
    """

    raster: Raster
    blocks: Blocks
    tags: Mapping[str, str]
    tally: Tally | None = None
    threads: int = 1

    @classmethod
    def counted(
        cls, raster: Raster, blocks: Blocks, tags: Mapping[str, str], threads: int = 1
    ) -> "Content":
        """Return a content whose blocks are counted while they are read."""
        tally = Tally(raster, blocks)
        return cls(raster, tally, tags, tally, threads)

    @property
    def summaries(self) -> tuple[BandSummary, ...]:
        """The figures of each band, complete when all blocks have been read; () uncounted."""
        return self.tally.summaries() if self.tally else ()

    def read(
        self, rows: slice, cols: slice, deep: int = 1
    ) -> Iterator[tuple[slice, NDArray[Any], NDArray[np.bool_]]]:
        """Yield a block in groups of bands: which they are, their pixels, the valid mask.

        `deep` is the number of bands that must not be parted. A mask is told by all bands at once.
        """
        whole, size = len(self.raster.bands), (rows.stop - rows.start) * (cols.stop - cols.start)
        group = at_once(self.raster, size, deep)
        if group >= whole:
            yield EVERY, *self.blocks.read(rows, cols)
            return
        for start in range(0, whole, group):
            bands = slice(start, min(start + group, whole))
            yield bands, *self.blocks.read(rows, cols, bands)

    @property
    def needs_mask(self) -> bool:
        """Whether pixels without a value can be told only by the blocks' valid masks."""
        return needs_mask(self.raster)


class Format(Protocol):
    """A way to store a raster, its choices made."""

    @property
    def name(self) -> str:
        """What users call it: one of the names of `--format`."""

    @property
    def media_type(self) -> str:
        """What the web calls it."""

    @property
    def block(self) -> int | None:
        """Side of the blocks that it wants, None for any."""

    def deep(self, bands: int) -> int:
        """Return how many of so many bands lie together: what is written for itself."""

    def stored(self, raster: Raster) -> Raster:
        """Return the raster as it can be stored: nodata, bands' colours, data type."""

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse, before any work, what cannot be stored so.

        Raises
        ------
        OutputError : naming `path`, and what to do
        """

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


def as_stored(raster: Raster) -> Raster:
    """Return a raster as GDAL's formats keep it: one nodata value, bands marked as colours."""
    nodata = exact_nodata(raster.bands.nodata, raster.dtype)
    if nodata is None and raster.has_mask and raster.dtype[0] == "f" and not _has_alpha(raster):
        nodata = math.nan  # which holes are anyway; unsaid, GDAL would take them for values
    bands = Bands(tuple(replace(band, nodata=nodata) for band in raster.bands))
    return replace(raster, bands=mark_colors(bands))


def at_once(raster: Raster, pixels: int, deep: int) -> int:
    """Return how many bands of a block of so many pixels are put together at a time."""
    if needs_mask(raster):
        return len(raster.bands)
    plane = pixels * np.dtype(raster.dtype).itemsize
    return min(len(raster.bands), max(1, AT_ONCE // (plane * deep)) * deep)


def needs_mask(raster: Raster) -> bool:
    """Whether a raster has pixels without a value that no stored number can tell."""
    no_number = raster.bands.nodata is None and raster.dtype[0] != "f"
    return raster.has_mask and not _has_alpha(raster) and no_number


def _has_alpha(raster: Raster) -> bool:
    return any(band.color == ALPHA for band in raster.bands)
