#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver GTiff
#
# Expected: control points come back from a GeoTIFF as they were written, whether the raster says
#   AREA_OR_POINT=Area or Point; a geotransform does.
# Behaviour: where it says Point, rows and columns of each control point are one pixel larger after
#   one write and one read, whichever is set first, so that a swath lies a pixel off.
# Seen: Area (0.0, 20.0) | Point (1.0, 21.0) | geotransform of Point 10.0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
profile = {"driver": "GTiff", "height": 20, "width": 20, "count": 1, "dtype": "uint8"}
corners = [(r, c) for r in (0, 20) for c in (0, 20)]
points = [GroundControlPoint(r, c, 10 + c / 100, 50 - r / 100, 0) for r, c in corners]
found = {}
for kind in ("Area", "Point"):
    with rasterio.open(f"{kind}.tif", "w", **profile) as dataset:
        dataset.update_tags(AREA_OR_POINT=kind)
        dataset.gcps = points, rasterio.CRS.from_epsg(4326)
        dataset.write(np.ones((1, 20, 20), "u1"))
    with rasterio.open(f"{kind}.tif") as dataset:
        second = dataset.gcps[0][1]
        found[kind] = second.row, second.col
with rasterio.open("g.tif", "w", **profile, transform=Affine(1, 0, 10, 0, -1, 50)) as dataset:
    dataset.update_tags(AREA_OR_POINT="Point")
    dataset.write(np.ones((1, 20, 20), "u1"))
with rasterio.open("g.tif") as dataset:
    left = dataset.transform.c
print(f"Area {found['Area']} | Point {found['Point']} | geotransform of Point {left}")
assert found["Area"] == (0, 20) and left == 10, "the behaviour has changed"
assert found["Point"] == (1, 21), "the behaviour has changed"
PYTHON
