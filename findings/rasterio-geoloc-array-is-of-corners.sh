#!/usr/bin/env bash
# rasterio 1.4.4, rasterio.warp.reproject(src_geoloc_array=...)
#
# Expected: arrays of longitude and latitude that give the place of each pixel's centre, as products of
#   imaging spectrometers have them (EMIT, Tanager, PACE), put each pixel where they say.
# Behaviour: the arrays are taken for those of upper left corners (GDAL's GEOREFERENCING_CONVENTION
#   TOP_LEFT_CORNER, its default), and reproject has no way to say otherwise: a keyword of that name is
#   passed on and has no effect. The image lands half a pixel off in both directions.
# Seen: offset of the pixels taken, in pixels (column, row): -0.50 0.50
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6 affine==2.4.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
rows, cols, step = 40, 30, 0.0003
y, x = np.mgrid[0:rows, 0:cols]
lon, lat = 17 + step * x + 0.0001 * y, 25 - step * y + 0.00005 * x  # of centres
numbers = np.stack([y, x]).astype("float32") + 1  # each pixel tells its row and column
world = CRS.from_epsg(4326)
transform = Affine(step, 0, 16.999, 0, -step, 25.002)
found = np.zeros((2, 60, 60), "float32")
reproject(
    numbers, found, src_geoloc_array=np.stack([lon, lat]), src_crs=world, dst_crs=world,
    dst_transform=transform, resampling=Resampling.nearest, src_nodata=0, dst_nodata=0,
    GEOREFERENCING_CONVENTION="PIXEL_CENTER",
)
there = found[0] > 0
row, col = (found[:, there] - 1).astype(int)
i, j = np.nonzero(there)
off_x = np.median(lon[row, col] - (transform.c + (j + 0.5) * step)) / step
off_y = np.median(lat[row, col] - (transform.f - (i + 0.5) * step)) / step
print(f"offset of the pixels taken, in pixels (column, row): {off_x:.2f} {off_y:.2f}")
assert abs(off_x + 0.5) < 0.05 and abs(off_y - 0.5) < 0.05, "the behaviour has changed"
PYTHON
