#!/usr/bin/env bash
# rioxarray 0.23.0 with xarray 2026.9.0, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer)
#
# Expected: a part of a raster that is cut out by `isel` and written by `rio.to_raster` lies where it was cut, as it
#   does of an upright raster; or is refused, as it has `xc` and `yc`, the place of each of its pixels, at hand.
# Behaviour: of an upright raster the place is worked out from `x` and `y`. One whose rows are not along the axes, as
#   flight lines of airborne spectrometers are delivered, has none of these, and the geotransform of the whole is
#   written: every part lies at the first pixel of the whole. `rio.isel_window` puts it where it should be.
# Seen: first pixel of the part: its own label 500118.4 4000004.9, where it is written 500006.8 3999998.2
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q rioxarray==0.23.0 xarray==2026.9.0 rasterio==1.5.2 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rioxarray
from rasterio import Affine
from rasterio.windows import Window

print("rioxarray", rioxarray.__version__, "GDAL", rasterio.__gdal_version__)


def first_pixel(array):
    array.rio.to_raster("b.tif")
    with rasterio.open("b.tif") as file:
        return tuple(round(v, 1) for v in file.xy(0, 0))


seen = []
for angle in (0, 30):
    place = Affine.translation(500000, 4000000) @ Affine.rotation(angle) @ Affine.scale(10, -10)
    with rasterio.open("a.tif", "w", driver="GTiff", width=24, height=20, count=1, dtype="float32",
                       crs="EPSG:32633", transform=place) as file:
        file.write(np.ones((1, 20, 24), "float32"))
    whole = rioxarray.open_rasterio("a.tif")
    part = whole.isel(x=slice(10, 20), y=slice(5, 15))
    true = tuple(round(v, 1) for v in place @ (10.5, 5.5))
    by_window = first_pixel(whole.rio.isel_window(Window(10, 5, 10, 10)))
    written = first_pixel(part)
    print("turned by", angle, "| first pixel of the part", *true, "| written", *written,
          "| by isel_window", *by_window)
    if angle:
        label = round(float(part.xc[0, 0]), 1), round(float(part.yc[0, 0]), 1)
        assert label == true, "this has changed"
    seen.append((written == true, by_window == true))
    whole.close()
assert seen == [(True, True), (False, True)], "this has changed"
PYTHON
