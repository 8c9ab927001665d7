#!/usr/bin/env bash
# xarray 2026.9.0
#
# Expected: longitudes that a file keeps as 32-bit integers, ten millionths of a degree (a centimetre),
#   come out as exact as they are kept: integers of 32 bits do not fit in float32.
# Behaviour: where scale_factor is a float32 they are decoded into float32, whose steps are 1.5e-5 degrees
#   at 178 E: 1.7 m at the equator, so that pixels 1.1 m apart have one place. The same file with an
#   add_offset of 0 beside is decoded into float64, and exact to a float32's scale.
# Seen: pixels 1.1 m apart: 7 of 10 places are distinct, float32 | with add_offset = 0: 10 of 10, float64
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q xarray==2026.9.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import xarray as xr

print("xarray", xr.__version__)
stored = np.int32(1_780_000_000) + 100 * np.arange(10, dtype="i4")  # 1e-7 degrees; 1.1 m apart
seen = {}
for offset in (None, 0):
    attributes = {"scale_factor": np.float32(1e-7), "units": "degrees_east"}
    if offset is not None:
        attributes["add_offset"] = np.float32(offset)
    decoded = xr.decode_cf(xr.Dataset({"lon": ("x", stored, attributes)}))["lon"].values
    seen[offset] = len(np.unique(decoded)), str(decoded.dtype)
print(
    f"pixels 1.1 m apart: {seen[None][0]} of 10 places are distinct, {seen[None][1]} | "
    f"with add_offset = 0: {seen[0][0]} of 10, {seen[0][1]}"
)
assert seen[None][1] == "float32" and seen[None][0] < 10, "the behaviour has changed"
assert seen[0] == (10, "float64"), "the behaviour has changed"
PYTHON
