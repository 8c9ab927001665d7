"""Holes that a file declares in its own way, or not at all; masks beside nodata values."""

import numpy as np
import pytest
import rasterio
from commands import bicubic, call, one_line_error, pixels, write

from hsisr_geo.errors import OptionError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

LOWEST = float(np.finfo("f4").min)


def envi(path, cube, field):
    cube.astype("<f4").tofile(path)
    bands, rows, cols = cube.shape
    path.with_name(path.name + ".hdr").write_text(
        f"ENVI\nsamples = {cols}\nlines = {rows}\nbands = {bands}\ndata type = 4\n"
        f"interleave = bsq\nbyte order = 0\n{field}\n"
    )
    return path


def holed(value):
    cube = np.random.default_rng(0).uniform(0.05, 0.5, (4, 24, 20)).astype("f4")
    cube[:, :8, :6] = value
    return cube


def holes(path, **options):
    raster = open_raster(path, **options)
    return np.isnan(read_window(raster, slice(0, raster.rows), slice(0, raster.cols)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("no data value = -9999", -9999),
        ("nodata = -9999", -9999),
        ("data ignore value = {-9999}", -9999),
        ("data ignore value = { -9999.0 }", -9999),
        ("no data value = {-9999, -9999, -9999, -9999}", -9999),
        ("data ignore value = -3.40282347e+38", LOWEST),
        ("data ignore value = -3.4028235e+38", LOWEST),
        ("data ignore value = -3.40282e+38", LOWEST),
        ("data ignore value = 3.402823e+38", -LOWEST),
    ],
)
def test_an_ignored_value_of_envi_is_a_hole_however_it_is_written(tmp_path, field, value):
    path = envi(tmp_path / "a", holed(value), field)
    found = holes(path)
    assert found[:, :8, :6].all()
    assert found.sum() == 4 * 8 * 6
    assert open_raster(path).bands.nodata == pytest.approx(value, rel=1e-5)
    assert open_raster(path).notes == ()


@pytest.mark.parametrize("value", [-9999, 0, -1])
def test_one_value_in_every_band_of_many_pixels_is_said_and_nodata_declares_it(tmp_path, value):
    path = envi(tmp_path / "a", holed(value), "")
    (note,) = open_raster(path).notes
    assert f"--nodata {value}" in note
    assert "10% " in note
    assert not holes(path).any()
    assert holes(path, nodata=value)[:, :8, :6].all()
    assert open_raster(path, nodata=value).notes == ()
    assert note in call("info", path).stdout
    assert call("info", path).stderr == ""
    for name in ("out.tif", "out.nc"):  # said of the scene, and not again of the result
        said = bicubic(path, tmp_path / name).stderr
        assert said.count(note) == said.count("no nodata value declares") == 1


def test_no_undeclared_value_is_seen_where_bands_differ(tmp_path):
    cube = holed(0)
    cube[1, :8, :6] = 7
    assert open_raster(envi(tmp_path / "a", cube, "")).notes == ()


@pytest.mark.parametrize(("value", "bands"), [(-9999, 7), (0, 0)])
def test_bad_bands_may_have_another_value_in_a_hole_but_zero_is_dark_in_many(
    tmp_path, value, bands
):
    cube = np.random.default_rng(0).uniform(0.05, 0.5, (9, 24, 20)).astype("f4")
    cube[:, :8, :6] = value
    cube[[0, 8], :8, :6] = 0.01  # the first and the last: deep water vapour, say
    path = envi(tmp_path / "a", cube, "")
    notes = open_raster(path).notes
    assert len(notes) == (bands > 0)
    assert all(f"in {bands} or more of its 9 bands" in note for note in notes)


def test_nodata_of_the_command_line_is_that_of_the_result(tmp_path):
    cube = pixels()
    cube[:, :6, :6] = -1
    src = write(tmp_path / "a.tif", cube)
    bicubic(src, tmp_path / "out.tif", "--nodata", -1)
    with rasterio.open(tmp_path / "out.tif") as made:
        assert made.nodata == -1
        assert (made.read(1)[:12, :12] == -1).all()
        assert (made.read(1)[12:, 12:] > 0).all()


@pytest.mark.parametrize("value", [70000, 0.5])
def test_a_nodata_value_that_no_pixel_can_have(tmp_path, value):
    src = write(tmp_path / "a.tif", pixels())
    with pytest.raises(OptionError, match="int16"):
        open_raster(src, nodata=value)
    assert "--nodata" in one_line_error(bicubic(src, tmp_path / "o.tif", "--nodata", value, code=1))


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_mask_of_the_dataset_stands_instead_of_nodata(tmp_path, internal, dtype):
    """As in GDAL, whose own reading is what ours is compared with."""
    cube = pixels(dtype=dtype)
    cube[:, 10:, 10:] = 500
    mask = np.full((20, 24), 255, "u1")
    mask[:6, :6] = 0
    path = write(tmp_path / "a.tif", cube, nodata=500)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as file:
        file.write_mask(mask)
    with rasterio.open(path) as file:
        theirs = file.read_masks() == 0
    assert (holes(path) == theirs).all()
    (note,) = open_raster(path).notes
    assert "nodata value 500 is not heeded" in note
