import threading

import pytest

from hsisr_geo import graph
from hsisr_geo.tiling import TileGrid


def _keys(rows, cols, threads):
    grid = TileGrid.of((rows, cols), tile=16, halo=4, ramp=4)
    job = graph._Job(plan=None, grid=grid, products=())
    return grid, [graph._layout(job, batch)[0] for batch in graph._batches(grid, threads)]


@pytest.mark.parametrize("threads", [1, 2, 16])
@pytest.mark.parametrize("shape", [(1, 1), (16, 100), (100, 16), (70, 50)])
def test_batches_hold_every_tile_and_every_seam_once(shape, threads):
    grid, batches = _keys(*shape, threads)
    keys = [key for batch in batches for key in batch]
    expected = [("tile", *tile.index) for tile in grid]
    expected += [("seam", *cell.index) for cell in grid.cells() if len(cell.tiles) > 1]
    assert sorted(keys) == sorted(expected)


def test_one_thread_runs_row_by_row_and_several_have_enough_to_do():
    assert len(_keys(160, 64, 1)[1]) == 10
    assert [len([k for k in batch if k[0] == "tile"]) for batch in _keys(160, 64, 2)[1]] == [
        16,
        16,
        8,
    ]


def test_running_tasks_end_before_an_error_gets_out():
    # Else a task might still write to an output that has been given up.
    started, ended = threading.Event(), threading.Event()

    def slow():
        started.set()
        threading.Event().wait(0.3)
        ended.set()

    def fails():
        started.wait(5)
        raise KeyboardInterrupt

    tasks = {("tile", 0): (slow,), ("tile", 1): (fails,)}
    with pytest.raises(KeyboardInterrupt), graph._pool(2) as pool:
        graph._compute(tasks, [*tasks], pool)
    assert ended.is_set()
