#!/usr/bin/env bash
# xarray 2026.9.0 with zarr 3.4.2, GDAL 3.12.2 (in the wheel of rasterio 1.5.2); Python 3.12 or newer
#
# Expected: a cube that xarray stores with `_FillValue: -32768` has -32768 for holes in GDAL as well,
#   as it has in Zarr's format 2 and in netCDF.
# Behaviour: in format 3 xarray keeps `_FillValue` as an attribute and leaves the array's own
#   `fill_value`, which the format wants of each, at 0. GDAL looks at that one only: its nodata value is
#   0, dark pixels are masked, and holes are data.
# Seen: format 2 nodata -32768, hole masked, dark pixel not | format 3 nodata 0, dark pixel masked, hole not
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3 python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[2-4].*/bin/python3; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2> /dev/null && break
done
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.5.2 numpy==2.4.6 xarray==2026.9.0 zarr==3.4.2
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import xarray as xr
import zarr

print("xarray", xr.__version__, "zarr", zarr.__version__, "GDAL", rasterio.__gdal_version__)
values = np.full((2, 4, 5), 7.0)
values[:, 0, 0] = np.nan
values[:, 3, 4] = 0.0
cube = xr.Dataset({"cube": (("band", "y", "x"), values)})
found = {}
for version in (2, 3):
    encoding = {"cube": {"dtype": "int16", "_FillValue": -32768}}
    cube.to_zarr(f"{version}.zarr", encoding=encoding, zarr_format=version, consolidated=False)
    back = xr.open_zarr(f"{version}.zarr", consolidated=False).cube
    assert np.isnan(back[0, 0, 0]) and back[0, 3, 4] == 0, "xarray reads what it wrote"
    with rasterio.open(f'ZARR:"{version}.zarr":/cube') as dataset:
        mask = dataset.read_masks(1) == 0
        found[version] = dataset.nodata, bool(mask[0, 0]), bool(mask[3, 4])
    print(f"format {version}: nodata {found[version][0]}, hole masked: {found[version][1]},"
          f" dark pixel masked: {found[version][2]}")
assert found == {2: (-32768, True, False), 3: (0, False, True)}, "this has changed"
PYTHON
