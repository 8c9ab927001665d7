#!/usr/bin/env bash
# hy-tools 1.6.0 (HyTools) and GDAL 3.10.3 (in the wheel of rasterio 1.4.4)
#
# Expected: an ENVI file whose header says `header offset = 512` has its first value at byte 512.
# Behaviour: HyTools reads the header's offset and begins at byte 0 all the same, so every value is another
#   pixel's, and the first ones are the embedded header's bytes. GDAL and Spectral Python begin where the header says.
# Seen: first value 100 by GDAL, 0 by HyTools.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q hy-tools==1.6.0 rasterio==1.4.4 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import hytools
import numpy as np
import rasterio

print("hy-tools", version("hy-tools"), "GDAL", rasterio.__gdal_version__)
values = np.arange(100, 580, dtype="<i2").reshape(4, 12, 10)
with open("scene.img", "wb") as file:
    file.write(bytes(512) + values.tobytes())
with open("scene.hdr", "w") as header:
    header.write("""ENVI
samples = 10
lines = 12
bands = 4
header offset = 512
file type = ENVI Standard
data type = 2
interleave = bsq
byte order = 0
data ignore value = -9999
wavelength units = Nanometers
wavelength = {500, 600, 700, 800}
fwhm = {10, 10, 10, 10}
""")
scene = hytools.HyTools()
scene.read_file("scene.img", "envi")
with rasterio.open("scene.img") as file:
    told = file.read(1)
print("first value: GDAL", told[0, 0], "| HyTools", scene.get_band(0)[0, 0])
assert (told == values[0]).all()
assert scene.get_band(0)[0, 0] == 0, "the behaviour has changed"
PYTHON
