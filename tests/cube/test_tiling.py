import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.cube.tiling import AxisTiles, TileGrid
from hsisr_geo.cube.windows import inside, scaled

lengths = st.integers(1, 700)
tiles = st.integers(1, 300)
ramps = st.integers(0, 20)


@st.composite
def axes(draw):
    """Any axis, over a part of a scene, and the tile size that was wished."""
    stop = draw(lengths)
    region = slice(draw(st.integers(0, stop - 1)), stop)
    length, tile, ramp = stop + draw(st.integers(0, 50)), draw(tiles), draw(ramps)
    return AxisTiles.of(length, region, tile, halo=ramp + draw(ramps), ramp=ramp), region, tile


def _times_covered(length, parts):
    covered = np.zeros(length, int)
    for part in parts:
        covered[part] += 1
    return covered


@given(axes())
def test_cores_partition_the_region(drawn):
    axis, region, _ = drawn
    covered = _times_covered(axis.length, map(axis.core, range(len(axis))))
    assert (covered[region] == 1).all()
    assert covered.sum() == region.stop - region.start


@given(axes())
def test_segments_partition_the_region(drawn):
    axis, region, _ = drawn
    covered = _times_covered(axis.length, map(axis.segment, range(axis.segments)))
    assert (covered[region] == 1).all()
    assert covered.sum() == region.stop - region.start


@given(axes())
def test_a_segment_is_shared_by_the_tiles_whose_ramps_cover_it(drawn):
    axis, _, _ = drawn
    starts, stops = np.array([[r.start, r.stop] for r in map(axis.reach, range(len(axis)))]).T
    for number in range(axis.segments):
        segment = axis.segment(number)
        if segment.start < segment.stop:
            covering = (starts <= segment.start) & (segment.stop <= stops)
            touching = (starts < segment.stop) & (segment.start < stops)
            assert list(np.flatnonzero(covering)) == list(axis.sharers(number))
            assert list(np.flatnonzero(touching)) == list(axis.sharers(number))


@given(axes())
def test_cores_are_near_equal_and_wide_enough_for_two_ramps(drawn):
    axis, _, tile = drawn
    sizes = np.diff(axis.borders)
    assert np.ptp(sizes) <= 1
    assert len(axis) == 1 or sizes.min() >= 2 * axis.ramp
    assert sizes.max() <= max(tile, 4 * axis.ramp)


@given(axes())
def test_windows_give_every_pixel_of_the_reach_its_context(drawn):
    axis, _, _ = drawn
    context = axis.halo - axis.ramp
    for index in range(len(axis)):
        reach, window = axis.reach(index), axis.window(index)
        assert 0 <= window.start <= max(0, reach.start - context)
        assert min(axis.length, reach.stop + context) <= window.stop <= axis.length


@pytest.mark.parametrize(
    ("size", "tile", "sizes"),
    [(130, 64, [43, 43, 44]), (192, 128, [96, 96]), (97, 128, [97]), (3, 1, [3]), (16, 8, [8, 8])],
)
def test_cores_by_example(size, tile, sizes):
    axis = AxisTiles.of(size, slice(0, size), tile, halo=6, ramp=2)
    assert list(np.diff(axis.borders)) == sizes


def test_halos_of_a_region_reach_outside_it_into_the_scene():
    grid = TileGrid.of((100, 90), tile=64, halo=6, ramp=2, region=(slice(10, 40), slice(80, 90)))
    (tile,) = grid
    assert tile.core == tile.reach == (slice(10, 40), slice(80, 90))
    assert tile.window == (slice(4, 46), slice(74, 90))


@pytest.mark.parametrize("shape", [(1, 1), (1, 997), (997, 1), (3, 500), (101, 97), (64, 64)])
@pytest.mark.parametrize("ramp", [0, 3, 16])
def test_cells_and_cores_cover_any_scene_once(shape, ramp):
    grid = TileGrid.of(shape, tile=32, halo=ramp, ramp=ramp)
    cells = np.zeros(shape, int)
    for cell in grid.cells():
        cells[cell.area] += 1
    cores = np.zeros(shape, int)
    for tile in grid:
        cores[tile.core] += 1
    assert (cells == 1).all()
    assert (cores == 1).all()
    assert len(list(grid)) == len(grid)


def test_one_two_or_four_tiles_share_a_cell():
    grid = TileGrid.of((96, 96), tile=32, halo=4, ramp=4)
    cells = list(grid.cells())
    assert len(cells) == 25
    assert sorted(len(cell.tiles) for cell in cells) == [1] * 9 + [2] * 12 + [4] * 4
    for cell in cells:
        for index in cell.tiles:
            rows, cols = inside(cell.area, grid.tile(*index).reach)
            assert rows.start >= 0
            assert cols.start >= 0


@pytest.mark.parametrize("ramp", [0, 3, 8])
def test_cells_know_their_tiles_and_tiles_their_cells(ramp):
    grid = TileGrid.of((50, 70), tile=16, halo=ramp, ramp=ramp)
    by_cell = {(cell.index, index) for cell in grid.cells() for index in cell.tiles}
    by_tile = {(cell.index, tile.index) for tile in grid for cell in grid.cells_of(tile)}
    assert by_cell == by_tile


def test_windows_scale_and_nest():
    window = (slice(2, 5), slice(0, 3))
    assert scaled(window, 4) == (slice(8, 20), slice(0, 12))
    assert inside(window, (slice(1, 9), slice(0, 9))) == (slice(1, 4), slice(0, 3))
