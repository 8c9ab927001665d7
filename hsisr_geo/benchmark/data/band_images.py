"""A scene as a folder of images, one a band and numbered, as the CAVE data set comes."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window, whole

_NUMBERED = re.compile(r"(.*?)(\d+)\.png", re.IGNORECASE)


def is_stack(folder: Path) -> bool:
    """Tell whether a folder holds one numbered PNG a band, at least two."""
    return folder.is_dir() and len(_numbered(folder)) > 1


def read_stack(folder: Path) -> tuple[NDArray[np.float32], str]:
    """Read a cube (band, row, col) in the order of the numbers, and the data type of its files.

    Raises
    ------
    RasterError
        Images of different sizes or types, in colour, or not to be read.
    """
    rasters = [open_raster(path) for path in _numbered(folder)]
    for raster in rasters:
        if len(raster.bands) != 1:
            raise RasterError(
                f"{raster.path}: an image in colour, where one of a single band is expected: "
                "mend it, or leave its folder out"
            )
        if (raster.shape, raster.dtype) != (rasters[0].shape, rasters[0].dtype):
            raise RasterError(f"{raster.path}: another size or type than {rasters[0].path}")
    cube = np.concatenate([read_window(raster, *whole(raster)) for raster in rasters])
    return cube, rasters[0].dtype


def _numbered(folder: Path) -> list[Path]:
    """Return the images by number, if all share what comes before it."""
    found = [(m, p) for p in folder.iterdir() if (m := _NUMBERED.fullmatch(p.name))]
    if len({match[1] for match, _ in found}) != 1:
        return []
    return [path for _, path in sorted(found, key=lambda item: int(item[0][2]))]
