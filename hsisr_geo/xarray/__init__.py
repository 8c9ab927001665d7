"""The `hsisr` accessor: arrays and dask graphs instead of files.

Importing this package registers it, for DataArray and for Dataset:

>>> import hsisr_geo.xarray
>>> fine = hsisr_geo.xarray.open_dataarray("scene.tif").hsisr.super_resolve(upscale=2)
"""

from hsisr_geo.xarray.accessor import HsisrArray, HsisrDataset
from hsisr_geo.xarray.open import open_dataarray
from hsisr_geo.xarray.to_raster import to_raster

__all__ = ["HsisrArray", "HsisrDataset", "open_dataarray", "to_raster"]
