import math
import pickle
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import assume, given
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from scenes import PRODUCTS, Scenes, make_twins, read_pixels, real_data

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

requires_gdal = pytest.mark.skipif(
    shutil.which("gdal_translate") is None,
    reason="gdal_translate is not on PATH (Debian: gdal-bin)",
)


def make_raster(path, pixels, **profile):
    """Write a GeoTIFF of `pixels` (band, row, col) on a 30 m grid."""
    count, height, width = pixels.shape
    place = {"crs": "EPSG:32633", "transform": Affine(30, 0, 364095, 0, -30, 5809965)}
    profile = {"driver": "GTiff", "dtype": pixels.dtype.name, **place, **profile}
    with rasterio.open(path, "w", count=count, height=height, width=width, **profile) as dataset:
        dataset.write(pixels)
    return path


def numbered(count=3, rows=20, cols=30, dtype="int16"):
    return np.arange(count * rows * cols).reshape(count, rows, cols).astype(dtype)


def gdal_translate(source, target, *options):
    subprocess.run(
        ["gdal_translate", "-q", *options, str(source), str(target)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return target


def gcp_raster(path):
    points = [
        (0, 0, 10, 50),
        (20, 0, 10, 49),
        (0, 30, 11, 50),
        (20, 30, 11.5, 49),
        (7.25, 3, 10.2, 49.5),
    ]
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=20, count=1, dtype="int16",
        gcps=[GroundControlPoint(*p, z=5.0) for p in points], crs="EPSG:4326",
    ) as dataset:  # fmt: skip
        dataset.write(numbered(1))
    return path


def rpc_raster(path):
    one, lon, lat = ([float(i == k) for i in range(20)] for k in range(3))
    rpc = RPC(
        height_off=0, height_scale=500, lat_off=50, lat_scale=0.5, long_off=10, long_scale=0.5,
        line_off=9.75, line_scale=10.5, samp_off=14.5, samp_scale=15.25,
        line_num_coeff=[-v for v in lat], line_den_coeff=one,
        samp_num_coeff=lon, samp_den_coeff=one,
    )  # fmt: skip
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=20, count=1, dtype="int16", rpcs=rpc
    ) as dataset:
        dataset.write(numbered(1))
    return path


# ---- where the pixels lie ----


@requires_gdal
@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_scenes_lie_where_gdal_translate_puts_them(scene, tmp_path, upscale):
    raster = open_raster(scene)
    size = f"{100 * upscale}%"
    theirs = open_raster(
        gdal_translate(scene, tmp_path / "t.tif", "-b", "1", "-outsize", size, size)
    )
    ours = raster.upscaled(upscale)
    assert ours.shape == theirs.shape
    assert ours.transform.almost_equals(theirs.transform, 1e-9)
    assert ours.georeferenced == theirs.georeferenced
    assert (ours.crs is None) == (theirs.crs is None)


@requires_gdal
def test_a_window_lies_where_gdal_translate_puts_it(scenes, tmp_path):
    for scene in (scenes.mosaic, scenes.aviris):
        window = ["-srcwin", "7", "3", "20", "11", "-outsize", "80", "44"]
        theirs = open_raster(gdal_translate(scene, tmp_path / "t.tif", "-b", "1", *window))
        ours = open_raster(scene).upscaled(4, slice(3, 14), slice(7, 27))
        assert ours.shape == theirs.shape
        assert ours.transform.almost_equals(theirs.transform, 1e-9)


@requires_gdal
@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_gcps_move_as_in_gdal_translate(tmp_path, upscale):
    source = gcp_raster(tmp_path / "g.tif")
    size = [str(16 * upscale), str(10 * upscale)]
    theirs = open_raster(
        gdal_translate(
            source, tmp_path / "t.tif", "-srcwin", "5", "2", "16", "10", "-outsize", *size
        )
    )
    ours = open_raster(source).upscaled(upscale, slice(2, 12), slice(5, 21))
    assert ours.transform == theirs.transform == Affine.identity()
    assert len(ours.gcps) == 5
    for a, b in zip(ours.gcps, theirs.gcps, strict=True):
        assert (a.row, a.col, a.x, a.y, a.z) == pytest.approx((b.row, b.col, b.x, b.y, b.z))


def test_rpcs_keep_every_place_on_the_ground(tmp_path):
    raster = open_raster(rpc_raster(tmp_path / "r.tif"))
    corners = [(2, 5), (7, 11), (12, 21)]

    def ground(rpcs, places):
        with RPCTransformer(RPC.from_gdal(dict(rpcs))) as transformer:
            return np.transpose(transformer.xy(*zip(*places, strict=True), offset="ul"))

    before = ground(raster.rpcs, corners)
    assert np.ptp(before, axis=0).min() > 0.1  # degrees: the places do differ
    for upscale in (2, 3, 4):
        finer = raster.upscaled(upscale, slice(2, 12), slice(5, 21))
        places = [((row - 2) * upscale, (col - 5) * upscale) for row, col in corners]
        np.testing.assert_allclose(ground(finer.rpcs, places), before, atol=1e-9)
        assert finer.rpcs["LINE_NUM_COEFF"] == raster.rpcs["LINE_NUM_COEFF"]


@requires_gdal
@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_rpcs_move_as_in_gdal_translate(tmp_path, upscale):
    version = subprocess.run(["gdal_translate", "--version"], capture_output=True, text=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (3, 10):
        pytest.skip("gdal_translate before 3.10 is half a pixel off (OSGeo/gdal#10600)")
    source = rpc_raster(tmp_path / "r.tif")
    size = [str(16 * upscale), str(10 * upscale)]
    window = ["-srcwin", "5", "2", "16", "10", "-outsize", *size]
    theirs = open_raster(gdal_translate(source, tmp_path / "t.tif", *window))
    ours = open_raster(source).upscaled(upscale, slice(2, 12), slice(5, 21))
    for key in ("LINE_OFF", "LINE_SCALE", "SAMP_OFF", "SAMP_SCALE"):
        assert float(ours.rpcs[key]) == pytest.approx(float(theirs.rpcs[key])), key


def test_a_raster_without_a_place_stays_without(scenes):
    raster = open_raster(scenes.emit)
    assert not raster.georeferenced
    assert not raster.upscaled(4).georeferenced
    assert not raster.upscaled(4, slice(2, 8), slice(1, 5)).georeferenced


transforms = st.builds(
    lambda x, y, size, angle, aspect: (
        Affine.translation(x, y) @ Affine.rotation(angle) @ Affine.scale(size, -size * aspect)
    ),
    *(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    *(st.floats(0.5, 100), st.floats(-180, 180), st.floats(0.5, 2)),
)


NORTH_UP = Affine(30, 0, 0, 0, -30, 0)


def plain(transform=NORTH_UP):
    return Raster("a.tif", "GTiff", (40, 60), "LOCAL", transform, "int16", Bands((Band(),)))


@st.composite
def windows(draw, shape=(40, 60)):
    tops = draw(st.lists(st.integers(0, shape[0]), min_size=2, max_size=2, unique=True))
    lefts = draw(st.lists(st.integers(0, shape[1]), min_size=2, max_size=2, unique=True))
    return slice(*sorted(tops)), slice(*sorted(lefts))


@given(transforms, st.integers(1, 4))
def test_finer_grids_have_the_bounds_and_the_corner_of_the_raster(transform, upscale):
    raster = plain(transform=transform)
    finer = raster.upscaled(upscale)
    assert finer.bounds == pytest.approx(raster.bounds, rel=1e-12, abs=1e-6)
    assert finer.transform @ (0, 0) == pytest.approx(raster.transform @ (0, 0), abs=1e-9)


@given(transforms, windows(), st.integers(1, 4))
def test_cutting_and_upscaling_commute(transform, window, upscale):
    rows, cols = window
    raster = replace(
        plain(transform=transform),
        gcps=(Gcp(3.5, 4.25, 1, 2),),
        rpcs={"LINE_OFF": "9.5", "LINE_SCALE": "10", "SAMP_OFF": "3", "SAMP_SCALE": "4"},
    )
    first_cut = raster.upscaled(1, rows, cols).upscaled(upscale)
    fine_rows = slice(rows.start * upscale, rows.stop * upscale)
    fine_cols = slice(cols.start * upscale, cols.stop * upscale)
    first_finer = raster.upscaled(upscale).upscaled(1, fine_rows, fine_cols)
    at_once = raster.upscaled(upscale, rows, cols)
    for a in (first_cut, first_finer):
        assert a.shape == at_once.shape
        assert tuple(a.transform) == pytest.approx(tuple(at_once.transform), rel=1e-9, abs=1e-6)
        assert (a.gcps[0].row, a.gcps[0].col) == (at_once.gcps[0].row, at_once.gcps[0].col)
        assert {k: float(v) for k, v in a.rpcs.items()} == pytest.approx(
            {k: float(v) for k, v in at_once.rpcs.items()}
        )


@given(transforms, windows())
def test_the_bounds_of_a_window_give_a_window_that_covers_it(transform, window):
    raster = plain(transform=transform)
    rows, cols = window
    found_rows, found_cols = raster.window_of(raster.upscaled(1, rows, cols).bounds)
    assert found_rows.start <= rows.start < rows.stop <= found_rows.stop
    assert found_cols.start <= cols.start < cols.stop <= found_cols.stop
    assert 0 <= found_rows.start < found_rows.stop <= raster.rows
    assert 0 <= found_cols.start < found_cols.stop <= raster.cols


@given(windows(), st.floats(0.5, 1000), st.floats(-1e6, 1e6))
def test_north_up_windows_are_found_exactly(window, size, origin):
    raster = plain(transform=Affine(size, 0, origin, 0, -size, origin))
    assert raster.window_of(raster.upscaled(1, *window).bounds) == window


@given(st.floats(0.01, 59.99), st.floats(0.01, 39.99), st.floats(0.001, 5))
def test_any_bounds_inside_are_covered_and_no_pixel_beside_them_is(left, top, size):
    assume(left + size < 60)
    assume(top + size < 40)
    raster = plain(transform=Affine(1, 0, 0, 0, -1, 0))
    rows, cols = raster.window_of((left, -top - size, left + size, -top))
    assert cols.start <= left + 1e-6
    assert left + size <= cols.stop + 1e-6
    assert cols.stop - cols.start <= math.ceil(size) + 1
    assert rows.start <= top + 1e-6
    assert rows.stop - rows.start <= math.ceil(size) + 1


@pytest.mark.parametrize(
    "bounds", [(5000, 5000, 6000, 6000), (-90, -30, 0, 0), (10, 10, 10, 20), (20, 0, 10, 10)]
)
def test_bounds_beside_the_raster_or_empty_are_an_error(bounds):
    with pytest.raises(RasterError, match="bounds"):
        plain().window_of(bounds)


# ---- what is read ----


def test_windows_hold_the_pixels_that_gdal_reads(scene):
    raster = open_raster(scene)
    rows, cols = slice(1, min(9, raster.rows)), slice(2, min(10, raster.cols))
    dn = read_pixels(scene)[:, rows, cols].astype(np.float64)
    band = raster.bands[0]
    expected = np.where(dn == band.nodata, np.nan, dn * band.scale + band.offset)
    np.testing.assert_array_equal(read_window(raster, rows, cols), expected.astype(np.float32))
    some = [5, 0]
    np.testing.assert_array_equal(
        read_window(raster, rows, cols, some), expected[some].astype(np.float32)
    )


def test_holes_of_the_mosaic_are_nan_and_nothing_else_is(scenes):
    raster = open_raster(scenes.mosaic)
    cube = read_window(raster, slice(None), slice(None), [0, 100])
    holes = read_pixels(scenes.mosaic)[[0, 100]] == -32768
    np.testing.assert_array_equal(np.isnan(cube), holes)
    assert 0.3 < holes.mean() < 0.5


def test_nodata_and_radiometry_are_those_of_each_band(tmp_path):
    pixels = numbered(2, 2, 3)
    for i in (1, 2):
        make_raster(tmp_path / f"{i}.tif", pixels[i - 1 : i], nodata=i)
    vrt = tmp_path / "two.vrt"
    bands = "".join(
        f'<VRTRasterBand dataType="Int16" band="{i}"><NoDataValue>{i}</NoDataValue>'
        f"<Scale>{i}</Scale><Offset>{10 * i}</Offset><SimpleSource>"
        f'<SourceFilename relativeToVRT="1">{i}.tif</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand>"
        for i in (1, 2)
    )
    vrt.write_text(f'<VRTDataset rasterXSize="3" rasterYSize="2">{bands}</VRTDataset>')
    raster = open_raster(vrt)
    assert [band.nodata for band in raster.bands] == [1, 2]
    expected = np.stack([pixels[0] + 10.0, pixels[1] * 2.0 + 20])
    expected[0][pixels[0] == 1] = np.nan
    np.testing.assert_array_equal(read_window(raster, slice(None), slice(None)), expected)


def test_mask_bands_tell_what_is_valid(tmp_path):
    path = tmp_path / "masked.tif"
    valid = np.ones((20, 30), bool)
    valid[5:9, 10:20] = False
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", width=30, height=20, count=3, dtype="int16",
            crs="EPSG:32633", transform=Affine(2, 0, 0, 0, -2, 0),
        ) as dataset,
    ):  # fmt: skip
        dataset.write(numbered())
        dataset.write_mask(valid)
    raster = open_raster(path)
    assert raster.has_mask
    cube = read_window(raster, slice(4, 12), slice(8, 30))
    np.testing.assert_array_equal(~np.isnan(cube), np.broadcast_to(valid[4:12, 8:], cube.shape))


def test_transparent_pixels_have_no_value(tmp_path):
    pixels = np.full((4, 5, 6), 7, np.uint8)
    pixels[3, 2:, :3] = 0
    path = make_raster(tmp_path / "rgba.tif", pixels, photometric="RGB", alpha="YES")
    raster = open_raster(path)
    assert raster.has_mask
    cube = read_window(raster, slice(None), slice(None))
    for plane in cube:  # the alpha band itself, too
        np.testing.assert_array_equal(np.isnan(plane), pixels[3] == 0)
    assert raster.bands.good_indices == (0, 1, 2)


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_an_alpha_with_a_sign_runs_from_the_least_number_of_its_type(tmp_path, dtype):
    """rio-tiler writes its masks so; 0 is the least in none of these."""
    ends = np.iinfo(dtype) if dtype == "int16" else np.finfo(dtype)
    pixels = np.full((3, 5, 6), 7, dtype)
    pixels[2] = ends.max
    pixels[2, 2:, :3] = ends.min
    path = make_raster(tmp_path / "a.tif", pixels)
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [*dataset.colorinterp[:2], ColorInterp.alpha]
    cube = read_window(open_raster(path), slice(None), slice(None))
    for plane in cube:
        np.testing.assert_array_equal(np.isnan(plane), pixels[2] == ends.min)


def test_a_scale_from_which_no_value_follows_is_refused(tmp_path):
    path = make_raster(tmp_path / "a.tif", numbered())
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = [1e-4, 0.0, 1e-4]
    with pytest.raises(RasterError, match=r"a\.tif: band 2 has scale 0"):
        open_raster(path)


def test_nan_and_infinities_have_no_value(tmp_path):
    pixels = numbered(dtype="float32")
    pixels[0, 1, 2], pixels[1, 3, 4], pixels[2, 5, 6] = np.nan, np.inf, -np.inf
    raster = open_raster(make_raster(tmp_path / "a.tif", pixels, nodata=np.nan))
    cube = read_window(raster, slice(None), slice(None))
    np.testing.assert_array_equal(np.isnan(cube), ~np.isfinite(pixels))


def test_nodata_that_no_pixel_can_have_is_ignored(tmp_path):
    # legal in a VRT: -9999 for bytes
    make_raster(tmp_path / "a.tif", np.full((1, 2, 2), 241, np.uint8))
    (tmp_path / "a.vrt").write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1">'
        "<NoDataValue>-9999</NoDataValue><SimpleSource>"
        '<SourceFilename relativeToVRT="1">a.tif</SourceFilename></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )
    raster = open_raster(tmp_path / "a.vrt")
    assert raster.bands.nodata is None
    assert (read_window(raster, slice(None), slice(None)) == 241).all()


def test_threads_read_what_one_thread_reads(scenes):
    raster = open_raster(scenes.mosaic)
    whole = read_window(raster, slice(None), slice(None))
    spots = [(r, c) for r in range(0, 192, 24) for c in range(0, 160, 32)]

    def read(spot):
        return read_window(raster, slice(spot[0], spot[0] + 24), slice(spot[1], spot[1] + 32))

    with ThreadPoolExecutor(4) as pool:
        for (r, c), cube in zip(spots, pool.map(read, spots), strict=True):
            np.testing.assert_array_equal(cube, whole[:, r : r + 24, c : c + 32])


def test_a_file_written_anew_is_read_anew(tmp_path):
    path = make_raster(tmp_path / "a.tif", np.zeros((1, 2, 2), np.int16))
    assert not read_window(open_raster(path), slice(None), slice(None)).any()
    make_raster(tmp_path / "b.tif", np.ones((1, 2, 2), np.int16), compress="deflate")
    (tmp_path / "b.tif").replace(path)
    assert read_window(open_raster(path), slice(None), slice(None)).all()


def test_rasters_are_values(scene):
    raster = open_raster(scene)
    assert pickle.loads(pickle.dumps(raster)) == raster == open_raster(scene)
    assert hash(raster) == hash(open_raster(scene))


@pytest.mark.parametrize("rows", [slice(0, 21), slice(5, 5), slice(-3, None, 2), slice(25, 30)])
def test_windows_outside_the_raster_are_an_error(tmp_path, rows):
    raster = open_raster(make_raster(tmp_path / "a.tif", numbered()))
    with pytest.raises(RasterError, match="inside"):
        read_window(raster, rows, slice(0, 5))


# ---- bad input ----


def test_missing_file(tmp_path):
    with pytest.raises(RasterError, match=r"gone\.tif: no such file"):
        open_raster(tmp_path / "gone.tif")


@pytest.mark.parametrize("content", [b"", b"not a raster", b"II*\0\x08\0\0\0"])
def test_not_a_raster(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(RasterError, match=r"a\.tif is not a raster"):
        open_raster(tmp_path / "a.tif")
    with pytest.raises(RasterError, match="is not a raster"):
        open_raster(tmp_path)


def test_complex_numbers(tmp_path):
    path = make_raster(tmp_path / "a.tif", numbered(dtype="complex64"))
    with pytest.raises(RasterError, match="complex64"):
        open_raster(path)


def test_bands_of_several_types(tmp_path):
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{i}"/>' for i, kind in ((1, "Byte"), (2, "Int16"))
    )
    (tmp_path / "a.vrt").write_text(
        f'<VRTDataset rasterXSize="2" rasterYSize="2">{bands}</VRTDataset>'
    )
    with pytest.raises(RasterError, match="int16, uint8"):
        open_raster(tmp_path / "a.vrt")


def test_no_bands(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["time"] = np.arange(3)
    with pytest.raises(RasterError, match=r"a\.h5 has no bands"):
        open_raster(tmp_path / "a.h5")


def test_containers_name_what_is_inside(tmp_path):
    # GDAL shows a GeoPackage of several tables as one file with subdatasets
    for name in ("first", "second"):
        pixels = np.zeros((1, 8, 8), np.uint8)
        more = {"APPEND_SUBDATASET": "YES"} if name == "second" else {}
        make_raster(tmp_path / "a.gpkg", pixels, driver="GPKG", RASTER_TABLE=name, **more)
    with pytest.raises(RasterError, match=r"container of rasters.*first"):
        open_raster(tmp_path / "a.gpkg")


def test_a_truncated_envi_file_is_found_at_once(scenes, tmp_path):
    shutil.copy(scenes.aviris.with_suffix(".hdr"), tmp_path / "a.hdr")
    (tmp_path / "a.bsq").write_bytes(scenes.aviris.read_bytes()[:-1])
    with pytest.raises(RasterError, match=r"a\.bsq is truncated: 969999 of 970000 bytes"):
        open_raster(tmp_path / "a.bsq")


def test_a_truncated_geotiff_is_found_when_it_is_read(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 9999, (3, 200, 200)).astype(np.int16)
    path = make_raster(tmp_path / "a.tif", pixels, compress="deflate", interleave="band")
    path.write_bytes(path.read_bytes()[:150_000])
    raster = open_raster(path)
    with pytest.raises(RasterError, match=r"a\.tif: cannot read rows 190-199, columns 0-4"):
        read_window(raster, slice(190, 200), slice(0, 5))


# ---- the twins ----


@pytest.mark.skipif(real_data() is None, reason="there are no real scenes to compare with")
def test_twins_have_the_layout_of_the_real_scenes(tmp_path):
    twins, real = make_twins(tmp_path), Scenes(real_data(), real=True)
    for name in PRODUCTS:
        a, b = open_raster(twins.products[name]), open_raster(real.products[name])
        for value in ("driver", "shape", "dtype", "has_mask", "georeferenced", "interleave"):
            assert getattr(a, value) == getattr(b, value), (name, value)
        for value in ("nodata", "scale", "offset"):
            assert {getattr(x, value) for x in a.bands} == {getattr(x, value) for x in b.bands}
        assert a.transform[:2] == pytest.approx(b.transform[:2])
        assert (a.crs is None) == (b.crs is None)
        assert (a.bands.fwhm_nm is None) == (b.bands.fwhm_nm is None), name
        assert a.bands.wavelengths_nm[0] == pytest.approx(b.bands.wavelengths_nm[0], abs=0.1)
        assert len(a.bands) == len(b.bands)


def test_the_main_threads_datasets_are_closed_before_python_ends(scenes):
    """Left to the end of Python, rasterio 1.5 prints "Error in sys.excepthook"."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(handle.closed))\n"  # the first one registered runs last
        "from hsisr_geo.raster.datasets import thread_handle\n"
        "handle = thread_handle(sys.argv[1])\n"
        "print(handle.closed)"
    )
    command = [sys.executable, "-c", code, str(scenes.tile)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\nTrue\n", "")


def test_a_band_with_a_wavelength_that_counts_as_alpha_is_told(tmp_path):
    """GDAL makes an alpha band of the fourth of four byte bands, if nothing is said of colours."""
    cube = np.full((4, 6, 5), 9, np.uint8)
    size = {"driver": "GTiff", "height": 6, "width": 5, "count": 4, "dtype": "uint8"}
    for name, options, told in (("a", {}, 1), ("b", {"photometric": "MINISBLACK"}, 0)):
        path = tmp_path / f"{name}.tif"
        with rasterio.open(path, "w", **size, **options) as dataset:
            dataset.write(cube)
            for band in range(1, 5):
                dataset.update_tags(band, wavelength=str(400 + 50 * band), wavelength_units="nm")
        notes = open_raster(path).notes
        assert len(notes) == told
        assert all("band 4 has a wavelength, but is an alpha band" in note for note in notes)
