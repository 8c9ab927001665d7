"""Files that are cut short between two looks of a reader: an error, not the end of the process."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from commands import ENVIRONMENT, posix

CUBE = np.random.default_rng(0).random((3, 64, 512)).astype("f4")

READ = """
import importlib, os, sys
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

path, place = sys.argv[1:]
raster, reader = open_raster(path), importlib.import_module(f"hsisr_geo.raster.products.{place}")
plain = importlib.import_module("hsisr_geo.raster.products.plain_array")
of_file, opened = plain._bytes, getattr(reader, "thread_handle", None)
window = slice(48, 64), slice(100, 140)

def cut():
    os.truncate(path, os.path.getsize(path) // 8)

def open_and_cut(*given):  # what a map would be made of
    found = opened(*given)
    cut()
    return found

def cut_and_read(*given):
    cut()
    return of_file(*given)

whole = read_window(raster, *window)
plain._bytes = cut_and_read
if opened is not None:
    reader.thread_handle = open_and_cut
try:
    read_window(raster, *window)
except RasterError as error:
    print(error)
"""


def classic(folder):
    dims = ("wavelength", "y", "x")
    waves = {"wavelength": ("wavelength", [450.0, 550.0, 650.0], {"units": "nm"})}
    xr.Dataset({"radiance": (dims, CUBE)}, waves).to_netcdf(folder / "a.nc", engine="scipy")
    return folder / "a.nc"


def envi(folder):
    """One whose header GDAL reads only the beginning of."""
    CUBE.tofile(folder / "a.img")
    names = ", ".join(f"{'n' * 4000} {number}" for number in range(3))
    (folder / "a.hdr").write_text(
        f"ENVI\nband names = {{{names}}}\nsamples = 512\nlines = 64\nbands = 3\n"
        "header offset = 0\ndata type = 4\ninterleave = bsq\nbyte order = 0\n"
    )
    return folder / "a.img"


@posix
@pytest.mark.parametrize(("make", "place"), [(classic, "cf.source"), (envi, "envi")])
def test_a_file_that_is_cut_short_while_it_is_read_does_not_end_the_process(tmp_path, make, place):
    """As a map of it would: SIGBUS."""
    run = subprocess.run(
        [sys.executable, "-c", READ, make(tmp_path), place],
        capture_output=True, text=True, check=False, env=ENVIRONMENT,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert run.returncode != -signal.SIGBUS
    assert run.returncode == 0, run.stderr
    assert "bytes" in run.stdout
    assert "too early" in run.stdout
