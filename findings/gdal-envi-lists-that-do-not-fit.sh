#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI
#
# Expected: a list of wavelengths that is longer than the bands is of another raster, so no band gets
#   one (a shorter list is treated so); and `data ignore value = {-9999}`, as some programs write every
#   field in braces, means -9999.
# Behaviour: of 12 wavelengths for 8 bands the first eight are given to the bands without a word; of the
#   value in braces a zero is made, so that dark pixels become holes and -9999 becomes data.
# Seen: 8 bands, 12 wavelengths: band 8 is at 750 | nodata of {-9999}: 0.0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
head = (
    "ENVI\nsamples = 5\nlines = 4\nbands = 8\nheader offset = 0\nfile type = ENVI Standard\n"
    "data type = 4\ninterleave = bsq\nbyte order = 0\nwavelength units = Nanometers\n"
)
for name in ("longer", "braces"):
    np.ones((8, 4, 5), "<f4").tofile(f"{name}.img")
listed = ", ".join(str(nm) for nm in range(400, 1000, 50))
open("longer.hdr", "w").write(f"{head}wavelength = {{{listed}}}\n")
open("braces.hdr", "w").write(f"{head}data ignore value = {{-9999}}\n")
with rasterio.open("longer.img") as dataset:
    last = dataset.tags(8).get("wavelength")
with rasterio.open("braces.img") as dataset:
    nodata = dataset.nodata
print(f"8 bands, 12 wavelengths: band 8 is at {last} | nodata of {{-9999}}: {nodata}")
assert last is not None and float(last) == 750, "the behaviour has changed"
assert nodata == 0, "the behaviour has changed"
PYTHON
