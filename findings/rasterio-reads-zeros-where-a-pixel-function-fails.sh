#!/usr/bin/env bash
# rasterio 1.4.4 (with the GDAL 3.10.3 of its wheel), NumPy 2.4.6; Python 3.11 to 3.14
#
# Expected: a band that GDAL cannot compute is an error to whoever reads it. A VRT whose pixel function takes two
#   sources (`diff`) and is given one is refused by it: RasterIO returns CE_Failure, and gdalinfo -stats and osgeo say so.
# Behaviour: rasterio looks for the text of an error, and GDAL leaves none here: `read` returns zeros for that band, and
#   for the bands after it whatever the array held before, without an exception, a warning or a line in its log.
# Seen: band 1, made of fives, is read as 0; into an array full of 7, bands 1 and 2 are read as 0 and 7, band 2 alone as 5
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 python3.11 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import rasterio
from rasterio import Affine

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
with rasterio.open("five.tif", "w", driver="GTiff", width=4, height=4, count=1, dtype="float32",
                   crs="EPSG:32633", transform=Affine(10, 0, 500000, 0, -10, 4000000)) as file:
    file.write(np.full((1, 4, 4), 5, "float32"))
source = '<SimpleSource><SourceFilename relativeToVRT="1">five.tif</SourceFilename></SimpleSource>'
computed = ('<VRTRasterBand dataType="Float32" band="1" subClass="VRTDerivedRasterBand">'
            f"<PixelFunctionType>diff</PixelFunctionType>{source}</VRTRasterBand>")
plain = f'<VRTRasterBand dataType="Float32" band="2">{source}</VRTRasterBand>'
with open("a.vrt", "w") as file:
    file.write(f'<VRTDataset rasterXSize="4" rasterYSize="4">{computed}{plain}</VRTDataset>')
with rasterio.open("a.vrt") as vrt:
    alone = vrt.read(1).max()
    both = np.full((2, 4, 4), 7, "float32")
    vrt.read([1, 2], out=both)
    after = vrt.read(2).max()
print("band 1:", alone, "| 1 and 2, into sevens:", both[0].max(), both[1].max(), "| band 2 alone:", after)
assert (alone, both[0].max(), both[1].max(), after) == (0, 0, 7, 5), "this has changed"
PYTHON
