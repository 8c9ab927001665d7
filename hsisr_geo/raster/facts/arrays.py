"""Arrays of MATLAB and NumPy, which tell neither axes nor place: what makes rasters of them.

MATLAB's version 7.3 is HDF5, where axes come in the opposite order; GDAL opens it, with rows and
columns changed for each other.
"""

from pathlib import Path

_KINDS = {
    b"MATLAB 5.0 MAT-file": ("MATLAB", 'scipy.io.loadmat("{}")["NAME"]'),
    b"MATLAB 7.3 MAT-file": ("MATLAB", 'h5py.File("{}")["NAME"][()].T'),
    b"\x93NUMPY": ("NumPy", 'numpy.load("{}")'),
}  # by how files begin


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
