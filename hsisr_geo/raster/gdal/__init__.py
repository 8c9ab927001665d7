"""Rasters that GDAL reads: what it says of them, what it keeps to itself, and their numbers."""

from hsisr_geo.raster.gdal.describe import check_scales, describe, described, one_type, wkt
from hsisr_geo.raster.gdal.source import GdalSource

__all__ = ["GdalSource", "check_scales", "describe", "described", "one_type", "wkt"]
