#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), drivers ENVI and GTiff, int64
#
# Expected: a nodata value that an int64 pixel can have comes back as it was written, and its pixels
#   are masked; -9999 is exact in any number format.
# Behaviour: beside an ENVI raster stands -9.999E+03 for an integer, of which -9 is read: nothing is
#   masked, and what was missing is data. The header itself has -9999. In a GeoTIFF -9999 is right,
#   and -9223372036854775806 is -9.
# Seen: ENVI -9999: -9, masked 0 of 1 | GTiff -9999: -9999, masked 1 of 1 | GTiff -9223372036854775806: -9, masked 0 of 1
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
cases = [("ENVI", -9999), ("GTiff", -9999), ("GTiff", -9223372036854775806)]
found = []
for number, (driver, nodata) in enumerate(cases):
    cube = np.full((1, 3, 4), 7, np.int64)
    cube[0, 0, 0] = nodata
    size = {"count": 1, "height": 3, "width": 4, "dtype": "int64"}
    with rasterio.open(f"{number}.img", "w", driver=driver, nodata=nodata, **size) as dataset:
        dataset.write(cube)
    with rasterio.open(f"{number}.img") as dataset:
        found.append((dataset.nodata, int((dataset.read_masks(1) == 0).sum())))
print(" | ".join(
    f"{driver} {nodata}: {read:.0f}, masked {masked} of 1"
    for (driver, nodata), (read, masked) in zip(cases, found, strict=True)
))
assert found == [(-9, 0), (-9999, 1), (-9, 0)], "the behaviour has changed"
PYTHON
