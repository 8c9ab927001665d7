"""What holds a raster: recognised by content, described as `Raster`, read window by window."""
