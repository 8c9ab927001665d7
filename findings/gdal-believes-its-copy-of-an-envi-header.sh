#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI
#
# Expected: statistics of a raster go beside it, as NAME.aux.xml, and nothing else does; whoever corrects
#   `data ignore value` or the gains in the header afterwards has corrected them.
# Behaviour: with the statistics GDAL writes a copy of the whole header there, nodata values and scales of
#   the bands among them, and reads it before the header ever after: a correction does nothing, in QGIS
#   either, which asks for statistics of all that it shows. Deleting the .aux.xml helps.
# Seen: header corrected to 5: nodata 3.0, scale 2.0 | without the .aux.xml: nodata 5.0, scale 4.0
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
head = (
    "ENVI\nsamples = 4\nlines = 4\nbands = 1\nheader offset = 0\nfile type = ENVI Standard\n"
    "data type = 12\ninterleave = bsq\nbyte order = 0\n"
)
np.arange(16, dtype="<u2").tofile("a.img")


def write(nodata, gain):
    open("a.hdr", "w").write(f"{head}data ignore value = {nodata}\ndata gain values = {{{gain}}}\n")


def read():
    with rasterio.open("a.img") as dataset:
        return dataset.nodata, dataset.scales[0]


write(3, 2)
with rasterio.open("a.img") as dataset:
    dataset.statistics(1)
assert "<NoDataValue>" in open("a.img.aux.xml").read(), "the behaviour has changed"
write(5, 4)
believed = read()
os.remove("a.img.aux.xml")
true = read()
print("header corrected to 5: nodata {}, scale {} | ".format(*believed), end="")
print("without the .aux.xml: nodata {}, scale {}".format(*true))
assert (believed, true) == ((3.0, 2.0), (5.0, 4.0)), "the behaviour has changed"
PYTHON
