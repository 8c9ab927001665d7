"""Formats of the output: each makes a complete raster under a hidden name, block by block."""
