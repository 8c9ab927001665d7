#!/usr/bin/env bash
# HyperEvalSR 1.0.1 ("quality evaluation of super-resolved hyperspectral images")
#
# Expected: errors of two uint16 cubes, as its own `load` gives them from a GeoTIFF, are those of the same numbers
#   in floating point, or a refusal.
# Behaviour: differences and their squares are formed in uint16 and wrap. An error of 300 counts (0.03 of
#   reflectance) in every pixel is told as less than one of 250, and one of 256 as none at all.
# Seen: errors of 250, 256 and 300 counts everywhere: RMSE 250, 0 and 156; PSNR infinite for 256.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q HyperEvalSR==1.0.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from HyperEvalSR.metrics import PSNR, RMSE

print("HyperEvalSR", version("HyperEvalSR"), "numpy", np.__version__)
truth = np.random.default_rng(0).integers(500, 5000, (40, 40, 60)).astype("uint16")  # reflectance times 10 000
told = {}
for error in (250, 256, 300):
    result = truth + np.uint16(error)
    told[error] = RMSE(truth, result)
    print(f"{error} counts too high: RMSE {told[error]:.1f}, PSNR {PSNR(truth, result):.1f}",
          f"| in floating point {RMSE(truth.astype(float), result.astype(float)):.1f}")
assert told[250] == 250
assert told[256] == 0 and told[300] < 200, "the behaviour has changed"
PYTHON
