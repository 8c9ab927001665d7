"""ENVI: raw numbers and a header beside them that says all that ENVI readers ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo.bands.bands import Bands
from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.creation import refuse, try_options
from hsisr_geo.output.formats.dataset import sidecars, write_dataset
from hsisr_geo.output.formats.format import Content, Format, as_stored, needs_mask
from hsisr_geo.raster.facts.acquisition import iso
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.place.envi_crs import with_the_foot_of
from hsisr_geo.raster.place.gcp import corners_first
from hsisr_geo.raster.raster import Raster

_LARGEST_FACTOR = 1e6
_TYPES = frozenset(
    ("uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
)
_LONG = ("int64", "uint64")
_PLACED = 1e-9  # of a pixel


def _is_held(grid: Affine) -> bool:
    """Whether GDAL reads a grid out of `map info` as it was: upright, or rotated and square."""
    size = max(abs(v) for v in (grid.a, grid.b, grid.d, grid.e))
    if max(abs(grid.b), abs(grid.d)) <= _PLACED * size and grid.a > 0:
        return True
    turned = abs(grid.a + grid.e) <= _PLACED * size and abs(grid.b - grid.d) <= _PLACED * size
    return turned


@dataclass(frozen=True)
class Envi:
    """An ENVI raster with its header.

    Parameters
    ----------
    creation : INTERLEAVE=BSQ (the default), BIL or BIP
    """

    creation: Mapping[str, str] = field(default_factory=dict, hash=False)

    name = "envi"
    media_type = "application/octet-stream"
    block = None

    def deep(self, bands: int) -> int:
        """Return one, or all of an interleaved file."""
        return 1 if self.creation.get("INTERLEAVE", "BSQ").upper() == "BSQ" else bands

    def stored(self, raster: Raster) -> Raster:
        """Return the raster with one nodata value, bands marked as colours."""
        return as_stored(raster)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse masks, for which ENVI has no place, and options that GDAL does not know."""
        if needs_mask(as_stored(raster)):
            raise OutputError(
                f"{path}: ENVI cannot hold the mask of {raster.path}: write GeoTIFF, COG or Zarr"
            )
        if raster.dtype not in _TYPES:
            raise OutputError(
                f"{path}: ENVI cannot hold {raster.dtype} numbers: write GeoTIFF, COG, VRT or Zarr"
            )
        if raster.dtype in _LONG and raster.bands.nodata is not None:
            raise OutputError(
                f"{path}: GDAL reads another nodata value than ENVI's headers have for "
                f"{raster.dtype} numbers: write GeoTIFF, COG, VRT or Zarr"
            )
        if raster.has_transform and not _is_held(raster.transform):
            raise OutputError(
                f"{path}: ENVI cannot tell the place of a grid that is sheared or mirrored, or "
                "rotated with oblong pixels: write GeoTIFF, COG or VRT"
            )
        if "SUFFIX" in self.creation:
            why = "would give the header another name; it is that of the raster with .hdr"
            raise refuse(path, "SUFFIX", self.creation["SUFFIX"], why)
        if self.creation:
            try_options(path, self._profile(), raster.dtype)

    def files(self, path: Path) -> list[Path]:
        """Return the header and the raster."""
        return [path.with_suffix(".hdr"), path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return GDAL's."""
        return sidecars(path)

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make both files and check that all pixels are there."""
        # Of its control points a header has four, which GDAL takes to be those that come first.
        raster = replace(content.raster, gcps=corners_first(content.raster.gcps))
        content = replace(content, raster=raster)
        write_dataset(part, content, self._profile(), self.deep(len(content.raster.bands)))
        _check_complete(part, content.raster)
        header = part.with_suffix(".hdr")
        text = header.read_text(encoding="utf-8")
        # GDAL put the name of the file in its description.
        text = text.replace(str(part), file.name) + _more_fields(content.raster, text)
        text = with_the_foot_of(text, text)
        header.write_text(text, encoding="utf-8")

    def _profile(self) -> dict[str, Any]:
        chosen = {name.lower(): value for name, value in self.creation.items()}
        return {"driver": "ENVI", "interleave": "BSQ", **chosen}


def _more_fields(raster: Raster, text: str) -> str:
    """Return the lines of a header that GDAL does not write, unless they are in `text` already."""
    factor, origin = _reflectance_factor(raster.bands), origin_of(raster)
    fields = {
        "reflectance scale factor": str(factor or ""),
        "sensor type": origin.sensor,
        "acquisition time": "" if origin.acquired is None else iso(origin.acquired.start),
    }
    missing = (n for n, value in fields.items() if value and f"\n{n} =" not in text.lower())
    return "".join(f"{name} = {fields[name]}\n" for name in missing)


def _reflectance_factor(bands: Bands) -> int | None:
    """Return what stored numbers are divided by, if all bands are scaled like reflectance."""
    scales = {(band.scale, band.offset) for band in bands}
    if len(scales) > 1 or any(band.unit for band in bands):
        return None
    scale, offset = scales.pop()
    factor = 1 / scale
    whole = abs(factor - round(factor)) < 1e-6 * factor
    return round(factor) if offset == 0 and whole and 1 < factor <= _LARGEST_FACTOR else None


def _check_complete(part: Path, raster: Raster) -> None:
    """Refuse a closed file that lacks pixels: GDAL need not tell that the disk was full."""
    pixel = len(raster.bands) * np.dtype(raster.dtype).itemsize
    if part.stat().st_size < raster.rows * raster.cols * pixel:
        raise OSError("the disk is full, or does not take files of that size")


_: type[Format] = Envi
