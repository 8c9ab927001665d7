import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hsisr_geo.engine import local


@pytest.mark.parametrize("size", [1, 3, 100])
def test_waves_hold_every_tile_once_and_in_order(size):
    tiles = [(row, col) for row in range(5) for col in range(2)]
    waves = list(local._waves(iter(tiles), size))
    assert [tile for wave in waves for tile in wave] == tiles
    assert max(map(len, waves)) == min(size, 10)


def test_a_tile_is_asked_for_only_when_it_is_its_turn():
    # Else the graph of a large scene would be built before the first tile is computed.
    asked = []
    tiles = (asked.append(n) or (n, 0) for n in range(10**6))
    next(local._waves(tiles, 4))
    assert len(asked) == 4


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
    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(2) as pool:
        local._compute(tasks, [*tasks], pool)
    assert ended.is_set()
