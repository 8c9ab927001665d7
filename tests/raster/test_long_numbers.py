"""Numbers that doubles or float32 have no room for: 64-bit integers, and float64 beyond 3.4e38."""

import warnings

import numpy as np
import pytest
import rasterio
from commands import bicubic, call, one_line_error, pixels, write

from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.envi import Envi
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

VRT = """<VRTDataset rasterXSize="24" rasterYSize="20">{bands}</VRTDataset>"""
BAND = """<VRTRasterBand dataType="{kind}" band="{n}"><NoDataValue>{nodata}</NoDataValue>
<SimpleSource><SourceFilename relativeToVRT="1">long.tif</SourceFilename>
<SourceBand>{n}</SourceBand></SimpleSource></VRTRasterBand>"""


def long_scene(folder, dtype, nodata):
    """Write numbers of 64 bits with a hole; a VRT tells its value, which rasterio would round."""
    cube = pixels(dtype=dtype)
    cube[:, :5, :6] = nodata
    write(folder / "long.tif", cube)
    kind = {"int64": "Int64", "uint64": "UInt64"}[dtype]
    bands = "".join(BAND.format(kind=kind, n=n, nodata=nodata) for n in range(1, 5))
    path = folder / "long.vrt"
    path.write_text(VRT.format(bands=bands))
    return path


def read(path, **options):
    raster = open_raster(path, **options)
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("int64", -(2**63)), ("int64", 2**60 + 1), ("uint64", 2**64 - 1), ("uint64", 2**63 + 3)],
)
def test_long_nodata_values_are_read_to_the_digit_and_holes_stay_holes(tmp_path, dtype, nodata):
    scene = long_scene(tmp_path, dtype, nodata)
    raster = open_raster(scene)
    assert {band.nodata for band in raster.bands} == {nodata}
    assert str(nodata) in " ".join(raster.notes)
    assert f"nodata       {nodata}" in call("info", scene).stdout
    holes = np.zeros((20, 24), bool)
    holes[:5, :6] = True
    assert (np.isnan(read(scene)) == holes).all()
    bicubic(scene, tmp_path / "fine.tif")
    with rasterio.open(tmp_path / "fine.tif") as fine:
        assert abs(fine.nodata) == 2**53
        assert ((fine.read_masks() == 0) == holes.repeat(2, 0).repeat(2, 1)).all()
        assert fine.read()[:, ~holes.repeat(2, 0).repeat(2, 1)].max() < 5000


def test_a_neighbour_of_a_long_nodata_value_is_a_value(tmp_path):
    scene = long_scene(tmp_path, "int64", -(2**63) + 2)
    with rasterio.open(tmp_path / "long.tif", "r+") as dataset:
        cube = dataset.read()
        cube[:, 19, 23] = -(2**63) + 1
        dataset.write(cube)
    assert np.isfinite(read(scene)[:, 19, 23]).all()


def test_a_long_nodata_value_can_be_given(tmp_path):
    long_scene(tmp_path, "int64", -(2**63) + 2)
    told = call("info", tmp_path / "long.tif", "--nodata", -(2**63) + 2).stdout
    assert f"nodata       {-(2**63) + 2}" in told
    assert "9223372036854775806" in call("info", tmp_path / "long.tif").stdout  # undeclared


def test_envi_cannot_tell_the_nodata_value_of_long_numbers(tmp_path):
    raster = open_raster(write(tmp_path / "a.tif", pixels(dtype="int64"), nodata=-9999))
    with pytest.raises(OutputError, match="write GeoTIFF"):
        Envi().check(tmp_path / "a.img", raster)


def test_values_beyond_float32_are_refused_and_told(tmp_path):
    cube = pixels(dtype="float64")
    cube[2, 7, 9] = -1e200
    scene = write(tmp_path / "a.tif", cube)
    line = bicubic(scene, tmp_path / "fine.tif", code=1).stderr.splitlines()[-1]
    assert "error: " in line
    assert "band 3 holds -1e+200" in line
    assert "--nodata" in line
    assert not (tmp_path / "fine.tif").exists()
    bicubic(scene, tmp_path / "fine.tif", "--nodata", "-1e200")
    with rasterio.open(tmp_path / "fine.tif") as fine:
        assert (fine.read_masks(3) == 0).sum() == 4
        assert (fine.read_masks(1) == 0).sum() == 0


@pytest.mark.parametrize("number", [-3.4028234663852886e38, 2e36])
def test_values_that_float32_has_no_room_around_are_refused_and_told(tmp_path, number):
    cube = pixels(dtype="float32")
    cube[2, 7:9, 9] = number  # bicubic overshoots beside it, to infinity and to NaN
    scene = write(tmp_path / "a.tif", cube)
    number = float(np.float32(number))
    line = bicubic(scene, tmp_path / "fine.tif", code=1).stderr.splitlines()[-1]
    assert f"error: {scene}: band 3 holds {number!r}" in line
    bicubic(scene, tmp_path / "fine.tif", f"--nodata={number!r}")
    fine = read(tmp_path / "fine.tif")
    assert np.isnan(fine).sum() == 2 * 4
    assert np.nanmax(np.abs(fine)) < 2 * np.abs(cube[0]).max()


@pytest.mark.parametrize(("dtype", "base"), [("uint32", 3e9), ("float64", 1.7e9), ("int64", 2e15)])
def test_numbers_too_far_from_zero_for_float32_are_told(tmp_path, dtype, base):
    cube = np.random.default_rng(0).uniform(0, 2000, (4, 20, 24))
    (note,) = open_raster(write(tmp_path / "a.tif", (cube + base).astype(dtype))).notes
    assert "float32" in note
    assert "subtract an offset" in note
    assert open_raster(write(tmp_path / "b.tif", cube.astype(dtype))).notes == ()


def test_a_fill_beyond_float32_is_refused_when_a_raster_is_opened(tmp_path):
    cube = pixels(dtype="float64")
    cube[:, :9] = 1e300
    line = one_line_error(call("info", write(tmp_path / "a.tif", cube), code=1))
    assert "give --nodata 1e+300" in line


def test_what_is_declared_as_nothing_may_be_beyond_float32(tmp_path):
    cube = pixels(dtype="float64")
    cube[:, :3, :3] = np.finfo("f8").min
    cube[1, 9, 9] = np.inf
    scene = write(tmp_path / "a.tif", cube, nodata=np.finfo("f8").min)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert np.isnan(read(scene)).sum() == 4 * 9 + 1
        bicubic(scene, tmp_path / "fine.tif")


def test_a_scale_that_leads_beyond_float32_is_refused(tmp_path):
    scene = write(tmp_path / "a.tif", pixels())
    with rasterio.open(scene, "r+") as dataset:
        dataset.scales = [9e29, 1, 1, 1]
        dataset.offsets = [3.40282346e38, 0, 0, 0]
    assert "band 1 holds" in one_line_error(call("info", scene, code=1))


@pytest.mark.parametrize("nodata", [-(2**63) + 2, 2**60 + 1])
def test_a_long_ignored_value_of_envi_is_read_to_the_digit(tmp_path, nodata):
    cube = pixels(dtype="int64")
    cube[:, :5, :6] = nodata
    cube.tofile(tmp_path / "a.img")
    (tmp_path / "a.hdr").write_text(
        "ENVI\nsamples = 24\nlines = 20\nbands = 4\nheader offset = 0\ndata type = 14\n"
        f"interleave = bsq\nbyte order = 0\ndata ignore value = {nodata}\n"
    )
    raster = open_raster(tmp_path / "a.img")
    assert {band.nodata for band in raster.bands} == {nodata}
    assert np.isnan(read(tmp_path / "a.img")).sum() == 4 * 30
