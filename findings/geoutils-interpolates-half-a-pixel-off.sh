#!/usr/bin/env bash
# geoutils 0.2.5, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer)
#
# Expected: interpolated at the centre of a pixel, a raster has the value of that pixel. GDAL's raster data model says
#   of AREA_OR_POINT that it is "not intended to influence interpretation of georeferencing which remains area
#   oriented": centres are half a pixel from the geotransform's corners, whichever of the two it says.
# Behaviour: `interp_points` takes the values of a raster of areas, which is what GeoTIFFs are unless they say
#   otherwise, to be at the pixels' upper left corners, so at a centre it gives the mean of four pixels; and for one of
#   points it moves half a pixel further, the same way: the value there is the next pixel's. `reduce_points`, of the
#   same class, and rasterio have the pixel's own.
# Seen: a pixel of 403, at its centre: area 453.5, point 504.0; reduce_points and rasterio 403.0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q geoutils==0.2.5 rasterio==1.5.2 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import geoutils
import numpy as np
import rasterio
from rasterio import Affine

print("geoutils", geoutils.__version__, "GDAL", rasterio.__gdal_version__)
values = np.add.outer(np.arange(10) * 100.0, np.arange(12)).astype("float32")
seen = {}
for kind in ("Area", "Point"):
    with rasterio.open("a.tif", "w", driver="GTiff", width=12, height=10, count=1, dtype="float32",
                       crs="EPSG:32633", transform=Affine(10, 0, 500000, 0, -10, 4000000)) as file:
        file.write(values, 1)
        file.update_tags(AREA_OR_POINT=kind)
    with rasterio.open("a.tif") as file:
        assert (file.tags()["AREA_OR_POINT"], file.transform.c) == (kind, 500000)
        centre = file.xy(4, 3)
        sampled = float(next(file.sample([centre]))[0])
    raster, points = geoutils.Raster("a.tif"), tuple(np.array([v]) for v in centre)
    seen[kind] = (
        float(raster.interp_points(points, as_array=True)[0]),
        float(raster.reduce_points(points, as_array=True)[0]),
        sampled,
    )
    print(kind, "| interp_points {} | reduce_points {} | rasterio {}".format(*seen[kind]))
assert seen == {"Area": (453.5, 403, 403), "Point": (504, 403, 403)}, "this has changed"
PYTHON
