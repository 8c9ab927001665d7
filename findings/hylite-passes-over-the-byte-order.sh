#!/usr/bin/env bash
# hylite 1.41 and GDAL 3.10.3 (in the wheel of rasterio 1.4.4)
#
# Expected: an ENVI image with `byte order = 1`, as AVIRIS' reflectance has been delivered for decades, has the
#   values that GDAL and Spectral Python read.
# Behaviour: hylite's own reader (`loadWithNumpy`, what `io.load` takes where GDAL's Python is not installed) maps the
#   file in this machine's order, without a word.
# Seen: 1000 by GDAL, -6141 by hylite (the two bytes changed over).
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps hylite==1.41  # of its many needs this takes two
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6 scipy==1.17.1 2> "$folder/told"  # that the others are not there
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import rasterio
from hylite import io

print("hylite", version("hylite"), "GDAL", rasterio.__gdal_version__)
np.full((4, 6, 5), 1000, ">i2").tofile("scene.img")
with open("scene.hdr", "w") as header:
    header.write("""ENVI
samples = 5
lines = 6
bands = 4
header offset = 0
file type = ENVI Standard
data type = 2
interleave = bsq
byte order = 1
wavelength units = Nanometers
wavelength = {500, 600, 700, 800}
""")
with rasterio.open("scene.img") as file:
    told = file.read(1)[0, 0]
image = io.loadWithNumpy("scene.hdr")
print("GDAL", told, "| hylite", image.data[0, 0, 0])
assert told == 1000
assert image.data[0, 0, 0] == np.array(1000, ">i2").view("<i2"), "the behaviour has changed"
PYTHON
