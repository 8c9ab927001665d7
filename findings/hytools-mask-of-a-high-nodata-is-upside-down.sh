#!/usr/bin/env bash
# hy-tools 1.6.0 (HyTools)
#
# Expected: its mask of valid pixels, made on opening, is false where the value is the header's `data ignore value`.
# Behaviour: it is true where the value is above half of it, which holds for -9999 and nothing much else. With
#   65535 or 32767, as products in uint16 have, all that is measured is masked, and only holes are valid.
# Seen: uint16 reflectance of 1000 and one hole of 65535: the hole is the one valid pixel.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q hy-tools==1.6.0 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import hytools
import numpy as np

print("hy-tools", version("hy-tools"))
values = np.full((4, 6, 5), 1000, "<u2")
values[:, 2, 3] = 65535
values.tofile("scene.img")
with open("scene.hdr", "w") as header:
    header.write("""ENVI
samples = 5
lines = 6
bands = 4
header offset = 0
data type = 12
interleave = bsq
byte order = 0
data ignore value = 65535
wavelength units = Nanometers
wavelength = {500, 600, 700, 800}
fwhm = {10, 10, 10, 10}
""")
scene = hytools.HyTools()
scene.read_file("scene.img", "envi")
valid = scene.mask["no_data"]
print("valid pixels:", int(valid.sum()), "of", valid.size, "| the hole is", "valid" if valid[2, 3] else "masked")
assert valid.sum() == 1 and valid[2, 3], "the behaviour has changed"
PYTHON
