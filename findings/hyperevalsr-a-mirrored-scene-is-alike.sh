#!/usr/bin/env bash
# HyperEvalSR 1.0.1 ("quality evaluation of super-resolved hyperspectral images")
#
# Expected: SSIM tells whether the pixels of each band are where they should be: low for a scene and its mirror image.
# Behaviour: of cubes (row, column, band) it takes means, variances and the covariance over columns *and bands* of
#   each row. Bands differ more than pixels do, so the spectrum that all pixels have in common is what is compared, and
#   where the pixels lie hardly counts.
# Seen: with the range of values given, 0.89 for a scene and its mirror image; the same formula band by band
#   gives 0.18.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q HyperEvalSR==1.0.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from HyperEvalSR.metrics import SSIM

print("HyperEvalSR", version("HyperEvalSR"), "numpy", np.__version__)
random = np.random.default_rng(0)
spectrum = 0.05 + 0.4 / (1 + np.exp(-np.linspace(-6, 6, 60)))  # dark in the visible, bright beyond: a leaf's
truth = spectrum * random.normal(1, 0.2, (40, 40, 1))  # (row, column, band), reflectance
mirrored = truth[:, ::-1]
by_cube = SSIM(truth, mirrored, L=0.5)
by_band = np.mean([SSIM(truth[..., b][None], mirrored[..., b][None], L=0.5) for b in range(60)])
print("SSIM of a scene and its mirror image:", round(by_cube, 3), "| band by band:", round(by_band, 3))
assert by_band < 0.25
assert by_cube > 0.8, "the behaviour has changed"
PYTHON
