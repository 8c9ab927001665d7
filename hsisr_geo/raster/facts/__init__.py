"""What a dataset of GDAL says of its numbers, and rasterio does not hand out as it is."""
