#!/usr/bin/env bash
# hypercoast 0.27.0 with xarray 2026.9.0, h5netcdf 1.8.2 (Python 3.11 or newer)
#
# Expected: the reflectance that `read_neon` gives, 0.2, is 0.2 again after `to_netcdf` and `xarray.open_dataset`.
# Behaviour: `read_neon` divides by the product's Scale_Factor, 10000, and keeps it as an attribute of that name,
#   `scale_factor`, which in a netCDF file is CF's, and multiplies: xarray writes the attribute as it is, and whoever
#   reads the file applies it. GDAL and QGIS do the same.
# Seen: read_neon 0.2, its attribute scale_factor 10000.0 | written and opened again: 2000.0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q hypercoast==0.27.0 leafmap==0.63.1 xarray==2026.9.0 h5py==3.16.0 h5netcdf==1.8.2
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import h5py
import hypercoast
import numpy as np
import xarray

print("hypercoast", hypercoast.__version__, "xarray", xarray.__version__)
place = b"UTM, 1.000, 1.000, 731000.00, 4713000.00, 1.0, 1.0, 18, North, WGS-84, units=Meters"
with h5py.File("NEON_D01_HARV_DP3_reflectance.h5", "w") as file:
    reflectance = file.create_group("HARV/Reflectance")
    cube = reflectance.create_dataset("Reflectance_Data", data=np.full((6, 5, 3), 2000, "i2"))
    cube.attrs["Scale_Factor"], cube.attrs["Data_Ignore_Value"] = 10000.0, -9999.0
    reflectance["Metadata/Spectral_Data/Wavelength"] = np.array([450.0, 550.0, 650.0])
    reflectance["Metadata/Coordinate_System/EPSG Code"] = b"32618"
    reflectance["Metadata/Coordinate_System/Map_Info"] = place
read = hypercoast.read_neon("NEON_D01_HARV_DP3_reflectance.h5")
before, factor = float(read.reflectance[0, 0, 0]), float(read.reflectance.attrs["scale_factor"])
read.to_netcdf("neon.nc", engine="h5netcdf")
after = float(xarray.open_dataset("neon.nc", engine="h5netcdf").reflectance[0, 0, 0])
print("read_neon", before, "| scale_factor", factor, "| written and opened again", after)
assert (before, factor, after) == (0.2, 10000, 2000), "this has changed"
PYTHON
