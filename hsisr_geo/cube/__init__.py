"""Arithmetic on arrays (band, row, col): windows, tiles, resampling, D, holes. Opens no raster."""

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.tiling import Tile, TileGrid
from hsisr_geo.cube.windows import Window

__all__ = ["Degradation", "Tile", "TileGrid", "Window"]
