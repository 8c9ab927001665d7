import threading
import weakref

import numpy as np
import pytest
import rasterio

from hsisr_geo.api import super_resolve
from hsisr_geo.engine import tasks
from hsisr_geo.engine.local import one_ahead
from hsisr_geo.raster import read
from hsisr_geo.resolver import apply
from hsisr_geo.resolver.interpolation import BicubicResolver


class Value:
    pass


def test_values_come_with_their_items_and_in_order():
    assert [(n, take()) for n, take in one_ahead(lambda n: n * n, range(5))] == [
        (n, n * n) for n in range(5)
    ]
    assert list(one_ahead(str, [])) == []


def test_the_next_value_is_prepared_while_one_is_in_use_and_no_other():
    began = {n: threading.Event() for n in range(5)}
    ahead = one_ahead(lambda n: began[n].set(), range(5))
    _, take = next(ahead)
    take()
    assert began[1].wait(5)
    assert not began[2].wait(0.1)


def test_a_value_is_let_go_of_by_whoever_took_it():
    # Else three windows of a scene would be in memory, not two.
    made = []

    def prepare(n):
        value = Value()
        made.append(weakref.ref(value))
        return value

    for n, take in one_ahead(prepare, range(4)):
        take()
        assert made[n]() is None


def test_what_goes_wrong_is_raised_where_the_value_is_taken():
    ahead = one_ahead(lambda n: 1 / n, [1, 0])
    assert next(ahead)[1]() == 1
    with pytest.raises(ZeroDivisionError):
        next(ahead)[1]()


def test_closing_ends_the_thread():
    before = threading.active_count()
    ahead = one_ahead(str, range(9))
    next(ahead)
    assert threading.active_count() == before + 1
    ahead.close()
    assert threading.active_count() == before


def test_a_run_with_one_thread_reads_the_next_window_while_a_tile_is_computed(
    tmp_path, monkeypatch
):
    src = tmp_path / "scene.tif"
    with rasterio.open(
        src, "w", driver="GTiff", count=2, height=20, width=40, dtype="uint16",
        crs="EPSG:32633", transform=rasterio.Affine(30, 0, 3e5, 0, -30, 5e6),
    ) as file:  # fmt: skip
        file.write(np.ones((2, 20, 40), "uint16"))
    reads, second, met = [], threading.Event(), []

    def read_window(*arguments):
        reads.append(threading.current_thread())
        if len(reads) == 2:
            second.set()
        return read.read_window(*arguments)

    def make_bands(*arguments, **options):
        met.append(second.wait(10))
        return apply.make_bands(*arguments, **options)

    monkeypatch.setattr(tasks, "read_window", read_window)
    monkeypatch.setattr(tasks, "make_bands", make_bands)
    super_resolve(src, tmp_path / "sr.tif", resolver=BicubicResolver(2), tile=20)
    assert met == [True, True]
    assert threading.current_thread() not in reads
