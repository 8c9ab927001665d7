"""Arithmetic on arrays (band, row, col): windows, tiles, resampling, D, holes. Opens no raster."""
