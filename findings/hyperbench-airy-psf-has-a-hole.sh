#!/usr/bin/env bash
# hyperbench 0.1.0 (a benchmark of hyperspectral super-resolution by made-up degradations)
#
# Expected: the PSF called "airy" is brightest in the middle and falls off outwards, as a telescope's.
# Behaviour: it is made of the modified Bessel function of the second kind (scipy's `kv`), which grows without
#   bound towards 0, where an Airy pattern has the one of the first kind (`j1`). The middle is set to 1, and for
#   a sigma from 3 pixels on the pixels around it are brighter: the scene is blurred by a ring.
# Seen: middle row for sigma 4: 0.0093 in the middle, 0.1977 beside it.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps hyperbench==0.1.0  # it asks for JupyterLab, which this does not need
"$folder/venv/bin/pip" install -q numpy==1.26.4 scipy==1.17.1 opencv-python-headless==4.9.0.80 \
    matplotlib pyyaml sewar spectral 2> "$folder/told"  # that what it asks for is not there
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from hyperbench.degradations.psf import make_psf

print("hyperbench", version("hyperbench"))
for sigma in (1, 2, 3, 4):
    print("airy, sigma", sigma, "middle row", np.round(make_psf("airy", sigma, 3)[3], 4))
row = make_psf("airy", 4, 3)[3]
assert make_psf("gaussian", 4, 3)[3].argmax() == 3
assert row[2] > 10 * row[3], "the behaviour has changed"
PYTHON
