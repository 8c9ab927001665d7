import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import spectral
from affine import Affine
from hypothesis import assume, given
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from scenes import read_pixels

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import decode, encode, usable_nodata
from hsisr_geo.errors import OutputError
from hsisr_geo.output.drafts import open_outputs, write_raster
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

requires_gdal = pytest.mark.skipif(
    shutil.which("gdalinfo") is None, reason="gdalinfo is not on PATH (Debian: gdal-bin)"
)
NORTH_UP = Affine(30, 0, 364095, 0, -30, 5809965)


def plain(shape=(50, 70), dtype="int16", count=2, source="gone.tif", **band):
    bands = Bands(tuple(Band(name=f"b{i}", **band) for i in range(count)))
    crs = rasterio.CRS.from_epsg(32633).to_wkt()
    return Raster(source, "GTiff", shape, crs, NORTH_UP, dtype, bands)


def write(path, raster, cube, **options):
    """Write physical values."""
    write_raster(path, raster, cube, **options)
    return path


def magnified(raster, upscale):
    """Repeat every pixel: an upscaling whose every value is known."""
    cube = read_window(raster, slice(None), slice(None))
    return cube.repeat(upscale, axis=1).repeat(upscale, axis=2)


def leftovers(folder: Path, *expected: str) -> set[str]:
    return {p.name for p in folder.iterdir()} - set(expected)


# ---- stored numbers ----


@st.composite
def encodings(draw):
    dtype = draw(st.sampled_from(["uint8", "int8", "uint16", "int16", "int32", "float32"]))
    limits = np.iinfo(dtype) if dtype != "float32" else np.iinfo("int16")
    # float32 holds 24 bits: what a wider integer can be read through
    low, high = max(limits.min, -(2**20)), min(limits.max, 2**20)
    nodata = draw(st.none() | st.sampled_from([low, high, 0]) | st.integers(low, high))
    scale = draw(st.sampled_from([1.0, 1e-4, 0.01, 2.75e-5, 2.0, -0.5]))
    offset = draw(st.sampled_from([0.0, -0.2, 100.0, -1000.0])) * min(1.0, abs(scale) * 10)
    values = draw(st.lists(st.integers(low, high), min_size=1, max_size=20))
    dn = np.array(values, dtype).reshape(1, 1, -1)
    return dn, Bands((Band(scale=scale, offset=offset, nodata=nodata),)), dtype


@given(encodings())
def test_stored_numbers_survive_the_way_through_physical_values(case):
    dn, bands, dtype = case
    again = encode(decode(dn, bands), bands, dtype)
    assert again.dtype == dn.dtype
    if dtype == "float32":
        np.testing.assert_allclose(again, dn, rtol=1e-5, atol=1e-2)
    else:
        np.testing.assert_array_equal(again, dn)


@given(encodings(), st.floats(-0.49, 0.49))
def test_values_between_are_rounded_to_the_nearest_and_holes_stay_where_they_are(case, fraction):
    dn, bands, dtype = case
    assume(dtype not in ("float32", "int32"))
    band = bands[0]
    cube = decode(dn, bands)
    moved = (cube + fraction * band.scale).astype(np.float32)
    stored = encode(moved, bands, dtype)
    holes = np.isnan(cube)
    if band.nodata is not None:
        np.testing.assert_array_equal(stored == band.nodata, holes)
    error = np.abs(stored.astype(float) - dn)[~holes]
    assert error.max(initial=0) <= 1  # 0, or 1 where the nearest was nodata or a tie


@pytest.mark.parametrize(
    ("value", "dtype", "stored"),
    [
        (0.5, "int16", 0), (1.5, "int16", 2), (2.5, "uint8", 2), (-1.5, "int8", -2),
        (1e9, "int16", 32767), (-1e9, "int16", -32768), (-3, "uint16", 0),
        (1e30, "int64", 2**63 - 1024), (1e30, "uint64", 2**64 - 2048),
        (3e9, "int32", 2**31 - 1), (0.25, "float32", 0.25),
    ],
)  # fmt: skip
def test_integers_are_rounded_half_to_even_and_clipped(value, dtype, stored):
    cube = np.full((1, 1, 1), value, np.float32)
    assert encode(cube, Bands((Band(),)), dtype).item() == stored


@pytest.mark.parametrize(
    ("dtype", "nodata", "value", "stored"),
    [
        ("int16", -32768, -40000, -32767),  # clipped on to nodata
        ("uint8", 255, 300, 254),
        ("int16", 0, 0.2, 1),  # rounded on to nodata
        ("float32", -9999, -9999, np.nextafter(np.float32(-9999), np.float32(0))),
    ],
)
def test_values_never_become_holes(dtype, nodata, value, stored):
    cube = np.full((1, 1, 1), value, np.float32)
    assert encode(cube, Bands((Band(nodata=nodata),)), dtype).item() == stored


@pytest.mark.parametrize(
    ("dtype", "nodata", "stored"),
    [("int16", -9999, -9999), ("int16", None, 0), ("float32", None, np.nan), ("uint8", -1, 0)],
)
def test_holes_become_nodata_or_what_comes_nearest(dtype, nodata, stored):
    cube = np.full((1, 1, 1), np.nan, np.float32)
    np.testing.assert_equal(encode(cube, Bands((Band(nodata=nodata),)), dtype).item(), stored)


@pytest.mark.parametrize(
    ("nodata", "dtype", "usable"),
    [
        (-9999.0, "uint8", None), (255, "uint8", 255), (0.5, "int16", None),
        (np.nan, "int16", None),
        (-1.7e308, "float32", None), (-3.4028234663852886e38, "float32", -3.4028234663852886e38),
        (np.inf, "float32", np.inf), (None, "int16", None),
    ],
)  # fmt: skip
def test_nodata_is_used_where_a_pixel_can_have_it(nodata, dtype, usable):
    assert usable_nodata(nodata, dtype) == usable


# ---- the file ----


@pytest.mark.parametrize("ending", [".tif", ".img"])
def test_scenes_come_back_as_they_went(scene, tmp_path, ending):
    source = open_raster(scene)
    expected = source.upscaled(2)
    path = write(tmp_path / f"out{ending}", expected, magnified(source, 2))
    found = open_raster(path)
    for value in ("shape", "dtype", "rpcs", "gcps", "has_mask", "georeferenced"):
        assert getattr(found, value) == getattr(expected, value), value
    assert tuple(found.transform) == pytest.approx(tuple(expected.transform), rel=1e-12, abs=1e-9)
    crs = [rasterio.CRS.from_wkt(r.crs) if r.crs else None for r in (found, source)]
    assert crs[0] == crs[1]
    # Bands near red, green and blue are marked, and GDAL calls the first of a GeoTIFF gray
    assert Bands(tuple(replace(b, color=None) for b in found.bands)) == Bands(
        tuple(replace(b, color=None) for b in source.bands)
    )
    pixels = read_pixels(scene).repeat(2, axis=1).repeat(2, axis=2)
    if source.dtype == "float32":
        np.testing.assert_allclose(read_pixels(path), pixels, rtol=1e-6)
    else:
        np.testing.assert_array_equal(read_pixels(path), pixels)
    sidecars = () if ending == ".tif" else ("out.hdr", "out.img.aux.xml")
    assert not leftovers(tmp_path, path.name, "out.qml", *sidecars)


@requires_gdal
def test_gdal_sees_what_gdal_translate_would_have_made(scene, tmp_path):
    source = open_raster(scene)
    write(tmp_path / "ours.tif", source.upscaled(2), magnified(source, 2))
    options = ["-q", "-of", "VRT", "-outsize", "200%", "200%"]
    command = ["gdal_translate", *options, str(scene), str(tmp_path / "theirs.vrt")]
    subprocess.run(command, check=True, capture_output=True)
    ours, theirs = gdalinfo(tmp_path / "ours.tif"), gdalinfo(tmp_path / "theirs.vrt")
    assert ours["size"] == theirs["size"]
    assert ours.get("geoTransform") == pytest.approx(theirs.get("geoTransform"))
    assert same_crs(ours, theirs)
    keys = ["type", "noDataValue", "scale", "offset", "unit"]
    if source.driver == "GTiff":  # names in ENVI files are those of the header, not GDAL's
        keys += ["description"]
    for a, b in zip(ours["bands"], theirs["bands"], strict=True):
        assert {k: a.get(k) for k in keys} == {k: b.get(k) for k in keys}
        found, expected = a["metadata"][""], b.get("metadata", {}).get("", {})
        for key in set(expected) & {"wavelength", "fwhm", "bbl"}:
            assert float(found[key]) == float(expected[key]), (a["band"], key)


def same_crs(*infos):
    crs = [info.get("coordinateSystem", {}).get("wkt", "") for info in infos]
    return not any(crs) or rasterio.CRS.from_wkt(crs[0]) == rasterio.CRS.from_wkt(crs[1])


def gdalinfo(path):
    run = subprocess.run(
        ["gdalinfo", "-json", str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(run.stdout)


def test_envi_readers_find_the_bands_of_an_envi_output(scenes, tmp_path):
    source = open_raster(scenes.emit)
    write(tmp_path / "out.bsq", source.upscaled(2), magnified(source, 2))
    image = spectral.open_image(tmp_path / "out.hdr")
    assert tuple(image.bands.centers) == source.bands.wavelengths_nm
    assert tuple(image.bands.bandwidths) == source.bands.fwhm_nm
    assert [float(b) for b in image.metadata["bbl"]] == [float(b.good) for b in source.bands]
    assert image.metadata["band names"] == [band.name for band in source.bands]
    np.testing.assert_array_equal(
        image.load().transpose(2, 0, 1), read_pixels(scenes.emit).repeat(2, 1).repeat(2, 2)
    )
    assert "partial" not in (tmp_path / "out.hdr").read_text()


def test_the_same_pixels_give_the_same_file(tmp_path):
    raster = plain((300, 400), "uint16", 3)
    cube = np.random.default_rng(0).integers(0, 60000, (3, 300, 400)).astype(np.float32)
    files = [write(tmp_path / f"{i}.tif", raster, cube).read_bytes() for i in range(2)]
    assert files[0] == files[1]
    np.testing.assert_array_equal(read_pixels(tmp_path / "0.tif"), cube)


@given(st.integers(1, 40), st.integers(1, 40))
def test_every_shape_is_written_whole(tmp_path_factory, rows, cols):
    folder = tmp_path_factory.mktemp("shapes")
    cube = np.arange(rows * cols, dtype=np.float32).reshape(1, rows, cols)
    path = write(folder / "a.tif", plain((rows, cols), "int32", 1), cube, block=16)
    np.testing.assert_array_equal(read_pixels(path), cube)


def test_layout_is_tiled_compressed_and_by_band(tmp_path):
    path = write(tmp_path / "a.tif", plain((300, 400)), np.zeros((2, 300, 400), np.float32))
    with rasterio.open(path) as dataset:
        assert dataset.block_shapes[0] == (256, 256)
        assert dataset.profile["interleave"] == "band"
        assert dataset.profile["compress"] in ("zstd", "deflate")


def test_provenance_and_tags_of_the_source_are_written_side_by_side(tmp_path):
    raster = replace(
        plain(), tags={"": {"site": "A"}, "IMAGERY": {"SATELLITEID": "EnMAP"}, "MINE": {"k": "v"}}
    )
    tags = {"HSISR_MODEL": "bicubic", "HSISR_SEED": "0"}
    path = write(tmp_path / "a.tif", raster, np.zeros((2, 50, 70), np.float32), tags=tags)
    with rasterio.open(path) as dataset:
        assert dataset.tags() == {"AREA_OR_POINT": "Area", "site": "A", **tags}
        assert dataset.tags(ns="IMAGERY") == {"SATELLITEID": "EnMAP"}
        assert dataset.tags(ns="MINE") == {"k": "v"}


def test_a_raster_of_points_stays_one_in_its_place(tmp_path):
    raster = replace(plain(), tags={"": {"AREA_OR_POINT": "Point"}})
    found = open_raster(write(tmp_path / "a.tif", raster, np.zeros((2, 50, 70), np.float32)))
    assert found.tags[""]["AREA_OR_POINT"] == "Point"
    assert found.transform == raster.transform


def test_control_points_and_rational_polynomials_are_written(tmp_path):
    points = [(0, 0, 10, 50), (20, 0, 10, 49), (0, 30, 11, 50)]
    lat, lon, one = ([float(i == k) for i in range(20)] for k in (2, 1, 0))
    rpc = RPC(0, 500, 50, 0.5, one, lat, 9.75, 10.5, 10, 0.5, one, lon, 14.5, 15.25)
    for name, place in (
        ("gcp", {"gcps": [GroundControlPoint(*p) for p in points], "crs": "EPSG:4326"}),
        ("rpc", {"rpcs": rpc}),
    ):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", width=30, height=20, count=1,
            dtype="uint8", **place,
        ) as dataset:  # fmt: skip
            dataset.write(np.ones((1, 20, 30), np.uint8))
        source = open_raster(tmp_path / f"{name}.tif")
        expected = source.upscaled(2)
        found = open_raster(write(tmp_path / f"{name}2.tif", expected, magnified(source, 2)))
        assert [(g.row, g.col, g.x, g.y) for g in found.gcps] == [
            (g.row, g.col, g.x, g.y) for g in expected.gcps
        ]
        assert (found.gcp_crs is None) == (expected.gcp_crs is None)
        assert not found.has_transform
        if name == "rpc":
            for key in ("LINE_OFF", "SAMP_OFF", "LINE_SCALE", "SAMP_SCALE"):
                assert float(found.rpcs[key]) == float(expected.rpcs[key])


def test_one_nodata_value_serves_bands_that_had_several(tmp_path):
    bands = Bands((Band("a"), Band("b", nodata=-9.0), Band("c", nodata=7.0)))
    raster = replace(plain(count=3), bands=bands)
    cube = np.full((3, 50, 70), 7, np.float32)
    cube[:, :5] = np.nan
    cube[:, 5:9] = -9
    found = open_raster(write(tmp_path / "a.tif", raster, cube))
    assert {band.nodata for band in found.bands} == {-9.0}
    again = read_window(found, slice(None), slice(None))
    np.testing.assert_array_equal(np.isnan(again), np.isnan(cube))
    assert (again[:, 9:] == 7).all()


def test_holes_of_integers_without_nodata_are_kept_in_a_mask(tmp_path):
    cube = np.ones((2, 50, 70), np.float32)
    cube[:, 10:20, 30:60] = np.nan
    raster = replace(plain(dtype="uint8"), has_mask=True)
    path = write(tmp_path / "a.tif", raster, cube)
    assert not leftovers(tmp_path, "a.tif")  # the mask is inside
    found = open_raster(path)
    assert found.has_mask
    np.testing.assert_array_equal(read_window(found, slice(None), slice(None)), cube)
    with pytest.raises(OutputError, match="GeoTIFF"):
        write(tmp_path / "a.img", raster, cube)


def test_colours_of_bytes_are_those_of_the_source(tmp_path):
    cube = np.zeros((3, 50, 70), np.float32)
    for colors in (("red", "green", "blue"), (None, None, None)):
        bands = Bands(tuple(Band(color=c) for c in colors))
        raster = replace(plain(count=3, dtype="uint8"), bands=bands)
        path = write(tmp_path / "a.tif", raster, cube, overwrite=True)
        found = [band.color for band in open_raster(path).bands]
        assert found == (list(colors) if colors[0] else ["gray", None, None])
        assert not leftovers(tmp_path, "a.tif")


# ---- what goes wrong ----


ONES = np.ones((2, 50, 70), np.float32)


class Whole:
    """A cube of stored numbers as one block."""

    block = 16

    def __init__(self, dn):
        self.dn = dn

    def blocks(self, shape):
        yield slice(0, shape[0]), slice(0, shape[1])

    def read(self, rows, cols, bands=slice(None)):
        return self.dn[:, rows, cols], np.ones(self.dn.shape[1:], bool)


class Failing:
    """Blocks of which the second cannot be read; or the process is killed."""

    block = 16

    def __init__(self, error=None):
        self.error = error

    def blocks(self, shape):
        return iter([(slice(0, 16), slice(0, 16)), (slice(0, 16), slice(16, 32))])

    def read(self, rows, cols, bands=slice(None)):
        if cols.start:
            if self.error is None:
                os.kill(os.getpid(), signal.SIGKILL)
            raise self.error
        return np.zeros((2, 16, 16), np.int16), np.ones((16, 16), bool)


def write_and_fail(path, error=None, **options):
    with open_outputs([Target(path, plain())], **options) as (draft,):
        draft.fill(Failing(error))


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("name", ["a.tif", "a.img"])
def test_an_exception_leaves_nothing_and_is_not_changed(tmp_path, error, name):
    def check_then_fail(rows, cols, bands):
        assert not (tmp_path / name).exists()
        assert leftovers(tmp_path)  # the test would else show nothing
        raise error

    blocks = Failing()
    blocks.read = check_then_fail
    with pytest.raises(error), open_outputs([Target(tmp_path / name, plain())]) as (draft,):
        draft.fill(blocks)
    assert not leftovers(tmp_path)


KILLED = """
import sys
from test_output import write_and_fail
write_and_fail(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path):
    path = tmp_path / "a[1].tif"  # brackets mean something to glob
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.returncode == -signal.SIGKILL
    assert leftovers(tmp_path) == {".a[1].tif.hsisr-geo"}
    write(tmp_path / "b.tif", plain(), ONES)
    assert len(leftovers(tmp_path, "b.tif")) == 1  # of another output
    write(path, plain(), ONES)
    assert not leftovers(tmp_path, "b.tif", path.name)


def test_a_second_run_to_one_output_is_refused_and_does_no_harm(tmp_path):
    path = tmp_path / "a.tif"
    with open_outputs([Target(path, plain())]) as (draft,):
        with pytest.raises(OutputError, match="another run is writing it"):
            write(path, plain(), 2 * ONES)
        draft.fill(Whole(ONES.astype("int16")))
    assert (read_pixels(path) == 1).all()
    assert not leftovers(tmp_path, "a.tif")


def test_runs_that_share_one_of_two_outputs_are_never_mixed(tmp_path):
    first, second, shared = (tmp_path / f"{name}.tif" for name in ("a", "b", "sigma"))
    with open_outputs([Target(first, plain()), Target(shared, plain())]) as drafts:
        with (
            pytest.raises(OutputError, match=r"sigma\.tif: another run is writing it"),
            open_outputs([Target(second, plain()), Target(shared, plain())]),
        ):
            pass
        for draft in drafts:
            draft.fill(Whole(ONES.astype("int16")))
    assert all((read_pixels(path) == 1).all() for path in (first, shared))
    assert not leftovers(tmp_path, "a.tif", "sigma.tif")


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "a.tif"

    def slower():
        with open_outputs([Target(path, plain())]) as (draft,):
            draft.fill(Whole(ONES.astype("int16")))
            path.write_text("mine")

    with pytest.raises(OutputError, match=r"a\.tif exists"):
        slower()
    assert path.read_text() == "mine"
    assert not leftovers(tmp_path, "a.tif")


def test_an_exception_leaves_the_older_output_as_it_was(tmp_path):
    path = write(tmp_path / "a.tif", plain(), ONES)
    before = path.read_bytes()
    with pytest.raises(KeyError):
        write_and_fail(path, KeyError("stop"), overwrite=True)
    assert path.read_bytes() == before
    assert not leftovers(tmp_path, "a.tif")


def test_a_cube_of_another_shape_is_refused(tmp_path):
    with pytest.raises(OutputError, match="the cube is"):
        write(tmp_path / "a.tif", plain(), ONES[:1])
    assert not leftovers(tmp_path)


def test_an_output_that_exists_is_replaced_only_on_request(tmp_path):
    path, cube = tmp_path / "a.tif", np.ones((2, 50, 70), np.float32)
    write(path, plain(), cube)
    with pytest.raises(OutputError, match=r"a\.tif exists"):
        write(path, plain(), cube)
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset/>")  # statistics of the older one
    write(path, plain(), 2 * cube, overwrite=True)
    assert (read_pixels(path) == 2).all()
    assert not leftovers(tmp_path, "a.tif")


def test_the_input_is_never_overwritten(tmp_path, scenes):
    path = write(tmp_path / "a.tif", plain(), np.ones((2, 50, 70), np.float32))
    (tmp_path / "link.tif").symlink_to(path)
    for name in ("a.tif", "link.tif"):
        with pytest.raises(OutputError, match="input"):
            write(tmp_path / name, open_raster(path), ONES, overwrite=True)
    for source in (scenes.aviris, scenes.aviris.with_suffix(".hdr")):
        shutil.copyfile(source, tmp_path / f"scene{source.suffix}")
    source = open_raster(tmp_path / "scene.bsq")
    with (
        pytest.raises(OutputError, match="input"),
        open_outputs([Target(tmp_path / "scene.img", source)], overwrite=True),
    ):  # its header would be the header of the input
        pass


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.png", r"\.tif \.tiff \.img"),
        ("a", "no format"),
        ("missing/a.tif", "no folder"),
        ("folder.tif", "is a folder"),
    ],
)
def test_impossible_names(tmp_path, name, message):
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(OutputError, match=message):
        write(tmp_path / name, plain(), ONES)
    assert not leftovers(tmp_path, "folder.tif")


def test_a_folder_that_cannot_be_written(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):  # root may write anywhere but here
        folder = Path("/proc/self")
    if not folder.is_dir():
        pytest.skip("there is no folder that root cannot write")
    with pytest.raises(OutputError, match=r"a\.tif: "):
        write(folder / "a.tif", plain(), ONES)


FULL_DISK = """
import os, resource, signal, sys
import numpy as np
from affine import Affine
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import OutputError
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.raster.raster import Raster
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing beyond the limit fails, as on a full disk
path, *limits = sys.argv[1:]
cube = np.random.default_rng(0).integers(0, 30000, (4, 512, 512)).astype(np.float32)
place, bands = Affine.scale(30, -30), Bands((Band(),) * 4)
raster = Raster("gone.tif", "GTiff", (512, 512), None, place, "int16", bands)
for limit in limits:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        tags = {"HSISR_LONG": "x" * 1_000_000}
        how = WriteOptions(creation={"COMPRESS": "NONE"})
        write_raster(path, raster, cube, write=how, tags=tags)
    except OutputError as error:
        print(os.listdir(os.path.dirname(path)), error)
"""


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    """The pixels take 2.1 MB, and a tag 1 MB.

    The first limit stops the pixels, the others what GDAL writes when it closes the file.
    """
    pytest.importorskip("resource")
    path, limits = tmp_path / "a.tif", ("100000", "2500000", "3098000")
    command = [sys.executable, "-c", FULL_DISK, path, *limits]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    told = run.stdout.splitlines()
    assert len(told) == len(limits)
    assert all(line.startswith(f"[] {path}: cannot be written") for line in told)
