"""The degraded scene: its pixels, holes, grid and data type; and which window is taken."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from hsisr_geo.assessment.sample_window import choose_window
from hsisr_geo.assessment.wald import check_size, coarser, degrade, whole_groups, write
from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.resampling import decimate
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window


def cube(bands=2, rows=24, cols=36, seed=0):
    return np.random.default_rng(seed).uniform(100, 3000, (bands, rows, cols)).astype(np.float32)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_without_holes_it_is_the_declared_degradation(factor):
    x = cube()
    np.testing.assert_array_equal(degrade(x, named("bicubic", factor)), decimate(x, factor))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_coarse_pixel_is_a_hole_where_any_pixel_under_it_is_one(factor):
    x = cube()
    x[0, 5, 7] = np.nan
    holes = np.isnan(degrade(x, named("bicubic", factor)))
    assert np.argwhere(holes).tolist() == [[0, 5 // factor, 7 // factor]]


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_beside_a_hole_a_coarse_pixel_is_a_mean_of_what_was_measured(factor):
    """A plateau stays a plateau up to the hole, whatever would stand in it."""
    x = np.full((1, 24, 36), 700, np.float32)
    x[0, 8:14, 10:20] = np.nan
    coarse = degrade(x, named("bicubic", factor))
    np.testing.assert_allclose(coarse[np.isfinite(coarse)], 700, rtol=1e-6)


def test_the_degraded_raster_covers_the_same_ground_in_the_same_type(scenes, tmp_path):
    source = open_raster(scenes.mosaic)
    area = whole_groups((slice(64, 96), slice(66, 107)), 4)
    assert area == (slice(64, 96), slice(66, 106))
    window = source.upscaled(1, *area)
    lr = write(
        tmp_path / "lr.tif",
        coarser(window, 4),
        degrade(read_window(source, *area), named("bicubic", 4)),
    )
    assert lr.bounds == pytest.approx(window.bounds)
    assert (lr.shape, lr.dtype, lr.bands.nodata) == ((8, 10), "int16", -32768)
    assert lr.bands.wavelengths_nm == source.bands.wavelengths_nm
    assert lr.bands.good_indices == source.bands.good_indices
    stored = read_window(lr, slice(0, 8), slice(0, 10))
    np.testing.assert_array_equal(
        stored, np.rint(degrade(read_window(source, *area), named("bicubic", 4)))
    )


def test_too_small_a_window_is_told_the_smallest_that_would_do(scenes):
    raster = open_raster(scenes.emit)
    with pytest.raises(RasterError, match=r"10 x 10 .* 16 x 16 at least"):
        check_size(raster, (slice(0, 10), slice(0, 10)), 2)


def test_of_a_large_scene_the_window_with_the_fewest_holes_is_taken(tmp_path):
    dn = np.zeros((2, 300, 400), np.int16)
    dn[:, 96:192, 208:320] = 5
    path = tmp_path / "scene.tif"
    profile = {"driver": "GTiff", "count": 2, "height": 300, "width": 400, "dtype": "int16"}
    transform = Affine(30, 0, 0, 0, -30, 0)
    with rasterio.open(path, "w", **profile, nodata=0, transform=transform) as sink:
        sink.write(dn)
    raster = open_raster(path)
    whole = slice(0, 300), slice(0, 400)
    rows, cols = choose_window(raster, (0, 1), whole, 64)
    assert (rows.stop - rows.start, cols.stop - cols.start) == (64, 64)
    assert (dn[0, rows, cols] == 5).all()
    assert choose_window(raster, (0, 1), whole, 400) == whole
    part = slice(40, 300), slice(160, 400)
    rows, cols = choose_window(raster, (0, 1), part, 64)
    assert (dn[0, rows, cols] == 5).all()
    part = slice(0, 300), slice(0, 200)
    _, cols = choose_window(raster, (0, 1), part, 64)
    assert cols.stop <= 200  # stays inside --bounds, though the data lie beyond


def test_a_degraded_scene_is_written_again_over_itself(tmp_path, scenes):
    """As `make demo` does when it runs a second time."""
    raster = open_raster(scenes.tile)
    cube = read_window(raster, slice(0, 32), slice(0, 32))
    first = write(tmp_path / "truth.tif", raster, cube)
    again = write(tmp_path / "truth.tif", first, cube)
    assert again == first
