import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.enums import Resampling

from hsisr_geo.cube.resampling import (
    along_cols,
    along_rows,
    cubic_decimation,
    cubic_upsampling,
    decimate,
    upsample,
)

RNG = np.random.default_rng(0)


def _gdal_cubic(path, cube, upscale):
    """What `gdal_translate -r cubic -outsize` computes."""
    bands, rows, cols = cube.shape
    profile = {"driver": "GTiff", "count": bands, "height": rows, "width": cols}
    with rasterio.open(path, "w", dtype="float32", **profile) as dataset:
        dataset.write(cube)
    with rasterio.open(path) as dataset:
        shape = (bands, rows * upscale, cols * upscale)
        return dataset.read(out_shape=shape, resampling=Resampling.cubic)


@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize("shape", [(23, 37), (5, 3), (1, 9), (2, 2), (300, 7)])
def test_upsampling_equals_gdal_cubic_edges_included(tmp_path, shape, upscale):
    cube = RNG.uniform(100, 1000, (3, *shape)).astype(np.float32)
    expected = _gdal_cubic(tmp_path / "lr.tif", cube, upscale)
    np.testing.assert_allclose(upsample(cube, upscale), expected, rtol=2e-6, atol=3e-4)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_decimation_equals_torch_antialiased_bicubic(factor):
    torch = pytest.importorskip("torch")
    cube = RNG.normal(size=(2, 12 * factor, 7 * factor)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(cube)[None], size=(12, 7), mode="bicubic", antialias=True
    )
    np.testing.assert_allclose(decimate(cube, factor), expected[0].numpy(), atol=1e-5)


@given(n=st.integers(1, 90), factor=st.integers(2, 4))
def test_every_row_of_weights_sums_to_one(n, factor):
    up, down = cubic_upsampling(n, factor), cubic_decimation(n * factor, factor)
    assert up.shape == (n * factor, n)
    assert down.shape == (n, n * factor)
    np.testing.assert_allclose(up.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(down.sum(axis=1), 1, atol=1e-6)


@given(upscale=st.integers(2, 4), slope=st.floats(-3, 3))
def test_positions_survive_both_ways(upscale, slope):
    # A plane whose values are its own pixel centres: a shift by half a pixel would show.
    centres = (np.arange(20) + 0.5) * slope
    plane = np.broadcast_to(centres, (1, 20, 20)).astype(np.float32)
    fine = upsample(plane, upscale)
    expected = (np.arange(20 * upscale) + 0.5) * slope / upscale
    inner = slice(2 * upscale, -2 * upscale)
    np.testing.assert_allclose(fine[0, 0, inner], expected[inner], atol=1e-4)
    np.testing.assert_allclose(
        decimate(fine, upscale)[0, 4:-4, 4:-4], plane[0, 4:-4, 4:-4], atol=1e-4
    )


def test_pixels_beyond_the_last_group_do_not_add_a_pixel():
    assert decimate(np.ones((1, 10, 11), np.float32), 4).shape == (1, 2, 2)


def test_weights_shared_through_the_cache_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        cubic_upsampling(4, 2)[0, 0] = 1


@pytest.mark.parametrize("shared", [True, False])
def test_a_matrix_that_is_cut_once_is_still_that_matrix(shared):
    """Of one size after the other, and of numbers that change where they may."""
    cube = np.random.default_rng(0).normal(size=(2, 70, 45)).astype(np.float32)
    for upscale in (2, 3, 2):
        rows, cols = cubic_upsampling(70, upscale), cubic_upsampling(45, upscale)
        if not shared:
            rows, cols = rows.copy(), cols.copy()
        for _ in range(2):
            made = along_cols(cols, along_rows(rows, cube))
            np.testing.assert_allclose(made, rows @ cube @ cols.T, rtol=1e-5, atol=1e-5)
            if not shared:
                rows[:, -1] += 1  # in other columns than before
