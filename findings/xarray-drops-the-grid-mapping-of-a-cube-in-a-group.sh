#!/usr/bin/env bash
# xarray 2026.9.0, with h5netcdf 1.8.2
#
# Expected: of a variable in a group whose `grid_mapping` stands in the group above, where CF 1.11
#   (section 2.7, scope) looks for it, `decode_coords="all"` keeps the attribute, in `attrs` or in
#   `encoding`, as `decode_coords=True` does: what is not found stays as it was.
# Behaviour: a warning says that it is not among the variables, and the attribute is gone from both,
#   so that neither a reader of ours nor `to_netcdf` can tell any more that there is a place.
# Seen: True: attrs /crs, encoding None | all: attrs None, encoding None
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q xarray==2026.9.0 h5netcdf==1.8.2 h5py==3.16.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import h5netcdf
import numpy as np
import xarray

print("xarray", xarray.__version__, "h5netcdf", h5netcdf.__version__)
with h5netcdf.File("swath.nc", "w") as file:
    file.dimensions = {"y": 2, "x": 3}
    mapping = file.create_variable("crs", (), "i4")
    mapping.attrs["grid_mapping_name"] = "transverse_mercator"
    cube = file.create_group("data").create_variable("radiance", ("y", "x"), "f4")
    cube[:] = np.ones((2, 3), "f4")
    cube.attrs["grid_mapping"] = "/crs"
found = {}
for decode in (True, "all"):
    cube = xarray.open_dataset("swath.nc", group="data", decode_coords=decode).radiance
    found[decode] = cube.attrs.get("grid_mapping"), cube.encoding.get("grid_mapping")
print(" | ".join(f"{k}: attrs {attrs}, encoding {enc}" for k, (attrs, enc) in found.items()))
assert found[True] == ("/crs", None), "the behaviour has changed"
assert found["all"] == (None, None), "the behaviour has changed"
PYTHON
