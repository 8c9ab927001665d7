"""What GDAL holds of a raster while a pixel of it is read: blocks as they lie in the file."""

from contextlib import suppress
from typing import Any

import numpy as np
from rasterio.enums import Interleaving
from rasterio.errors import RasterioError

from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.facts.remarks import is_remark

_MOST_OPEN = 450  # GDAL's own number
_SOURCES_BYTES = 128 << 20  # that a VRT's sources may keep: of 50 MB each 450 would take all


def decoded_at_once(dataset: Any) -> tuple[int, int]:
    """Return `Raster.decoded` of a dataset, and how many sources of a VRT may be open; else 0."""
    if dataset.driver != "VRT":
        return _of_one(dataset), 0
    each, names = 0, [str(name) for name in dataset.files]
    for name in (name for name in names[1:] if not is_remark(name, names)):
        with suppress(RasterioError), open_quietly(name) as source:
            each = _of_one(source)
            break
    kept = min(_MOST_OPEN, max(2, _SOURCES_BYTES // max(each, 1)))
    return each * min(kept, len(dataset.files)), kept


def interleaved_lines(cols: int, bands: int, size: int) -> int:
    """Return what GDAL holds of a raw file of interleaved pixels: a line of all bands, for each."""
    return cols * bands * size * bands


def _of_one(dataset: Any) -> int:
    """Return the bytes of a block with all that GDAL decodes of it at once, and of it packed.

    OpenJPEG decodes a tile of all bands into integers of 32 bits.
    """
    size = np.dtype(dataset.dtypes[0]).itemsize
    together = dataset.count if dataset.interleaving == Interleaving.pixel else 1
    height, width = dataset.block_shapes[0]
    if dataset.driver == "ENVI" and together > 1:
        return interleaved_lines(dataset.width, dataset.count, size)
    if dataset.driver == "JP2OpenJPEG":
        together, size = dataset.count, 4 + size
    block: int = height * width * together * size
    packed = dataset.driver == "GTiff" and dataset.compression is not None
    return block * (2 if packed else 1)
