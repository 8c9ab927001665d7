"""What a run says beforehand, by the rate of earlier runs on this machine."""

import json

import numpy as np
import pytest
from commands import write

from hsisr_geo.api import super_resolve
from hsisr_geo.engine.outlook import rate
from hsisr_geo.engine.request import Request
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver


@pytest.fixture
def scene(tmp_path):
    cube = np.random.default_rng(0).integers(1, 900, (6, 24, 24)).astype(np.int16)
    return write(tmp_path / "scene.tif", cube, wavelengths=[450, 500, 550, 600, 650, 700])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(rate, "_LEAST_S", 0.0)
    return tmp_path / "cache" / "rates.json"


@pytest.fixture(scope="module")
def model():
    return load_resolver("default", upscale=2, psf="bicubic")


def run(scene, resolver, **options):
    lines = []
    dst = scene.with_name("fine.tif")
    super_resolve(scene, dst, resolver=resolver, overwrite=True, log=lines.append, **options)
    return lines


def test_a_run_tells_what_the_one_before_it_took(scene, cache, model):
    assert not [line for line in run(scene, model) if "about" in line]
    ((kind, rates),) = json.loads(cache.read_text()).items()
    assert kind.endswith("best")
    assert len(rates) == 1
    (told,) = [line for line in run(scene, model, tile=12) if "about" in line]
    assert told.startswith("4 tiles: about ")
    assert told.endswith("on the disk beside the output")


def test_a_plan_is_made_of_the_median_rate(scene, cache, model, monkeypatch):
    monkeypatch.setattr(type(model), "speed", lambda self, bands: pytest.fail("is not measured"))
    seconds = {}
    for slowness in (1.0, 100.0, 2.0):  # the second beside much other work
        rate.keep_rate(model, 0, 1e6, slowness)
        seconds[slowness] = Request.of(scene, "x.tif", resolver=model).plan().seconds
    assert 0 < seconds[1.0] < seconds[2.0] == pytest.approx(2 * seconds[1.0], rel=0.01)


def test_each_kind_of_run_has_its_own(cache, model):
    rate.keep_rate(model, 0, 1e9, 1)
    rate.keep_rate(model, 8, 2e9, 1)
    assert (rate.kept_rate(model), rate.kept_rate(model, 8)) == (1e9, 2e9)


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 3}', '{"a": ["b"]}', "\x00"])
def test_what_is_no_record_of_ours_is_taken_for_none(cache, model, content):
    cache.parent.mkdir()
    cache.write_text(content)
    assert rate.kept_rate(model) is None
    rate.keep_rate(model, 0, 1e9, 1)
    assert rate.kept_rate(model) == 1e9


def test_an_empty_name_keeps_nothing(scene, model, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HSISR_GEO_CACHE", "")
    run(scene, model)
    assert rate.kept_rate(model) is None
    assert not (tmp_path / "home").exists()


def test_what_needs_no_model_is_over_before_it_is_read(scene, cache):
    assert not [line for line in run(scene, BicubicResolver(2)) if "about" in line]
    assert not cache.exists()
