#!/usr/bin/env bash
# leafmap 0.63.1, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer); prismatools 0.1.4 and others choose alike
#
# Expected: `array_to_image` of a cube of float32 reflectance writes those numbers; "dtype: The data type of the output
#   array. Defaults to None" leaves them as they are.
# Behaviour: without a dtype the type follows from the least and the largest number. From 0 to 1 they stay floats; one
#   value a hair below 0, as atmospheric correction leaves in water vapour bands, makes all of them int8, and one
#   above 1, as snow or a glint has, uint8: the reflectance of every pixel is cut to 0, without a word.
# Seen: mean 0.34: float32 0.34 | with one value of -0.001: int8 0.0 | with one of 1.02: uint8 0.002
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q leafmap==0.63.1 rasterio==1.5.2 rioxarray==0.23.0 xarray==2026.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import leafmap
import numpy as np
import rasterio

print("leafmap", leafmap.__version__, "GDAL", rasterio.__gdal_version__)
reflectance = np.random.default_rng(0).uniform(0.05, 0.6, (4, 10, 12)).astype("float32")
place = {"crs": "EPSG:32633", "transform": rasterio.Affine(30, 0, 500000, 0, -30, 4000000), "cellsize": 30}


def written(**changed):
    cube = reflectance.copy()
    for value in changed.values():
        cube[3, 0, 0] = value
    leafmap.array_to_image(cube, "a.tif", **place)
    with rasterio.open("a.tif") as file:
        return file.dtypes[0], round(float(file.read().mean()), 4)


seen = written(), written(one=-0.001), written(one=1.02)
print("mean", round(float(reflectance.mean()), 4), "| written", *seen)
assert seen == (("float32", 0.3416), ("int8", 0.0), ("uint8", 0.0021)), "this has changed"
PYTHON
