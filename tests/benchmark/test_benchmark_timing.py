"""Times of a system: sizes, rounding, and what counts, by a clock of our own."""

import json

import pytest

from hsisr_geo.benchmark.scores.times import machine, measure
from hsisr_geo.errors import OptionError
from hsisr_geo.resolver.interpolation import BicubicResolver


class Watched:
    """Bicubic that notes what it is given, and takes as long as it is told by a made clock."""

    def __init__(self, upscale, durations):
        self.inner, self.shapes, self.now = BicubicResolver(upscale), [], 0.0
        self.durations = iter(durations)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def fit(self, statistics):
        def resolve(cube, origin):
            self.shapes.append(cube.shape)
            self.now += next(self.durations)
            return self.inner.fit(None)(cube, origin)

        return resolve

    def clock(self):
        return self.now


def test_sizes_are_of_the_output_and_rounded_down_to_a_multiple():
    watched = Watched(3, [1] * 6)
    found = measure(
        watched, upscale=3, bands=5, sizes=(64, 128, 256), device="cpu", repeats=1,
        clock=watched.clock,
    )  # fmt: skip
    assert [(t.size, t.side) for t in found.timings] == [(64, 63), (128, 126), (256, 255)]
    assert watched.shapes[::2] == [(5, 21, 21), (5, 42, 42), (5, 85, 85)]


def test_the_median_counts_and_the_first_call_does_not():
    watched = Watched(2, [9, 3, 1, 2, 8, 2.5])
    found = measure(
        watched, upscale=2, bands=3, sizes=(16,), device="cpu", repeats=5, seconds=100,
        clock=watched.clock,
    )  # fmt: skip
    (timing,) = found.timings
    assert (timing.size, timing.seconds) == (16, 2.5)
    assert (timing.repeats, timing.warm) == (5, True)


def test_repeats_stop_when_their_time_is_spent():
    watched = Watched(2, [4, 3, 5, 7])
    found = measure(
        watched, upscale=2, bands=3, sizes=(16,), device="cpu", repeats=5, seconds=10,
        clock=watched.clock,
    )  # fmt: skip
    assert (found.timings[0].seconds, found.timings[0].repeats) == (4, 2)


def test_a_call_longer_than_the_time_allowed_is_the_one_that_counts():
    watched = Watched(2, [60])
    found = measure(
        watched, upscale=2, bands=3, sizes=(16,), device="cpu", seconds=20, clock=watched.clock
    )
    (timing,) = found.timings
    assert (timing.seconds, timing.repeats, timing.warm) == (60, 1, False)


def test_a_record_is_json_and_says_where_it_was_measured():
    found = measure("bicubic", upscale=4, bands=4, sizes=(32,), device="cpu", repeats=1)
    record = json.loads(json.dumps(found.record()))
    assert record["machine"]["device"] == "cpu"
    assert record["machine"]["threads"] >= 1
    assert "cores" in record["machine"]["cpu"]
    assert record["timings"][0]["side"] == 32
    assert 0 <= record["timings"][0]["processor_seconds"] < 60
    assert machine("cpu") == found.machine


def test_a_model_by_name_is_timed_with_statistics_of_what_it_is_given():
    found = measure("back-projection", upscale=2, bands=4, sizes=(32, 64), device="cpu", repeats=2)
    assert [timing.size for timing in found.timings] == [32, 64]
    assert all(timing.seconds > 0 for timing in found.timings)


def test_a_size_below_the_upscale_is_refused():
    with pytest.raises(OptionError, match="3 pixels"):
        measure("bicubic", upscale=4, bands=4, sizes=(3,), device="cpu")
