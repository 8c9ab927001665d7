import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.cube.blending import blend, cut_piece, ramp_weights
from hsisr_geo.cube.tiling import AxisTiles, TileGrid
from hsisr_geo.cube.windows import scaled

lengths = st.integers(1, 300)
tiles = st.integers(1, 150)
ramps = st.integers(0, 12)
upscales = st.integers(2, 4)


def _tiled(image, grid, upscale):
    """What the pipeline does with tiles that are cut from one image."""
    outputs = {tile.index: _at(image, tile.reach, upscale) for tile in grid}
    result = np.full_like(image, np.nan)
    for cell in grid.cells():
        pieces = [
            cut_piece(outputs[index], grid, grid.tile(*index), cell, upscale)
            for index in cell.tiles
        ]
        _at(result, cell.area, upscale)[:] = blend(pieces)
    return result


def _at(image, window, upscale):
    rows, cols = scaled(window, upscale)
    return image[:, rows, cols]


@given(lengths, tiles, ramps, upscales)
def test_weights_sum_to_one_at_every_pixel(length, tile, ramp, upscale):
    axis = AxisTiles.of(length, slice(0, length), tile, halo=ramp, ramp=ramp)
    total = np.zeros(length * upscale)
    for index in range(len(axis)):
        reach = axis.reach(index)
        pixels = slice(reach.start * upscale, reach.stop * upscale)
        total[pixels] += ramp_weights(axis, index, upscale)
    np.testing.assert_allclose(total, 1, atol=1e-6)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 50), ramps)
def test_tiles_that_agree_give_the_image_back(rows, cols, tile, ramp):
    grid = TileGrid.of((rows, cols), tile=max(tile, 8), halo=ramp, ramp=ramp)
    image = np.arange(rows * cols * 4, dtype=np.float32).reshape(1, rows * 2, cols * 2) + 1
    np.testing.assert_allclose(_tiled(image, grid, 2), image, rtol=4e-7)


def test_tiles_that_differ_fade_linearly_into_each_other():
    grid = TileGrid.of((4, 128), tile=64, halo=8, ramp=8)
    levels = {0: 0.0, 1: 100.0}
    *_, shared, _ = grid.cells()
    assert shared.tiles == ((0, 0), (0, 1))
    pieces = []
    for tile in grid:
        output = np.full((1, 8, 72 * 2), levels[tile.index[1]], np.float32)
        pieces.append(cut_piece(output, grid, tile, shared, 2))
    expected = (np.arange(32) + 0.5) / 32 * 100
    np.testing.assert_allclose(blend(pieces)[0], np.tile(expected, (8, 1)), rtol=1e-6)


def test_nothing_fades_at_the_edge_of_the_region():
    axis = AxisTiles.of(300, slice(50, 250), 64, halo=9, ramp=4)
    assert ramp_weights(axis, 0, 3)[0] == 1
    assert ramp_weights(axis, len(axis) - 1, 3)[-1] == 1
    assert ramp_weights(axis, 1, 3)[0] < 0.1


def test_nan_stays_in_its_pixel():
    grid = TileGrid.of((40, 40), tile=16, halo=4, ramp=4)
    image = np.ones((2, 80, 80), np.float32)
    image[1, 31, 17] = image[0, 26, 25] = np.nan
    assert np.array_equal(np.isnan(_tiled(image, grid, 2)), np.isnan(image))
