#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4; the same in 3.6.2 and 3.12.2), driver ENVI
#
# Expected: a copy of an ENVI cube, made by GDAL as ENVI, has the wavelengths and widths of the cube in
#   its header: GDAL reads them (they are tags of each band), and the format has fields for them.
# Behaviour: neither `wavelength` nor `fwhm` nor `wavelength units` is written. The wavelengths are left as
#   texts in the names of the bands, and in a file of GDAL's own beside the image, .aux.xml: whoever reads
#   ENVI by its header has a cube without a spectrum. Widths are gone for GDAL, too.
# Seen: Spectral Python 0.25: wavelengths [450.5, 650.25] of the cube, None of the copy |
#   GDAL: 650.25 of both, band 2 of the copy is called "red (650.25 Nanometers)"
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6 spectral==0.25
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rasterio.shutil
from spectral.io import envi

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
np.ones((2, 4, 5), "<f4").tofile("cube.img")
with open("cube.hdr", "w") as header:
    header.write(
        "ENVI\nsamples = 5\nlines = 4\nbands = 2\nheader offset = 0\nfile type = ENVI Standard\n"
        "data type = 4\ninterleave = bsq\nbyte order = 0\nband names = {blue, red}\n"
        "wavelength units = Nanometers\nwavelength = {450.5, 650.25}\nfwhm = {10, 12}\n"
    )
rasterio.shutil.copy("cube.img", "copy.img", driver="ENVI")
found = {}
for name in ("cube", "copy"):
    with rasterio.open(f"{name}.img") as dataset:
        tags, width, band = dataset.tags(2), dataset.tags(2, ns="IMAGERY"), dataset.descriptions[1]
    seen = envi.open(f"{name}.hdr").bands
    found[name] = seen.centers, seen.bandwidths, tags.get("wavelength"), width.get("FWHM_UM"), band
    print(f"{name}: Spectral Python {seen.centers}, widths {seen.bandwidths} |"
          f" GDAL {tags.get('wavelength')}, width {width.get('FWHM_UM')}, called {band}")
fields = [line.split("=")[0].strip() for line in open("copy.hdr") if "=" in line]
assert "band names" in fields and not {"wavelength", "fwhm", "wavelength units"} & set(fields)
assert found["cube"][:3] == ([450.5, 650.25], [10, 12], "650.25") and found["cube"][3] == "0.012"
assert found["copy"] == (None, None, "650.25", None, "red (650.25 Nanometers)"), "this has changed"
PYTHON
