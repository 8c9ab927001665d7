"""A raster as a value, opened, read by window, measured."""
