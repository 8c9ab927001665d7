#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver GTiff
#
# Expected: four bands of flags or of measurements, written without a word on colours, come back as
#   four bands of data: no pixel is masked, whatever the numbers and their type.
# Behaviour: of exactly four bands of uint8, with no PHOTOMETRIC given, the fourth comes back as an
#   alpha band. Where it is 0, all four bands are masked: of a quality mask (clear, cloud, haze,
#   shadow) every pixel without a shadow. Of uint16, or of five bands, none is.
# Seen: uint8 x 4 alpha 24 of 24 masked | uint16 x 4 undefined 0 | uint8 x 5 undefined 0 |
#   uint8 x 4, PHOTOMETRIC=MINISBLACK undefined 0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)


def written(count, dtype, **options):
    """Return what the fourth band comes back as, and how many pixels of the first are masked."""
    flags = np.zeros((count, 4, 6), dtype)
    flags[0] = 1  # clear everywhere
    size = {"height": 4, "width": 6, "count": count, "dtype": dtype}
    with rasterio.open("flags.tif", "w", driver="GTiff", **size, **options) as dataset:
        dataset.write(flags)
    with rasterio.open("flags.tif") as dataset:
        masked = np.ma.getmaskarray(dataset.read(1, masked=True)).sum()
        return dataset.colorinterp[3].name, int(masked)


found = {
    "uint8 x 4": written(4, "uint8"),
    "uint16 x 4": written(4, "uint16"),
    "uint8 x 5": written(5, "uint8"),
    "uint8 x 4, MINISBLACK": written(4, "uint8", photometric="MINISBLACK"),
}
print(" | ".join(f"{name} {kind} {masked}" for name, (kind, masked) in found.items()))
assert found.pop("uint8 x 4") == ("alpha", 24), "the behaviour has changed"
assert set(found.values()) == {("undefined", 0)}, "the behaviour has changed"
PYTHON
