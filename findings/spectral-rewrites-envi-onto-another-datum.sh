#!/usr/bin/env bash
# spectral 0.25 (Spectral Python) and GDAL 3.10.3 (in the wheel of rasterio 1.4.4), where they meet
#
# Expected: an ENVI raster on ETRS89 / UTM zone 32N (EPSG:25832), opened by Spectral Python and saved with
#   the metadata that it read, lies where it lay.
# Behaviour: Spectral Python writes a blank after the brace of `coordinate system string`. GDAL then does
#   not understand the string, falls back on `map info`, whose datum it does not know either, and says
#   NAD27: the raster lies some 200 m off, without a word.
# Seen: before: ETRS89 / UTM zone 32N | after: a CRS on NAD27
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 spectral==0.25 numpy==2.4.6 affine==2.4.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import spectral
from affine import Affine
from spectral.io import envi

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__, "spectral", spectral.__version__)
profile = dict(driver="ENVI", count=4, height=24, width=20, dtype="uint16", crs="EPSG:25832")
with rasterio.open("before.img", "w", transform=Affine(30, 0, 5e5, 0, -30, 53e5), **profile) as file:
    file.write(np.ones((4, 24, 20), "u2"))
image = envi.open("before.hdr")
envi.save_image("after.hdr", np.asarray(image[:, :, :]), metadata=image.metadata, ext=".img")
line = next(l for l in open("after.hdr") if l.startswith("coordinate system string"))
with rasterio.open("before.img") as before, rasterio.open("after.img") as after:
    told = before.crs.to_wkt(), after.crs.to_wkt()
print("header:", line[:60])
print("before:", told[0][:60], "| after:", told[1][:120])
assert "ETRS89" in told[0] or "25832" in told[0]
assert "NAD27" in told[1] or "Clarke" in told[1] or "North_American" in told[1], "the behaviour has changed"
PYTHON
