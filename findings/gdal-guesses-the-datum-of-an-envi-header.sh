#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI
#
# Expected: `map info` of an ENVI header, without a `coordinate system string`, gives the datum that it names,
#   or none where GDAL does not know the name.
# Behaviour: UTM on a datum whose name GDAL does not know (Pulkovo 1942, ETRS-89) is on WGS 84; UTM without a
#   datum, as scripts write it, is on NAD27, wherever on Earth. Coordinates stay as they are, so that the raster
#   lies off by up to 200 m, without a word.
# Seen: Pulkovo 1942: WGS_1984 | ETRS-89: WGS_1984 | none: North_American_Datum_1927
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import re

import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
HEADER = (
    "ENVI\nsamples = 2\nlines = 2\nbands = 1\nheader offset = 0\ndata type = 1\ninterleave = bsq\n"
    "byte order = 0\nmap info = {UTM, 1, 1, 366000, 5808000, 30, 30, 33, North%s, units=Meters}\n"
)
open("a.img", "wb").write(bytes(4))
seen = []
for datum in (", Pulkovo 1942", ", ETRS-89", ""):
    open("a.hdr", "w").write(HEADER % datum)
    with rasterio.open("a.img") as dataset:
        seen.append(re.search(r'DATUM\["([^"]*)', dataset.crs.to_wkt())[1])
print(f"Pulkovo 1942: {seen[0]} | ETRS-89: {seen[1]} | none: {seen[2]}")
assert seen == ["WGS_1984", "WGS_1984", "North_American_Datum_1927"], "this has changed"
PYTHON
