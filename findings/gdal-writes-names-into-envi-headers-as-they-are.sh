#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI; spectral 0.25
#
# Expected: names of bands that GDAL takes, writes and reads back right are in the ENVI raster: a comma
#   or a brace in one, which a list of the header cannot hold, is refused, replaced or escaped.
# Behaviour: the header has them as they are, and GDAL reads them back out of NAME.aux.xml, which it
#   leaves beside. The raster as it is handed on, data and header, has other names for its bands: from the
#   first comma on each is a band further, and a brace ends the list. Nothing is said, nor by spectral,
#   which has five names for four bands.
# Seen: with aux.xml:    ('red', 'NIR (850, 870 nm)', 'ratio {b4}', 'SWIR')
#       without aux.xml: ('red', 'NIR (850', '870 nm)', 'ratio {b4')
#       spectral:        ['red', 'NIR (850', '870 nm)', 'ratio {b4}', 'SWIR']
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6 spectral==0.25
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import os

import numpy as np
import rasterio
from spectral.io import envi

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
names = ("red", "NIR (850, 870 nm)", "ratio {b4}", "SWIR")
profile = dict(driver="ENVI", width=4, height=5, count=4, dtype="int16")
with rasterio.open("a.img", "w", **profile) as dataset:
    dataset.write(np.ones((4, 5, 4), "i2"))
    for number, name in enumerate(names, start=1):
        dataset.set_band_description(number, name)
with rasterio.open("a.img") as dataset:
    before = dataset.descriptions
os.remove("a.img.aux.xml")
with rasterio.open("a.img") as dataset:
    after = dataset.descriptions
theirs = envi.open("a.hdr", "a.img").metadata["band names"]
print("with aux.xml:   ", before)
print("without aux.xml:", after)
print("spectral:       ", theirs)
assert before == names, "the behaviour has changed"
assert after == ("red", "NIR (850", "870 nm)", "ratio {b4"), "the behaviour has changed"
assert len(theirs) == 5, "the behaviour has changed"
PYTHON
