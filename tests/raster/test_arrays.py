"""Arrays of MATLAB and NumPy are refused, and what the error says to do makes a raster of them."""

import re
import shutil
import subprocess

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
import xarray

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

CUBE = np.random.default_rng(0).random((12, 10, 3)).astype("f4")  # row, column, band


def matlab_5(path):
    scipy.io.savemat(path, {"NAME": CUBE})


def matlab_7_3(path):
    """As MATLAB writes it: HDF5 behind a block of text, its axes in the opposite order."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("NAME", data=CUBE.T).attrs["MATLAB_class"] = np.bytes_("single")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def numpy_array(path):
    with path.open("wb") as file:
        np.save(file, CUBE)


@pytest.mark.parametrize("write", [matlab_5, matlab_7_3, numpy_array])
def test_what_is_said_to_do_makes_a_raster(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.mat")
    with pytest.raises(RasterError, match="tells neither axes nor place") as told:
        open_raster("a.mat")
    code = re.search(r"e\.g\. (.*)$", str(told.value))[1]
    eval(code, {"xarray": xarray, "h5py": h5py, "scipy": scipy, "numpy": np})
    raster = open_raster("cube.nc")
    found = read_window(raster, slice(0, raster.rows), slice(0, raster.cols))
    assert (found == CUBE.transpose(2, 0, 1)).all()


def test_hdf4_is_named_where_gdal_has_no_driver_for_it(tmp_path):
    """Hyperion's L1R and CHRIS are HDF4; rasterio's wheels are built without."""
    with rasterio.Env() as env:
        if "HDF4" in env.drivers():
            pytest.skip("this GDAL reads HDF4")
    path = tmp_path / "EO1H0440342002212110PY.L1R"
    path.write_bytes(b"\x0e\x03\x13\x01" + bytes(600))
    with pytest.raises(RasterError, match=r"is HDF4 .* gdalinfo EO1H"):
        open_raster(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.cu3s", "SQLite format 3", r"of Cubert's, .* cuvis\.EnviExporter"),
        ("a.gdalg.json", '{"type": "gdal_streamed_alg", "command_line": "gdal raster pipeline"}',
         r"by `gdal raster convert a\.gdalg\.json a\.tif`"),
        ("a.json", '{"version": 1, "refs": {}}', r'open_dataset\("a\.json", engine="kerc'),
    ],
    ids=["Cubert", "GDALG", "kerchunk"],
)  # fmt: skip
def test_what_gdal_does_not_read_is_named_with_what_does(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(RasterError, match=said):
        open_raster(tmp_path / name)


def test_an_icechunk_repository_is_named_with_what_writes_a_version_of_it(tmp_path):
    """The layout of icechunk 2 on a disk; it has chunks beside these where they are large."""
    for name in ("manifests", "overwritten", "snapshots", "transactions"):
        (tmp_path / "store" / name).mkdir(parents=True)
    with pytest.raises(RasterError, match=r'storage\("store"\)\)\.readonly_session\("main"\)'):
        open_raster(tmp_path / "store")


def test_pages_of_a_tiff_that_may_be_bands_are_told_and_what_is_said_to_do_reads_them(
    tmp_path, monkeypatch
):
    """tifffile and scikit-image write (band, row, col) as pages, of which GDAL opens the first."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        more = {"APPEND_SUBDATASET": "YES"} if number else {}
        shape = {"width": 10, "height": 12, "count": 1, "dtype": "float32"}
        with rasterio.open("a.tif", "w", driver="GTiff", **shape, **more) as page:
            page.write(CUBE[..., number], 1)
    (note,) = (note for note in open_raster("a.tif").notes if "pages" in note)
    assert "it has 3 pages, of which the first alone is read" in note
    if shutil.which("gdalbuildvrt") is None:
        pytest.skip("gdalbuildvrt is not on PATH (Debian: gdal-bin)")
    command = re.search(r"gdalbuildvrt .* (?=…)", note)[0] + "GTIFF_DIR:3:a.tif"
    subprocess.run(command.split(), check=True, capture_output=True)
    stack = open_raster("cube.vrt")
    assert not any("pages" in note for note in stack.notes)
    found = read_window(stack, slice(0, 12), slice(0, 10))
    assert (found == CUBE.transpose(2, 0, 1)).all()
