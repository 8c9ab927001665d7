"""Which product an HDF5 file is."""

import os
from pathlib import Path

from hsisr_geo import gdal_source
from hsisr_geo.errors import RasterError
from hsisr_geo.grid import Raster
from hsisr_geo.products import cf, emit, neon, prisma
from hsisr_geo.products.hdf5 import describing


def describe(path: Path, *, orthorectify: bool) -> Raster:
    """Describe an HDF5 or netCDF-4 file: as a product that is known, by CF, or as GDAL sees it.

    Raises
    ------
    RasterError : damaged, an incomplete product, or no raster
    """
    with describing(path) as file:
        if prisma.recognise(file):
            return prisma.describe(file, path)
        if emit.recognise(file):
            return emit.describe(file, path, orthorectify=orthorectify)
        if neon.recognise(file):
            return neon.describe(file, path)
    try:
        return cf.describe_netcdf(path) or gdal_source.describe(os.fspath(path))
    except RasterError as error:
        told = "a PRISMA, EMIT or NEON product would be incomplete, as its groups are not there"
        raise RasterError(f"{error}; {told}") from error
