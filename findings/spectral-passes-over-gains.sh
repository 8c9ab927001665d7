#!/usr/bin/env bash
# spectral 0.25 and, for comparison, GDAL 3.10.3 (in the wheel of rasterio 1.4.4)
#
# Expected: `spectral.open_image` applies what an ENVI header says of scaling: it divides by `reflectance scale factor`,
#   so it multiplies by `data gain values` and adds `data offset values`, as ENVI does and GDAL tells.
# Behaviour: gains and offsets are kept in the metadata as texts and applied to nothing: radiance of two detectors with
#   gains of their own comes in counts, and spectra have a step between the detectors.
# Seen: counts 2000 and 2000, gains 0.01 and 0.02: spectral 2000.0 2000.0 | by GDAL's scales 20.0 40.0
#   the same with reflectance scale factor = 10000: spectral 0.2 0.2
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.2.6 spectral==0.25
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import spectral

print("spectral", spectral.__version__, "GDAL", rasterio.__gdal_version__)
layout = "samples = 5\nlines = 4\nbands = 2\nheader offset = 0\ndata type = 2\ninterleave = bsq\nbyte order = 0\n"
gains = "data gain values = {0.01, 0.02}\ndata offset values = {0, 0}\n"


def values(fields):
    np.full((2, 4, 5), 2000, "<i2").tofile("cube.img")
    with open("cube.hdr", "w") as header:
        header.write(f"ENVI\nfile type = ENVI Standard\n{layout}wavelength = {{500, 1500}}\n{fields}")
    return [round(float(v), 6) for v in np.array(spectral.open_image("cube.hdr").load())[0, 0]]


by_factor = values("reflectance scale factor = 10000\n")
by_gains = values(gains)
with rasterio.open("cube.img") as dataset:
    by_gdal = [round(float(v * s), 6) for v, s in zip(dataset.read()[:, 0, 0], dataset.scales)]
print("gains: spectral", *by_gains, "| by GDAL's scales", *by_gdal, "| reflectance scale factor: spectral", *by_factor)
assert (by_gains, by_gdal, by_factor) == ([2000, 2000], [20, 40], [0.2, 0.2]), "this has changed"
PYTHON
