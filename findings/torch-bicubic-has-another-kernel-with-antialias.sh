#!/usr/bin/env bash
# torch 2.13.0
#
# Expected: `interpolate(mode="bicubic", antialias=True)` differs from `antialias=False` where it makes smaller,
#   as the manual says of the flag; where it makes larger there is nothing to hold back, and both are one.
# Behaviour: the flag changes the kernel. Without it the cubic has a = -0.75 (as OpenCV's), with it a = -0.5
#   (Keys; as GDAL's, Pillow's and MATLAB's). So a "bicubic" that is enlarged without the flag, as most
#   super-resolution code does, is not the bicubic that the smaller image was made by, nor GDAL's.
# Seen: twice as large, of a single bright pixel: largest value 0.7725 without the flag, 0.7520 with it.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from torch.nn.functional import interpolate

print("torch", torch.__version__)
image = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
image[..., 4, 4] = 1


def cubic(distance, a):
    """Keys' kernel at a distance in pixels."""
    d = abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a


peaks = {}
for antialias, a in ((False, -0.75), (True, -0.5)):
    large = interpolate(image, scale_factor=2, mode="bicubic", align_corners=False, antialias=antialias)
    peaks[antialias] = large.max().item()
    print("antialias", antialias, "largest value", round(peaks[antialias], 4))
    assert abs(peaks[antialias] - cubic(0.25, a) ** 2) < 1e-9, "the behaviour has changed"
assert peaks[True] != peaks[False], "the behaviour has changed"
PYTHON
