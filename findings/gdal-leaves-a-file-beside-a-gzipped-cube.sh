#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI, `file compression = 1` in the header
#
# Expected: a raster that is opened for reading, and of which no statistics are asked for, leaves its folder as it was.
# Behaviour: whoever can write there leaves NAME.properties, with the sizes packed and unpacked, and writes it anew each time
#   pixels are read, although nothing has changed: a folder of delivered scenes grows, and a look at dates or a sync tool sees
#   changes. CPL_VSIL_GZIP_WRITE_PROPERTIES=NO keeps it from that.
# Seen: read with mode 'r': cube.bsq, cube.bsq.properties, cube.hdr (at a second look written anew) | with the option: cube.bsq, cube.hdr
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import gzip
import os

import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
cube = np.arange(24 * 64 * 64, dtype="<i2").reshape(24, 64, 64)
header = (
    "ENVI\nsamples = 64\nlines = 64\nbands = 24\nheader offset = 0\nfile type = ENVI Standard\n"
    "data type = 2\ninterleave = bsq\nbyte order = 0\nfile compression = 1\n"
)
found = {}
for write in (True, False):
    folder = "with" if write else "without"
    os.mkdir(folder)
    open(os.path.join(folder, "cube.hdr"), "w").write(header)
    open(os.path.join(folder, "cube.bsq"), "wb").write(gzip.compress(cube.tobytes()))
    options = {} if write else {"CPL_VSIL_GZIP_WRITE_PROPERTIES": "NO"}
    with rasterio.Env(**options), rasterio.open(os.path.join(folder, "cube.bsq"), "r") as dataset:
        assert (dataset.read() == cube).all()
    found[write] = ", ".join(sorted(os.listdir(folder)))
note = os.path.join("with", "cube.bsq.properties")
os.utime(note, (0, 0))
with rasterio.open(os.path.join("with", "cube.bsq"), "r") as dataset:
    dataset.read()
again = "written anew" if os.stat(note).st_mtime else "left alone"
print(f"read with mode 'r': {found[True]} (at a second look {again}) | with the option: {found[False]}")
assert again == "written anew", "the behaviour has changed"
assert found[True] == "cube.bsq, cube.bsq.properties, cube.hdr", "the behaviour has changed"
assert found[False] == "cube.bsq, cube.hdr", "the behaviour has changed"
PYTHON
