"""Cubes from files of all kinds: their axes, types, bands; and what is said of wrong files."""

import struct
from dataclasses import replace

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
from commands import write

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.benchmark.data.mat_files import read_mat
from hsisr_geo.benchmark.data.solid_parts import solid_rectangles
from hsisr_geo.benchmark.data.sources import find_sources, load_scenes, usable_bands
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster

ROWS, COLS, BANDS = 7, 5, 3


def coordinates(dtype="uint16"):
    """(band, row, col) whose values tell their own place."""
    band, row, col = np.indices((BANDS, ROWS, COLS))
    return (100 * band + 10 * row + col).astype(dtype)


def matlab(cube):
    """Make a cube (band, row, col) what MATLAB has in memory: (row, col, band)."""
    return cube.transpose(1, 2, 0)


def write_7_3(path, **arrays):
    """Write as MATLAB's -v7.3: HDF5 behind 512 bytes of its own, axes in reverse."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array.T, chunks=True, compression="gzip")
            file[name].attrs["MATLAB_class"] = np.bytes_(array.dtype.name)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


@pytest.fixture(params=["5", "7.3"])
def write_mat(request):
    """Write arrays in one of the two kinds of `.mat` file."""

    def write(path, **arrays):
        if request.param == "5":
            scipy.io.savemat(path, arrays, do_compression=True)
        else:
            write_7_3(path, **arrays)
        return path

    return write


@pytest.mark.parametrize("dtype", ["uint16", "float32", "float64", "uint8"])
def test_a_pixel_of_matlab_keeps_its_place(write_mat, tmp_path, dtype):
    path = write_mat(tmp_path / "pavia.mat", pavia=matlab(coordinates(dtype)))
    np.testing.assert_array_equal(read_mat(path), coordinates(dtype))
    (scene,) = load_scenes(path)
    assert (scene.name, scene.cube.dtype, scene.raster.shape) == ("pavia", np.float32, (7, 5))
    assert scene.raster.dtype == ("float32" if dtype.startswith("float") else dtype)
    np.testing.assert_array_equal(scene.cube, coordinates(dtype))


def test_the_cube_is_found_beside_a_mask_and_a_picture(write_mat, tmp_path):
    """Harvard has `lbl` beside `ref`; others have an image in colour, which has three axes, too."""
    picture = np.zeros((ROWS, COLS, 3), np.uint8)
    path = write_mat(
        tmp_path / "a.mat", RGB=picture, lbl=np.ones((ROWS, COLS)), ref=matlab(coordinates())
    )
    np.testing.assert_array_equal(read_mat(path), coordinates())


def test_of_several_cubes_one_is_named_behind_the_path(write_mat, tmp_path):
    path = write_mat(
        tmp_path / "two.mat", first=matlab(coordinates()), second=matlab(coordinates() + 7)
    )
    with pytest.raises(RasterError, match=r"first \(7 x 5 x 3\), second .*two\.mat#first"):
        load_scenes(path)
    (scene,) = load_scenes(tmp_path / "two.mat#second")
    np.testing.assert_array_equal(scene.cube, coordinates() + 7)
    with pytest.raises(RasterError, match="no cube 'third'"):
        load_scenes(tmp_path / "two.mat#third")


def test_without_a_cube_the_arrays_are_listed(write_mat, tmp_path):
    path = write_mat(tmp_path / "a.mat", flat=np.ones((ROWS, COLS)))
    with pytest.raises(RasterError, match=r"no array .* three axes .*flat \(7 x 5\)"):
        load_scenes(path)


def test_nothing_but_arrays_of_numbers_is_looked_at(tmp_path):
    """Structs, cells and complex numbers; of HDF5 links out of the file and references, too."""
    cells = np.empty((ROWS, COLS, BANDS), object)
    cells[:] = "x"
    scipy.io.savemat(tmp_path / "5.mat", {"s": {"cube": np.ones((2, 3, 4))}, "c": cells})
    with pytest.raises(RasterError, match="none of any kind"):
        read_mat(tmp_path / "5.mat")
    scipy.io.savemat(tmp_path / "complex.mat", {"c": np.ones((2, 3, 4)) * 1j})
    with pytest.raises(RasterError, match="complex"):
        read_mat(tmp_path / "complex.mat")
    write_7_3(tmp_path / "other.mat", ref=matlab(coordinates()))
    with h5py.File(tmp_path / "7.mat", "w") as file:
        file["out"] = h5py.ExternalLink("other.mat", "ref")
        file.create_group("struct")["cube"] = np.ones((2, 3, 4))
        file.create_dataset("cell", (2, 3, 4), h5py.ref_dtype)
    with pytest.raises(RasterError, match="none of any kind"):
        read_mat(tmp_path / "7.mat")


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "cut hdf5", "flipped", "unended"])
def test_a_damaged_file_is_told_by_name(tmp_path, kind):
    path = tmp_path / "scene.mat"
    big = np.random.default_rng(0).integers(0, 9000, (40, 40, 20)).astype(np.uint16)
    if kind == "cut hdf5":
        write_7_3(path, ref=big)
    else:
        scipy.io.savemat(path, {"ref": big}, do_compression=True)
    content = bytearray(path.read_bytes())
    if kind == "flipped":
        content[200:240] = bytes(40)
    if kind == "unended":  # the numbers are all there, the checksum behind them is not
        del content[-4:]
        content[132:136] = struct.pack("<I", len(content) - 136)
    made = {
        "empty": b"",
        "text": b"hello " * 200,
        "flipped": bytes(content),
        "unended": bytes(content),
    }
    path.write_bytes(made.get(kind, bytes(content[: len(content) // 2])))
    with pytest.raises(RasterError, match=r"scene\.mat.*damaged"):
        load_scenes(path)


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(RasterError, match=r"nowhere\.mat does not exist"):
        load_scenes(tmp_path / "nowhere.mat")
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(RasterError, match="no scenes in it"):
        load_scenes(tmp_path)


def write_png(path, plane):
    profile = {"driver": "PNG", "dtype": "uint16", "count": 1, "height": ROWS, "width": COLS}
    with rasterio.open(path, "w", **profile) as sink:
        sink.write(plane, 1)


def test_a_folder_of_images_is_one_scene_in_the_order_of_their_numbers(tmp_path):
    """As CAVE: each scene in a folder within a folder of its name, beside a picture in colour."""
    folder = tmp_path / "balloons_ms" / "balloons_ms"
    folder.mkdir(parents=True)
    for number, plane in zip((1, 2, 10), coordinates(), strict=True):
        write_png(folder / f"balloons_ms_{number}.png", plane)
    (folder / "balloons_RGB.bmp").write_bytes(b"BM")
    for place in (tmp_path, folder):
        (scene,) = load_scenes(place)
        assert (scene.name, scene.raster.dtype) == ("balloons_ms", "uint16")
        np.testing.assert_array_equal(scene.cube, coordinates())


def test_a_folder_holds_scenes_of_all_kinds_in_order_of_name(tmp_path, scenes):
    write_7_3(tmp_path / "b.mat", ref=matlab(coordinates()))
    (tmp_path / "c.tif").symlink_to(scenes.san_diego.resolve())
    (tmp_path / "a").mkdir()
    for number, plane in enumerate(coordinates()):
        write_png(tmp_path / "a" / f"band{number:02}.png", plane)
    assert [source.path.name for source in find_sources(tmp_path)] == ["a", "b.mat", "c.tif"]


def test_bad_bands_of_a_file_are_left_out(scenes):
    raster = open_raster(scenes.san_diego)
    (scene,) = load_scenes(scenes.san_diego)
    assert len(scene.cube) == len(raster.bands.good_indices) < len(raster.bands)
    assert scene.raster.bands.wavelengths_nm == tuple(sorted(scene.raster.bands.wavelengths_nm))


def bands(count):
    return Bands(tuple(Band(wavelength_nm=float(nm)) for nm in np.linspace(400, 2510, count)))


def test_water_vapour_is_noise_in_a_long_file_that_marks_nothing(scenes):
    """NEON's scene here has 426 bands, and says nothing of them."""
    raster = open_raster(scenes.tile)

    def left(items):
        return usable_bands(replace(raster, bands=items))

    nm = np.linspace(400, 2510, 426)
    dark = ((nm >= 1340) & (nm <= 1445)) | ((nm >= 1790) & (nm <= 1955)) | (nm >= 2450)
    assert left(bands(426)) == tuple(np.flatnonzero(~dark))
    assert len(left(bands(200))) == 200  # such a file has these bands cut away, or good
    one_marked = Bands((Band(good=False, wavelength_nm=399.0), *bands(426)))
    assert len(left(one_marked)) == 426


def test_a_scene_with_holes_gives_its_solid_parts(tmp_path):
    cube = np.ones((100, 150, 2), np.float32)
    cube[:, 70:80] = np.nan
    write_7_3(tmp_path / "scene.mat", cube=cube)
    parts = load_scenes(tmp_path / "scene.mat")
    assert [(p.name, p.raster.shape) for p in parts] == [
        ("scene, part 1", (100, 70)),
        ("scene, part 2", (100, 70)),
    ]
    assert all(np.isfinite(p.cube).all() for p in parts)
    assert solid_rectangles(np.full((1, 90, 90), np.nan, np.float32)) == []
    cube[:, ::40] = np.nan
    write_7_3(tmp_path / "torn.mat", cube=cube)
    with pytest.raises(RasterError, match=r"torn\.mat: no 64 x 64 pixels without a hole"):
        load_scenes(tmp_path / "torn.mat")


def test_a_result_of_ours_and_classes_are_no_scenes(tmp_path):
    """Which no sensor saw: nothing is learned from them, and nothing scored on them."""
    made = write(tmp_path / "made.tif", coordinates())
    with rasterio.open(made, "r+") as dataset:
        dataset.update_tags(HSISR_MODEL="hsisr-base", HSISR_SOURCE="scene.tif")
    with pytest.raises(RasterError, match=r"made\.tif is a result, made by hsisr-base from scene"):
        load_scenes(made)
    classes = write(tmp_path / "classes.tif", coordinates("uint8")[:1])
    with rasterio.open(classes, "r+") as dataset:
        dataset.write_colormap(1, {0: (0, 0, 255), 1: (0, 255, 0)})
    with pytest.raises(RasterError, match=r"classes\.tif holds classes or codes"):
        load_scenes(classes)
