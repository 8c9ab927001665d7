#!/usr/bin/env bash
# hyperbench 0.1.0 (a benchmark of hyperspectral super-resolution by made-up degradations)
#
# Expected: a scene of one value, blurred and made smaller, has that value everywhere: a PSF sums to 1.
# Behaviour: outside the scene there is 0, not the nearest pixel or the scene mirrored, so a border of the PSF's
#   radius comes out darker, by a third at the edge and more in corners, and the truth that methods are held against is
#   not.
# Seen: a scene of 1, gaussian of sigma 2, half of the size: 0.688 at the edge, 0.473 in a corner.
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
from hyperbench.degradations.spatial import apply_psf, downsample_image

print("hyperbench", version("hyperbench"))
scene = np.ones((64, 64, 4), np.float32)
half = downsample_image(apply_psf(scene, make_psf("gaussian", 2, 6)), 2)
print("middle", half[16, 16, 0], "| edge", round(float(half[16, 0, 0]), 3), "| corner", round(float(half[0, 0, 0]), 3))
assert abs(half[16, 16, 0] - 1) < 1e-5
assert half[16, 0, 0] < 0.75 and half[0, 0, 0] < 0.5, "the behaviour has changed"
PYTHON
