#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), drivers netCDF and HDF5; a file written with h5netcdf 1.8.2
#
# Expected: a cube in the geometry of the sensor, (downtrack, crosstrack, bands) as EMIT is delivered, is
#   the same raster by either driver of GDAL that opens its file, its first line the first one scanned.
# Behaviour: netCDF takes the last axis for bands, and for want of coordinates the first line for the
#   southernmost: the scene is upside down. HDF5 takes the first axis for bands: each of its bands is a
#   line of the scene, and its columns are the spectrum.
# Seen: line 0, sample 1, band 2 of the file: 7 | netCDF: 5 bands of 4x3, there 52 | HDF5: 4 bands of 3x5
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
cube = np.arange(4 * 3 * 5, dtype="f4").reshape(4, 3, 5)  # line, sample, band
with h5netcdf.File("swath.nc", "w") as file:
    file.dimensions = {"downtrack": 4, "crosstrack": 3, "bands": 5}
    file.create_variable("reflectance", ("downtrack", "crosstrack", "bands"), "f4")[:] = cube
with rasterio.open("netcdf:swath.nc:reflectance") as dataset:
    by_netcdf = dataset.read()
with rasterio.open('HDF5:"swath.nc"://reflectance') as dataset:
    by_hdf5 = dataset.read()
print(f"line 0, sample 1, band 2 of the file: {cube[0, 1, 2]:g} |"
      f" netCDF: {by_netcdf.shape}, there {by_netcdf[2, 0, 1]:g} | HDF5: {by_hdf5.shape}")
assert (by_netcdf == cube.transpose(2, 0, 1)[:, ::-1]).all(), "this has changed"
assert (by_hdf5 == cube).all(), "this has changed"
PYTHON
