#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver VRT
#
# Expected: a file that was opened for reading only is not written to; statistics of a raster go beside
#   it, as NAME.aux.xml, as they do for other formats.
# Behaviour: of a VRT they go into the VRT, which is written anew, in place: size, time and hash change,
#   and what GDAL does not know or deems the same is dropped or spelled otherwise. Whoever watches the
#   files of an input must compare what a VRT says, not its bytes.
# Seen: opened with mode 'r': the VRT has other bytes, the comment in it is gone | a GeoTIFF: the same bytes
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import os

import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8"}
with rasterio.open("a.tif", "w", **profile) as dataset:
    dataset.write(np.arange(16, dtype="u1").reshape(1, 4, 4))
open("a.vrt", "w").write(
    '<VRTDataset rasterXSize="4" rasterYSize="4"><!-- mine -->'
    '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
    '<SourceFilename relativeToVRT="1">a.tif</SourceFilename><SourceBand>1</SourceBand>'
    "</SimpleSource></VRTRasterBand></VRTDataset>"
)
changed = {}
for name in ("a.vrt", "a.tif"):
    before = open(name, "rb").read()
    with rasterio.open(name, "r") as dataset:
        dataset.statistics(1)
    changed[name] = open(name, "rb").read() != before
print(f"opened with mode 'r': the VRT has {'other' if changed['a.vrt'] else 'the same'} bytes, ", end="")
gone = b"mine" not in open("a.vrt", "rb").read()
print(f"the comment in it is {'gone' if gone else 'there'}", end=" | ")
print(f"a GeoTIFF: {'other' if changed['a.tif'] else 'the same'} bytes")
assert changed == {"a.vrt": True, "a.tif": False}, "the behaviour has changed"
assert gone, "the behaviour has changed"
assert not os.path.exists("a.vrt.aux.xml"), "the behaviour has changed"
PYTHON
