#!/usr/bin/env bash
# rasterix 0.2.4, where it meets rioxarray 0.23.0, with xarray 2026.9.0, rasterio 1.5.2 (Python 3.12 or newer)
#
# Expected: a raster that rioxarray opened and rasterix indexed (`assign_index`) is written by `rio.to_raster` where it
#   lies, as it is when its rows are along the axes; what knows the place as exactly as a RasterIndex loses none.
# Behaviour: `assign_index` takes GeoTransform out of `spatial_ref` and labels pixels by its index, of upright rasters
#   in `x` and `y`, which rioxarray reads, of turned ones in `xc` and `yc`, which it does not. What it writes of those
#   has a CRS and no geotransform: pixels of 1 m at 0, 0, without a word.
# Seen: first pixel of a turned raster: label 500006.8 3999998.2, written 0.5 0.5; of an upright one 500005 3999995 twice
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q rasterix==0.2.4 rioxarray==0.23.0 xarray==2026.9.0 rasterio==1.5.2 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import rasterio
import rasterix
import rioxarray
from rasterio import Affine

print("rasterix", version("rasterix"), "rioxarray", rioxarray.__version__, "GDAL", rasterio.__gdal_version__)
seen = []
for angle, names in ((0, ("x", "y")), (30, ("xc", "yc"))):
    place = Affine.translation(500000, 4000000) @ Affine.rotation(angle) @ Affine.scale(10, -10)
    with rasterio.open("a.tif", "w", driver="GTiff", width=24, height=20, count=1, dtype="float32",
                       crs="EPSG:32633", transform=place) as file:
        file.write(np.ones((1, 20, 24), "float32"))
    with rioxarray.open_rasterio("a.tif") as raster:
        indexed = rasterix.assign_index(raster.squeeze("band", drop=True))
        label = tuple(round(float(indexed[name].values.flat[0]), 1) for name in names)
        indexed.rio.to_raster("b.tif")
    with rasterio.open("b.tif") as file:
        written, crs = tuple(round(v, 1) for v in file.xy(0, 0)), file.crs.to_epsg()
    print("turned by", angle, "| label of the first pixel", *label, "| written", *written, "| EPSG", crs)
    seen.append((label, written, crs))
assert seen == [
    ((500005.0, 3999995.0), (500005.0, 3999995.0), 32633),
    ((500006.8, 3999998.2), (0.5, 0.5), 32633),
], "this has changed"
PYTHON
