"""Whether GDAL can compute the bands of a VRT that are not read but computed."""

from typing import Any

import numpy as np
from rasterio.errors import RasterioError
from rasterio.windows import Window

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import reason

_COMPUTED = "VRTDerivedRasterBand"
_PIXEL = Window(0, 0, 1, 1)
_NOT_TOLD = "does its pixel function take as many sources as it is given, in this GDAL?"


def check_computed(dataset: Any, path: str) -> None:
    """Refuse a VRT whose pixel functions give nothing, which rasterio does not tell.

    It asks GDAL for an error's text, and a function that is given other than the sources that it
    takes has none: zeros, or what was in memory before, stood in place of the bands.

    Raises
    ------
    RasterError : naming the first band that is not computed
    """
    if dataset.driver != "VRT" or _COMPUTED not in "".join(dataset.tags(ns="xml:VRT").values()):
        return
    for number, kind in zip(dataset.indexes, dataset.dtypes, strict=True):
        try:
            why = "" if _computed(dataset, number, kind) else _NOT_TOLD
        except RasterioError as error:
            why = reason(error)
        if why:
            raise RasterError(f"{path}: GDAL cannot compute band {number}: {why}")


def _computed(dataset: Any, number: int, kind: str) -> bool:
    """Whether a pixel that held one number, or another, is the same once it is read.

    It is read twice at once: GDAL puts 0 in place of what it cannot compute, and ends there.
    """
    first, second = (np.full((2, 1, 1), before, kind) for before in (1, 2))
    for pixels in (first, second):
        dataset.read([number, number], window=_PIXEL, out=pixels)
    return bool(np.array_equal(first[1], second[1], equal_nan=True))
