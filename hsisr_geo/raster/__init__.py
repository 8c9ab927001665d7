"""A raster as a value, opened, read by window, measured."""

from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

__all__ = ["Raster", "open_raster", "read_window"]
