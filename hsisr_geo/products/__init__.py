"""What holds a raster: recognised by content, described as `Raster`, read window by window."""

ORTHORECTIFIED = ", orthorectified"
"""How the name of a product ends that was put on the map grid it comes with."""
