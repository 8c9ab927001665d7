"""The names at the package's top: what they do, and that they cost nothing until they are used."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from affine import Affine
from scenes import read_pixels

import hsisr_geo
from hsisr_geo.engine.listener import Listener
from hsisr_geo.engine.pipeline import fulfil
from hsisr_geo.engine.request import Request
from hsisr_geo.engine.workers import Workers
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.xarray.accessor import HsisrArray


@pytest.fixture
def raster(tmp_path):
    path = tmp_path / "scene.tif"
    profile = {"driver": "GTiff", "count": 4, "height": 20, "width": 24, "dtype": "int16"}
    place = {"crs": "EPSG:32633", "transform": Affine(30, 0, 500_000, 0, -30, 5_800_000)}
    with rasterio.open(path, "w", **profile, **place) as dataset:
        dataset.write(np.random.default_rng(0).integers(100, 3000, (4, 20, 24)).astype(np.int16))
    return path


def test_one_call_does_what_the_pipeline_does(raster, tmp_path):
    report = hsisr_geo.super_resolve(raster, tmp_path / "a.tif", upscale=3)
    resolver = hsisr_geo.load_resolver("default", upscale=3)
    fulfil(Request.of(raster, tmp_path / "b.tif", resolver=resolver))
    assert report.shape == (60, 72)
    assert np.array_equal(read_pixels(tmp_path / "a.tif"), read_pixels(tmp_path / "b.tif"))


def test_a_loaded_resolver_takes_the_place_of_a_name(raster, tmp_path):
    mine = BicubicResolver(4)
    report = hsisr_geo.super_resolve(raster, tmp_path / "a.tif", resolver=mine)
    assert report.shape == (80, 96)
    with pytest.raises(hsisr_geo.OptionError, match="loaded for upscale 4, not 2"):
        hsisr_geo.super_resolve(raster, tmp_path / "b.tif", resolver=mine, upscale=2)


def names(function, *others):
    return set(inspect.signature(function).parameters) - set(others)


def test_no_option_is_missing():
    loading = names(hsisr_geo.load_resolver, "name_or_path") | {"model", "resolver"}
    where = names(Workers, "number", "patience") | {"workers"}
    running = names(Request.of, "where") | names(fulfil, "request", "listener")
    running |= where | names(Listener)
    assert names(hsisr_geo.super_resolve) == loading | running
    # what computes is chosen by HSISR_GEO_BACKEND or a Recipe: no matter of a call
    assert names(Recipe, "sha256", "backend") == loading - {"resolver"}
    own = {"self", "dtype", "tile", "x_dim", "y_dim", "valid_range", "again"}
    assert names(HsisrArray.super_resolve) == loading | own


def test_an_uncertainty_needs_only_a_path(raster, tmp_path):
    with pytest.raises(hsisr_geo.ModelError, match="cannot tell its uncertainty"):
        hsisr_geo.super_resolve(
            raster, tmp_path / "a.tif", model="bicubic", uncertainty=tmp_path / "sigma.tif"
        )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"upscale": 2.0}, "upscale=2.0 is no whole number"),
        ({"upscale": "2"}, "upscale='2' is no whole number"),
        ({"psf": 0.3}, "psf=0.3 is no text: give e.g. 'gaussian:0.3'"),
        ({"bounds": (1, 2, 3)}, "not four numbers: give XMIN YMIN XMAX YMAX"),
        ({"valid_range": 5}, "valid range 5: give two numbers"),
        ({"uncertainty": True}, "uncertainty=True is none: give a path"),
        ({"tile": "auto"}, "tile='auto' is none: give pixels, or None"),
        ({"memory": "500M"}, "memory='500M' is none: give bytes"),
        ({"device": None}, "device=None is none: give 'auto', 'cpu'"),
        ({"write": "cog"}, r"give a WriteOptions, e.g. WriteOptions\('cog'\)"),
    ],
    ids=str,
)
def test_an_option_of_another_kind_is_told_as_one_that_is_wrong(raster, tmp_path, given, said):
    """No AttributeError from somewhere within, and no format called `<built-in method format>`."""
    with pytest.raises(hsisr_geo.HsisrError, match=said):
        hsisr_geo.super_resolve(raster, tmp_path / "a.tif", **{"model": "bicubic"} | given)
    assert not (tmp_path / "a.tif").exists()


def test_what_is_no_name_of_a_file_is_told_what_to_do(raster, tmp_path):
    with rasterio.open(raster) as dataset:
        for source in (dataset, dataset.read(), None):
            with pytest.raises(hsisr_geo.OptionError, match="give the name of a file") as error:
                hsisr_geo.super_resolve(source, tmp_path / "a.tif")
            assert len(str(error.value)) < 300
    with pytest.raises(hsisr_geo.OptionError, match="dst=None is none"):
        hsisr_geo.super_resolve(raster, None)


def test_what_a_notebook_shows_is_no_wall_of_text(raster):
    resolver = hsisr_geo.load_resolver("default", upscale=2, psf="gaussian:0.3")
    for shown in (hsisr_geo.open_raster(raster), resolver, resolver.degradation):
        assert len(repr(shown)) < 700
    assert repr(hsisr_geo.open_raster(raster)).endswith("WGS 84 / UTM zone 33N>")
    assert all(len(repr(model)) < 400 for model in hsisr_geo.models())


def test_every_public_name_is_there():
    for name in hsisr_geo.__all__:
        assert getattr(hsisr_geo, name) is not None
    assert set(hsisr_geo.__all__) <= set(dir(hsisr_geo))
    with pytest.raises(AttributeError, match="no attribute 'superresolve'"):
        hsisr_geo.superresolve  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    code = "import hsisr_geo, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "rasterio", "torch", "dask", "xarray", "click"}
    assert heavy & set(run.stdout.split()) == set()
