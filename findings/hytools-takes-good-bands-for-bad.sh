#!/usr/bin/env bash
# hy-tools 1.6.0 (HyTools)
#
# Expected: an ENVI header's `bbl` has 1 for good bands; HyTools, whose `bad_bands` are true for bad ones
#   (`create_bad_bands`), takes the zeros of it.
# Behaviour: it takes the ones. Every good band is bad and every bad one good, so that what HyTools resamples or
#   corrects "without bad bands" is made of the bad ones alone, without a word.
# Seen: bbl {1,1,0,1}: bad_bands [True True False True].
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
np.full((4, 6, 5), 1000, "<i2").tofile("scene.img")
with open("scene.hdr", "w") as header:
    header.write("""ENVI
samples = 5
lines = 6
bands = 4
header offset = 0
data type = 2
interleave = bsq
byte order = 0
data ignore value = -9999
wavelength units = Nanometers
wavelength = {500, 900, 1400, 2200}
fwhm = {10, 10, 10, 10}
bbl = {1, 1, 0, 1}
""")
scene = hytools.HyTools()
scene.read_file("scene.img", "envi")
print("by the header:", scene.bad_bands)
told = list(scene.bad_bands)
scene.create_bad_bands([[1350, 1450]])
print("by create_bad_bands([[1350, 1450]]):", scene.bad_bands)
assert list(scene.bad_bands) == [False, False, True, False]
assert told == [True, True, False, True], "the behaviour has changed"
PYTHON
