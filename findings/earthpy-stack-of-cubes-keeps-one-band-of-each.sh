#!/usr/bin/env bash
# earthpy 1.0.0, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer)
#
# Expected: `spatial.stack` of two rasters of three bands writes six bands, the first file's and then the second's: it
#   makes the output of as many bands as all its files have, and says so in the profile that it returns.
# Behaviour: each band of a file is written where the file's number says, over the one before. Of each file the last
#   band is left, one after another, and the other bands of the output are 0, not even nodata, without a word.
# Seen: bands 11, 12, 13 and 21, 22, 23 make 13, 23, 0, 0, 0, 0.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q earthpy==1.0.0 rasterio==1.5.2 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import earthpy.spatial
import numpy as np
import rasterio

print("earthpy", version("earthpy"), "GDAL", rasterio.__gdal_version__)
for name, first in (("a.tif", 11), ("b.tif", 21)):
    with rasterio.open(name, "w", driver="GTiff", width=12, height=10, count=3, dtype="int16", nodata=-9999,
                       crs="EPSG:32633", transform=rasterio.Affine(10, 0, 500000, 0, -10, 4000000)) as file:
        for band in range(3):
            file.write(np.full((10, 12), first + band, "int16"), band + 1)
_, profile = earthpy.spatial.stack(["a.tif", "b.tif"], "stack.tif")
with rasterio.open("stack.tif") as file:
    written = file.read()[:, 5, 5].tolist()
print("bands 11, 12, 13 and 21, 22, 23 | profile", profile["count"], "bands | written", written)
assert profile["count"] == 6 and written == [13, 23, 0, 0, 0, 0], "this has changed"
PYTHON
