#!/usr/bin/env bash
# Spectral Python 0.25
#
# Expected: an ENVI image that was loaded, and saved with its own metadata, is the same image: 2500 with
#   `reflectance scale factor = 10000` is a reflectance of 0.25 before and after; and -9999, told as
#   `data ignore value`, can be found in what was loaded.
# Behaviour: load() divides by the factor, holes too, and keeps both fields; save_image() writes the
#   divided numbers as float32 beside them, so that the next load() divides again. No number of the saved
#   file is -9999 any more, though its header says so. open_memmap() does not divide.
# Seen: loaded 0.25, hole -0.9999 | saved and loaded 2.5e-05 | open_memmap 2500
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q spectral==0.25 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import spectral
from spectral.io import envi

print("spectral", spectral.__version__)
numbers = np.full((2, 3, 4), 2500, "<i2")
numbers[:, 0, 0] = -9999
numbers.tofile("a.img")
with open("a.hdr", "w") as header:
    header.write(
        "ENVI\nsamples = 4\nlines = 3\nbands = 2\nheader offset = 0\nfile type = ENVI Standard\n"
        "data type = 2\ninterleave = bsq\nbyte order = 0\nreflectance scale factor = 10000\n"
        "data ignore value = -9999\n"
    )
image = envi.open("a.hdr", "a.img")
loaded = image.load()
envi.save_image("b.hdr", loaded, metadata=image.metadata)
again = envi.open("b.hdr").load()
value, hole = float(loaded[1, 1, 0]), round(float(loaded[0, 0, 0]), 6)
print(f"loaded {value}, hole {hole} | saved and loaded {float(again[1, 1, 0]):.2g}"
      f" | open_memmap {image.open_memmap()[1, 1, 0]}")
saved = np.fromfile("b.img", "<f4")
assert (value, hole) == (0.25, -0.9999) and np.isclose(again[1, 1, 0], 0.25 / 10000)
assert image.open_memmap()[1, 1, 0] == 2500
assert "data ignore value = -9999" in open("b.hdr").read() and not (saved == -9999).any()
PYTHON
