"""Scenes in archives: a Zarr store is read, a header in a zip counts, all else is told apart."""

import gzip
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
import xarray as xr
from commands import call, write

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.facts.description import description
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

zarr = pytest.importorskip("zarr")
CUBE = np.random.default_rng(0).random((4, 12, 10)).astype("f4")


def read(name):
    raster = open_raster(name)
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_store_in_a_zip_is_that_store(tmp_path, version):
    """GDAL opens it without its place and its wavelengths."""
    coords = {
        "wavelength": ("wavelength", [450.0, 550.0, 650.0, 750.0], {"units": "nm"}),
        "lat": ("lat", 50 - 0.001 * np.arange(12), {"units": "degrees_north"}),
        "lon": ("lon", 10 + 0.001 * np.arange(10), {"units": "degrees_east"}),
    }
    data = xr.Dataset({"radiance": (("wavelength", "lat", "lon"), CUBE)}, coords)
    data.to_zarr(tmp_path / "a.zarr", zarr_format=version, consolidated=False)
    packed = shutil.make_archive(str(tmp_path / "b.zarr"), "zip", tmp_path / "a.zarr")
    said = description(open_raster(tmp_path / "a.zarr"))
    for name in (packed, f"/vsizip/{packed}", f'ZARR:"/vsizip/{packed}":/radiance'):
        assert description(open_raster(name)) == said
        assert (read(name) == CUBE).all()
    call("run", packed, tmp_path / "o.tif", "--upscale", 2, "--model", "bicubic")
    fine = open_raster(tmp_path / "o.tif")
    assert fine.bands.wavelengths_nm == (450, 550, 650, 750)
    assert fine.transform.to_gdal() == pytest.approx((9.9995, 0.0005, 0, 50.0005, 0, -0.0005))


@pytest.fixture
def envi(tmp_path):
    """Write a raster whose header tells wavelengths after a line that is too long for GDAL."""
    (tmp_path / "in").mkdir()
    names = ", ".join("b" * 5000 for _ in CUBE)
    (tmp_path / "in/a.hdr").write_text(
        "ENVI\nsamples = 10\nlines = 12\nbands = 4\ndata type = 4\ninterleave = bsq\n"
        f"byte order = 0\nband names = {{{names}}}\nwavelength = {{450, 550, 650, 750}}\n"
    )
    (tmp_path / "in/a.img").write_bytes(CUBE.tobytes())
    return tmp_path


def test_a_header_in_a_zip_counts_beyond_what_gdal_sees_of_it(envi):
    packed = shutil.make_archive(str(envi / "z"), "zip", envi, "in")
    raster = open_raster(f"/vsizip/{packed}/in/a.img")
    assert raster.bands.wavelengths_nm == (450, 550, 650, 750)
    assert raster.notes == ()


def test_a_header_out_of_reach_is_told(envi):
    with tarfile.open(envi / "t.tar", "w") as archive:
        archive.add(envi / "in", "in")
    raster = open_raster(f"/vsitar/{envi}/t.tar/in/a.img")
    assert (read(f"/vsitar/{envi}/t.tar/in/a.img") == CUBE).all()
    assert raster.bands.wavelengths_nm is None
    assert "if it tells wavelengths, unpack it" in raster.notes[0]


def test_archives_are_named_with_what_to_do(tmp_path):
    write(tmp_path / "a.tif", CUBE)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.tif", "in/a.tif")
        archive.writestr("in/readme.txt", "text")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.tif", "a.tif")
    with gzip.open(tmp_path / "a.tif.gz", "wb") as file:
        file.write((tmp_path / "a.tif").read_bytes())
    told = {
        "a.zip": rf"is a zip archive: unpack it.*or name it /vsizip/{tmp_path}/a\.zip/in/a\.tif$",
        "a.tar.gz": "is a tar archive: unpack it, and name the raster or the folder in it$",
        "a.tif.gz": rf"packed by gzip: unpack it, or name it /vsigzip/{tmp_path}/a\.tif\.gz$",
    }
    for name, words in told.items():
        with pytest.raises(RasterError, match=words):
            open_raster(tmp_path / name)
    for name in ("/vsizip/{}/a.zip/in/a.tif", "/vsigzip/{}/a.tif.gz"):
        assert (read(name.format(tmp_path)) == CUBE).all()
