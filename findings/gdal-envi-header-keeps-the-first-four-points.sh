#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI
#
# Expected: a swath with ground control points on a lattice, written as ENVI, has in `geo points` of its header
#   four that span it, as ENVI's documentation asks for the corners; or none, and a warning.
# Behaviour: the header has the first four that were given, here all of the first line, without a word. All 25
#   are in `.aux.xml`, which GDAL alone reads: copied without that file, the raster lies on a line.
# Seen: points: 25, without .aux.xml: 4, on lines 0.5 0.5 0.5 0.5
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import os

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
points = [
    GroundControlPoint(row + 0.5, col + 0.5, 10 + col / 10, 50 - row / 10)
    for row in range(0, 20, 4)
    for col in range(0, 20, 4)
]
profile = dict(driver="ENVI", count=1, height=20, width=20, dtype="uint8")
with rasterio.open("a.img", "w", gcps=points, crs="EPSG:4326", **profile) as file:
    file.write(np.ones((1, 20, 20), "u1"))
with rasterio.open("a.img") as whole:
    count = len(whole.gcps[0])
os.remove("a.img.aux.xml")
with rasterio.open("a.img") as alone:
    left = alone.gcps[0]
lines = [point.row for point in left]
print(f"points: {count}, without .aux.xml: {len(left)}, on lines", *lines)
assert count == 25 and lines == [0.5] * 4, "this has changed"
PYTHON
