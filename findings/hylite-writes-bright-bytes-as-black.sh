#!/usr/bin/env bash
# hylite 1.41 and GDAL 3.13.3 (gdal-wheel; Python 3.12 or newer)
#
# Expected: an image of bytes – a class map, a quick look, a true-colour picture of a scene – that `saveWithGDAL`
#   writes has the numbers that it had, as `saveWithNumpy` writes them.
# Behaviour: it is turned into signed bytes on the way, so that 128 to 255 are -128 to -1, and the file's bands are
#   unsigned: GDAL cuts what is below 0 to 0. The brighter half of the picture is black, without a word.
# Seen: bands of 100, 127 and 200: 100, 127 and 0 by saveWithGDAL, 100, 127 and 200 by saveWithNumpy
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q --no-deps hylite==1.41  # of its many needs this takes two
"$folder/venv/bin/pip" install -q gdal-wheel==3.13.3 numpy==2.4.6 scipy==1.17.1 2> "$folder/told"  # that the others are not there
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from hylite import io
from hylite.hyimage import HyImage
from osgeo import gdal

print("hylite", version("hylite"), "GDAL", gdal.__version__)
image = HyImage(np.broadcast_to(np.array([100, 127, 200], "uint8"), (6, 5, 3)).copy())
io.saveWithGDAL("a.tif", image)
io.saveWithNumpy("b.dat", image)
by_gdal = gdal.Open("a.tif").ReadAsArray()[:, 0, 0].tolist()
by_numpy = np.fromfile("b.dat", "uint8").reshape(3, 5, 6)[:, 0, 0].tolist()
print("bands of 100, 127, 200 | by saveWithGDAL", *by_gdal, "| by saveWithNumpy", *by_numpy)
assert (by_gdal, by_numpy) == ([100, 127, 0], [100, 127, 200]), "this has changed"
PYTHON
