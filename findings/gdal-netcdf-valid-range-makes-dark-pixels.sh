#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver netCDF; files written with h5netcdf 1.8.2
#
# Expected: numbers outside a variable's `valid_range` are masked as missing (CF 1.11, section 2.5.1),
#   or left as they are stored.
# Behaviour: where the variable has no `_FillValue` they are replaced by 0, which lies within the
#   range, and nothing masks them: a saturated pixel is a dark one. With a `_FillValue` it is missing.
# Seen: valid_range -100..900, numbers 50 950 0: read 50 0 0, nodata None, mask 255 255 255
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6 h5netcdf==1.8.2 h5py==3.16.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import h5netcdf
import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
with h5netcdf.File("limits.nc", "w") as file:
    file.dimensions = {"y": 2, "x": 3}
    band = file.create_variable("radiance", ("y", "x"), "i2")
    band.attrs["valid_range"] = np.array([-100, 900], "i2")
    band[:] = np.array([[50, 950, 0]] * 2, "i2")
with rasterio.open("netcdf:limits.nc:radiance") as dataset:
    row, mask, nodata = dataset.read(1)[0], dataset.read_masks(1)[0], dataset.nodata
numbers, masks = (" ".join(map(str, values)) for values in (row, mask))
print(f"valid_range -100..900, numbers 50 950 0: read {numbers}, nodata {nodata}, mask {masks}")
assert row.tolist() == [50, 0, 0] and nodata is None, "the behaviour has changed"
assert mask.all(), "the behaviour has changed"
PYTHON
