"""A 2-98 % stretch of a band by our own count, where QGIS has none.

QGIS 3.44 answers NaN for bands with a scale, and shows nothing then.
"""

from __future__ import annotations

import math
from array import array

from osgeo import gdal
from qgis.core import QgsContrastEnhancement, QgsRasterMinMaxOrigin

from ..layers import gdal_name
from .dataset import dataset_of

PERCENTILES = 0.02, 0.98
_SIDE = 512  # pixels of a side that are looked at


def repair(layer) -> None:
    """Give a layer in red, green and blue the limits that QGIS did not find."""
    renderer = layer.renderer()
    for band, found, put in (
        (renderer.redBand(), renderer.redContrastEnhancement(), renderer.setRedContrastEnhancement),
        (
            renderer.greenBand(),
            renderer.greenContrastEnhancement(),
            renderer.setGreenContrastEnhancement,
        ),
        (
            renderer.blueBand(),
            renderer.blueContrastEnhancement(),
            renderer.setBlueContrastEnhancement,
        ),
    ):
        if found is None or math.isfinite(found.minimumValue() + found.maximumValue()):
            continue
        limits = limits_of(gdal_name(layer), band)
        if limits is not None:
            mended = QgsContrastEnhancement(found)
            mended.setMinimumValue(limits[0])
            mended.setMaximumValue(limits[1])
            put(mended)
            renderer.setMinMaxOrigin(QgsRasterMinMaxOrigin())  # these limits, not QGIS's again


def limits_of(path: str, number: int) -> tuple[float, float] | None:
    """Return the 2 and 98 % quantiles of a band, scaled; None where it has no values."""
    dataset = dataset_of(path)
    if dataset is None:
        return None
    band = dataset.GetRasterBand(number)
    cols, rows = (min(size, _SIDE) for size in (dataset.RasterXSize, dataset.RasterYSize))
    raw = band.ReadRaster(
        *(0, 0, dataset.RasterXSize, dataset.RasterYSize),
        *(cols, rows),
        buf_type=gdal.GDT_Float64,
    )
    nodata = band.GetNoDataValue()
    values = sorted(v for v in array("d", bytes(raw)) if math.isfinite(v) and v != nodata)
    if not values:
        return None
    scale, offset = band.GetScale() or 1.0, band.GetOffset() or 0.0
    low, high = (values[round(share * (len(values) - 1))] for share in PERCENTILES)
    return low * scale + offset, high * scale + offset
