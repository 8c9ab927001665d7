"""The product that an HDF5 file is."""

import os
from dataclasses import replace
from pathlib import Path

from hsisr_geo.bands.wavelengths import as_they_can_be
from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.products import cf, emit, neon, prisma
from hsisr_geo.raster.products.hdf5 import Hdf5Source, describing
from hsisr_geo.raster.products.swaths import hypso, pace, tanager
from hsisr_geo.raster.products.swaths.geolocation import SwathOnMap
from hsisr_geo.raster.products.swaths.lookup_table import by_table, table_in
from hsisr_geo.raster.raster import Raster, Source


def describe(path: Path, *, orthorectify: bool) -> Raster:
    """Describe an HDF5 or netCDF-4 file: as a product that is known, by CF, or as GDAL sees it.

    Raises
    ------
    RasterError : damaged, an incomplete product, or no raster
    """
    if known := _known(path, orthorectify):
        return known
    try:
        return _by_cf(path, orthorectify=orthorectify) or gdal.describe(os.fspath(path))
    except RasterError as error:
        named = next((n for n in ("PRS_", "EMIT_", "NEON_") if path.name.startswith(n)), None)
        if named is None:
            raise
        told = f"as a product of {named[:-1]} it lacks the groups: it is incomplete"
        raise RasterError(f"{error}; {told}") from error


def describe_cube(path: Path, cube: str, *, orthorectify: bool) -> Raster | None:
    """Describe the product that a dataset in the file is a cube of, or the cube itself.

    None where its axes are not told: GDAL takes the last two for rows and columns then.

    Raises
    ------
    RasterError : as `describe` says
    """
    known = _known(path, orthorectify)
    cubes = _cubes(known.source) if known else []
    names = [name.strip("/").replace(" ", "_") for name in cubes]  # as GDAL writes them
    if cube.replace(" ", "_") in names:
        return known
    return _by_cf(path, cube, orthorectify=orthorectify)


def _by_cf(path: Path, cube: str = "", *, orthorectify: bool) -> Raster | None:
    """Describe a cube by CF, on the map of the lookup table in the file where that is asked."""
    with describing(path) as file:
        table = table_in(file, path)
    found = cf.describe_netcdf(path, cube, orthorectify=orthorectify and table is None)
    if found is None or table is None or found.has_transform:
        return found
    if orthorectify:
        return by_table(found, table)
    return found.noted("as the sensor saw it; --orthorectify puts it on its map")


def _cubes(source: Source | None) -> list[str]:
    """Return the datasets that a product's bands come from."""
    while isinstance(source, tanager.MaskedSource | SwathOnMap):
        source = source.source
    if isinstance(source, prisma.PrismaSource):
        source = source.cubes
    if isinstance(source, Hdf5Source):
        return [part.dataset for part in source.parts]
    return [source.cube] if isinstance(source, emit.OrthoSource) else []


def _known(path: Path, orthorectify: bool) -> Raster | None:
    found = _as_told(path, orthorectify)
    if found is None:
        return None
    bands, odd = as_they_can_be(found.bands)
    return replace(found, bands=bands).noted(odd)


def _as_told(path: Path, orthorectify: bool) -> Raster | None:
    with describing(path) as file:
        if prisma.recognise(file):
            return prisma.describe(file, path, orthorectify=orthorectify)
        if emit.recognise(file):
            return emit.describe(file, path, orthorectify=orthorectify)
        if tanager.recognise(file):
            return tanager.describe(file, path, orthorectify=orthorectify)
        if pace.recognise(file):
            return pace.describe(file, path, orthorectify=orthorectify)
        if hypso.recognise(file):
            return hypso.describe(file, path, orthorectify=orthorectify)
        if neon.recognise(file):
            return neon.describe(file, path)
    return None
