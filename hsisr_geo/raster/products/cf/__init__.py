"""Cubes that follow the CF conventions, or nearly: in netCDF, plain HDF5 or Zarr."""

from hsisr_geo.raster.products.cf.describe import (
    describe_array,
    describe_classic,
    describe_netcdf,
    describe_zarr,
)

__all__ = ["describe_array", "describe_classic", "describe_netcdf", "describe_zarr"]
