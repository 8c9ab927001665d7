"""Files that are no raster here, arrays of MATLAB and NumPy and others: what makes rasters of them.

Arrays tell neither axes nor place. MATLAB's version 7.3 is HDF5, where axes come in the opposite
order; GDAL opens it, with rows and columns changed for each other.
"""

import re
from pathlib import Path

_KINDS = {
    b"MATLAB 5.0 MAT-file": ("MATLAB", 'scipy.io.loadmat("{}")["NAME"]'),
    b"MATLAB 7.3 MAT-file": ("MATLAB", 'h5py.File("{}")["NAME"][()].T'),
    b"\x93NUMPY": ("NumPy", 'numpy.load("{}")'),
}  # by how files begin
_UNREAD = {
    rb"\A\x0e\x03\x13\x01": (
        "is HDF4 (Hyperion's L1R, CHRIS), for which the GDAL here has no driver: by one that has, "
        "gdalinfo {name} tells what is in it and gdal_translate makes a GeoTIFF"
    ),
    rb"gdal_streamed_alg": (
        "is a pipeline of GDAL, which the GDAL here does not run: one that does (3.11 or newer) "
        "writes its raster by `gdal raster convert {name} {first}.tif`"
    ),
    rb'\A\s*{"version": ?1, ?"refs"': (
        "names parts of other files, for kerchunk: make one file of them, "
        'xarray.open_dataset("{name}", engine="kerchunk").to_netcdf("cube.nc", engine="h5netcdf")'
    ),
}  # by what is in the beginning of a file
_CUBERT = (".cu3", ".cu3s")
_ICECHUNK = "snapshots", "manifests"  # folders that every repository has


def advice_on_folder(place: Path) -> str:
    """Say how to make a raster of an Icechunk repository; "" of any other folder."""
    if not all((place / name).is_dir() for name in _ICECHUNK):
        return ""
    return (
        f"{place} is an Icechunk repository, which holds versions of a Zarr store: write one of "
        f'them, store = icechunk.Repository.open(icechunk.local_filesystem_storage("{place.name}"))'
        '.readonly_session("main").store; xarray.open_zarr(store, consolidated=False).to_netcdf('
        '"cube.nc", engine="h5netcdf")'
    )


def advice(place: Path, beginning: bytes) -> str:
    """Say how to make a raster of an array; "" of any other file."""
    found = (told for magic, told in _KINDS.items() if beginning.startswith(magic))
    for library, read in found:
        return (
            f"{place} is an array of {library}, which tells neither axes nor place: write it with "
            f"their names, e.g. xarray.DataArray({read.format(place.name)}, dims=("
            '"y", "x", "wavelength")).to_netcdf("cube.nc", engine="h5netcdf")'
        )
    return ""


def advice_on_unread(place: Path, beginning: bytes) -> str:
    """Say what to do about a file that GDAL did not read; "" where nothing is known of it."""
    if place.suffix.lower() in _CUBERT:
        return (
            f"{place} is a recording of Cubert's, which only its maker's library opens: let Cubert "
            "Utils, or cuvis.EnviExporter in Python, write it as ENVI"
        )
    found = (told for pattern, told in _UNREAD.items() if re.search(pattern, beginning))
    names = {"name": place.name, "stem": place.stem, "first": place.name.split(".")[0]}
    return next((f"{place} {told.format_map(names)}" for told in found), "")
