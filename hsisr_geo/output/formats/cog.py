"""Cloud Optimized GeoTIFF: directories first, overviews by averaging, bands apart.

Made by GDAL's GTiff driver from a finished GeoTIFF with overviews, not by its COG driver: that one
interleaves bands pixel by pixel before GDAL 3.11, and to read one band of 224 over a network would
mean to fetch all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.shutil import copy as copy_dataset

from hsisr_geo.errors import OutputError
from hsisr_geo.files import remove
from hsisr_geo.output.formats.dataset import sidecars
from hsisr_geo.output.formats.format import Content, Format, as_stored
from hsisr_geo.output.formats.geotiff import GeoTiff, check_complete
from hsisr_geo.paths import refusal
from hsisr_geo.raster.datasets import GDAL_ERRORS, open_quietly, opening_quietly
from hsisr_geo.raster.raster import Raster

_RESAMPLINGS = (
    "AVERAGE", "NEAREST", "BILINEAR", "CUBIC", "CUBIC_SPLINE", "LANCZOS", "GAUSS", "MODE", "RMS",
)  # fmt: skip
_OVERVIEW_RESAMPLING = "OVERVIEW_RESAMPLING"


@dataclass(frozen=True)
class Cog:
    """A Cloud Optimized GeoTIFF.

    Parameters
    ----------
    creation : those of a GeoTIFF, and OVERVIEW_RESAMPLING, AVERAGE by default
    """

    creation: Mapping[str, str] = field(default_factory=dict, hash=False)

    name = "cog"
    media_type = "image/tiff; application=geotiff; profile=cloud-optimized"

    @property
    def block(self) -> int | None:
        """Side of a block, if it was asked for."""
        return self._tiff.block

    @property
    def _tiff(self) -> GeoTiff:
        own = {name: value for name, value in self.creation.items() if name != _OVERVIEW_RESAMPLING}
        return GeoTiff(own)

    @property
    def _resampling(self) -> str:
        return self.creation.get(_OVERVIEW_RESAMPLING, "AVERAGE").upper()

    def deep(self, bands: int) -> int:
        """Return that of a GeoTIFF."""
        return self._tiff.deep(bands)

    def stored(self, raster: Raster) -> Raster:
        """Return the raster with one nodata value, bands marked as colours."""
        return as_stored(raster)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse what a GeoTIFF would, and unknown resamplings."""
        if self._resampling not in _RESAMPLINGS:
            known = ", ".join(_RESAMPLINGS)
            raise OutputError(f"{path}: {_OVERVIEW_RESAMPLING} must be one of {known}")
        self._tiff.check(path, raster)

    def files(self, path: Path) -> list[Path]:
        """Return the one file."""
        return [path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return GDAL's."""
        return sidecars(path)

    def copy_size(self, raster: Raster) -> int:
        """Return the bytes of the second copy and its overviews, before compression."""
        pixel = len(raster.bands) * np.dtype(raster.dtype).itemsize
        return raster.rows * raster.cols * pixel * 4 // 3  # a quarter, and a quarter of that ...

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make a GeoTIFF and its overviews, and lay them out anew."""
        plain = part.with_suffix(".plain.tif")  # its name goes with the hidden one if we are killed
        profile = self._tiff.profile(content.raster.dtype, content.blocks.block, content.threads)
        try:
            self._tiff.write(plain, file, _with_imagery_tags(content))
            with rasterio.Env(**_overview_settings(profile)), opening_quietly():
                with rasterio.open(plain, "r+") as dataset:
                    factors = _factors(content.raster.shape, content.blocks.block)
                    dataset.build_overviews(factors, Resampling[self._resampling.lower()])
                copy_dataset(plain, part, copy_src_overviews="YES", **profile)
        except (*GDAL_ERRORS, OSError) as error:  # the disk is asked while what filled it is there
            size = plain.stat().st_size if plain.exists() else 0
            if told := refusal(part.parent, size):
                raise OutputError(f"{file}: cannot be written: {told}") from error
            raise
        finally:
            for leftover in (plain, *sidecars(plain)):
                remove(leftover)
        check_complete(part)
        _check_overviews(part)


def _with_imagery_tags(content: Content) -> Content:
    """Repeat the file's IMAGERY tags (when and by what it was taken) among the plain ones.

    GDAL copies all domains of a file but that one.
    """
    tags = content.raster.tags
    plain = {**tags.get("IMAGERY", {}), **tags.get("", {})}
    return replace(content, raster=replace(content.raster, tags={**tags, "": plain}))


def _factors(shape: tuple[int, int], block: int) -> list[int]:
    """Halve until all fits in a block."""
    factors = [2]
    while max(shape) > block * factors[-1]:
        factors.append(2 * factors[-1])
    return factors if max(shape) > block else []


def _overview_settings(profile: Mapping[str, object]) -> dict[str, str]:
    """Return GDAL's settings that make overviews like the raster itself."""
    settings = {
        "GDAL_TIFF_INTERNAL_MASK": "YES",
        "COMPRESS_OVERVIEW": profile["compress"],
        "PREDICTOR_OVERVIEW": profile.get("predictor"),
        "ZSTD_LEVEL_OVERVIEW": profile.get("zstd_level"),
        "ZLEVEL_OVERVIEW": profile.get("zlevel"),
        "INTERLEAVE_OVERVIEW": profile["interleave"],
        "GDAL_TIFF_OVR_BLOCKSIZE": profile["blockxsize"],
    }
    return {name: str(value) for name, value in settings.items() if value is not None}


def _check_overviews(part: Path) -> None:
    """Refuse a file that lacks overviews' pixels: GDAL need not tell that the disk was full."""
    with open_quietly(str(part)) as dataset:
        levels = len(dataset.overviews(1))
    for level in range(levels):
        with opening_quietly(), rasterio.open(part, overview_level=level) as overview:
            try:
                overview.read(overview.count)
            except rasterio.errors.RasterioIOError as error:
                raise OSError("the disk is full, or does not take files of that size") from error


_: type[Format] = Cog
