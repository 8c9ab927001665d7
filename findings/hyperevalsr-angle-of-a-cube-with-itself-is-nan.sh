#!/usr/bin/env bash
# HyperEvalSR 1.0.1 ("quality evaluation of super-resolved hyperspectral images")
#
# Expected: the spectral angle of a cube with itself is 0, and that of a result that reproduces some pixels exactly
#   is the mean over all of them.
# Behaviour: cosines that rounding takes a hair above 1 have no arc cosine, so a single pixel that is reproduced
#   exactly (or nearly) can make the mean of the scene NaN.
# Seen: nan for a cube and itself, and for a cube and a copy of it that differs in all pixels but one row.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q HyperEvalSR==1.0.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from HyperEvalSR.metrics import SAM

print("HyperEvalSR", version("HyperEvalSR"), "numpy", np.__version__)
random = np.random.default_rng(0)
truth = random.uniform(0.05, 0.5, (40, 40, 60))  # (row, column, band), reflectance
result = truth + random.normal(0, 0.01, truth.shape)
print("angle, result with noise everywhere:", SAM(truth, result))
result[7] = truth[7]
print("angle, one row reproduced exactly:", SAM(truth, result), "| with itself:", SAM(truth, truth))
assert np.isnan(SAM(truth, truth)) and np.isnan(SAM(truth, result)), "the behaviour has changed"
PYTHON
