import threading
import weakref

import pytest

from hsisr_geo.ahead import one_ahead


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
