#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3 in its wheel)
#
# Expected: `read(out_shape=half, resampling=Resampling.average)` is the mean of each 2×2 pixels, whatever else is
#   in the file: that is how pairs for super-resolution, quick looks and coarser scenes are made.
# Behaviour: where the file has overviews of that size, they are what is read, and the resampling that was
#   asked for never happens. Overviews are made by nearest unless somebody says otherwise (gdaladdo, `rio overview`,
#   QGIS "build pyramids"), so the "mean" is one pixel of the four, and the same call on the same pixels gives
#   other numbers after somebody built pyramids.
# Seen: without overviews equal to the mean within 0.5 (rounding); with them equal to every other pixel.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6 affine==2.4.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
from affine import Affine
from rasterio.enums import Resampling

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
pixels = np.random.default_rng(0).integers(0, 10000, (64, 64)).astype("uint16")
mean = pixels.reshape(32, 2, 32, 2).mean((1, 3))
profile = dict(driver="GTiff", count=1, height=64, width=64, dtype="uint16", crs="EPSG:32633")
with rasterio.open("scene.tif", "w", transform=Affine(30, 0, 5e5, 0, -30, 53e5), **profile) as file:
    file.write(pixels, 1)


def half():
    with rasterio.open("scene.tif") as file:
        assert (file.read(1) == pixels).all()
        return file.read(1, out_shape=(32, 32), resampling=Resampling.average).astype(float)


before = half()
with rasterio.open("scene.tif", "r+") as file:
    file.build_overviews([2])  # by nearest, the default
after = half()
print("from the mean of 2×2: before", abs(before - mean).max(), "| after", abs(after - mean).max())
print("from every other pixel, after:", abs(after - pixels[::2, ::2]).max())
assert abs(before - mean).max() <= 0.5
assert abs(after - mean).max() > 1000 and (after == pixels[::2, ::2]).all(), "the behaviour has changed"
PYTHON
