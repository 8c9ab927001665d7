#!/usr/bin/env bash
# rioxarray 0.19.0 with xarray 2025.7.1, GDAL 3.10.3 (in the wheel of rasterio 1.4.4)
#
# Expected: `cube.to_netcdf(path, encoding={"cube": {"zlib": True}})` writes what `cube.to_netcdf(path)`
#   writes, compressed.
# Behaviour: rioxarray keeps the link to the CRS, `grid_mapping`, in the variable's encoding, and what is
#   given to to_netcdf or to_zarr replaces that, it does not add to it. The variable `spatial_ref` is in the
#   file, but nothing leads to it, and the cube that comes back has no CRS, in rioxarray as in GDAL.
# Seen: as it is: rioxarray 32633, GDAL 32633 | compressed: rioxarray None, GDAL None
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.2.6 xarray==2025.7.1 rioxarray==0.19.0 \
    h5netcdf==1.6.1 h5py==3.14.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rioxarray
import xarray as xr

print("rioxarray", rioxarray.__version__, "xarray", xr.__version__, "GDAL", rasterio.__gdal_version__)
place = {"y": 5000000 - 30.0 * np.arange(4), "x": 300000 + 30.0 * np.arange(5)}
cube = xr.DataArray(np.ones((2, 4, 5), "f4"), {"band": [1, 2], **place}, ("band", "y", "x"), "cube")
cube = cube.rio.write_crs(32633).rio.write_coordinate_system()
found = {}
for name, encoding in (("as it is", {}), ("compressed", {"cube": {"zlib": True}})):
    cube.to_netcdf("a.nc", engine="h5netcdf", encoding=encoding)
    with xr.open_dataset("a.nc", engine="h5netcdf", decode_coords="all") as back:
        by_rioxarray = back.cube.rio.crs and back.cube.rio.crs.to_epsg()
    with rasterio.open("netcdf:a.nc:cube") as dataset:
        found[name] = by_rioxarray, dataset.crs and dataset.crs.to_epsg()
    print(f"{name}: rioxarray {found[name][0]}, GDAL {found[name][1]}")
assert found == {"as it is": (32633, 32633), "compressed": (None, None)}, "this has changed"
PYTHON
