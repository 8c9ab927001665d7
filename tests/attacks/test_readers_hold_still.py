"""Whoever reads a raster twice says when it was another; and no picture is drawn over a scene."""

import importlib
import os
import pickle

import numpy as np
import pytest
import rasterio
from affine import Affine
from attacks.test_inputs_hold_still import scene as of_three
from attacks.test_inputs_hold_still import vrt
from commands import call, one_line_error, write
from scenes import reflectance

from hsisr_geo.assessment.assess import assess
from hsisr_geo.assessment.compare import compare
from hsisr_geo.assessment.pair import SensorPair
from hsisr_geo.cube.indices import find_index
from hsisr_geo.errors import OutputError, RasterError
from hsisr_geo.index.make import write_index
from hsisr_geo.model.adaptation.adapt import learn
from hsisr_geo.model.adaptation.steps import AdaptationOptions
from hsisr_geo.model.training.training_data import load_scenes
from hsisr_geo.resolver.catalogue import find_model
from hsisr_geo.resolver.interpolation import BicubicResolver

WAVELENGTHS = np.arange(450, 950, 20)


def scene(path, seed, side=48):
    cube = (reflectance(side, side, WAVELENGTHS, seed) * 1e4).astype(np.uint16)
    return write(path, cube, wavelengths=WAVELENGTHS)


@pytest.mark.parametrize(
    ("module", "name", "read"),
    [
        (
            "hsisr_geo.assessment.assess", "choose_window",
            lambda one, other, folder: assess(one, resolver=BicubicResolver(2)),
        ),
        (
            "hsisr_geo.assessment.pair.pair", "read_bands",
            lambda one, other, _: SensorPair.open(one, other),
        ),
        (
            "hsisr_geo.index.make", "_made",
            lambda one, other, to: write_index(one, other, find_index("ndvi"), to / "i.tif"),
        ),
        (
            "hsisr_geo.assessment.compare", "_read",
            lambda one, other, _: compare(one, other),
        ),
        (
            "hsisr_geo.model.adaptation.coarser_scene", "read_window",
            lambda one, other, _: learn(AdaptationOptions(one, find_model("default"), 2, steps=1)),
        ),
        (
            "hsisr_geo.model.training.training_data", "read_window",
            lambda one, other, folder: load_scenes(folder),
        ),
    ],
)  # fmt: skip
def test_a_scene_that_is_replaced_while_it_is_looked_at_is_told(
    tmp_path, monkeypatch, module, name, read
):
    """Else half of what is said would be of another."""
    one, other = scene(tmp_path / "a.tif", 0), scene(tmp_path / "b.tif", 1)
    if name == "read_bands":
        cube = np.ones((len(WAVELENGTHS), 96, 96), np.uint16)
        other = write(tmp_path / "b.tif", cube, wavelengths=WAVELENGTHS,
                      transform=Affine(15, 0, 500_000, 0, -15, 5_800_000))  # fmt: skip
    scene(tmp_path / "c.tif", 2)
    stage = importlib.import_module(module)
    before = getattr(stage, name)

    def replaced(*args, **options):
        if (tmp_path / "c.tif").exists():
            os.replace(tmp_path / "c.tif", one)
        return before(*args, **options)

    monkeypatch.setattr(stage, name, replaced)
    monkeypatch.setattr(
        stage, "REAL_WINDOW", 32, raising=False
    )  # of a larger scene a part is copied
    with pytest.raises(RasterError, match=r"a\.tif: was changed while it was being read"):
        read(one, other, tmp_path)
    assert not (tmp_path / "i.tif").exists()


@pytest.mark.parametrize("name", ["a.png", "link.png"])
def test_no_picture_is_drawn_over_the_scene_that_it_is_of(tmp_path, name):
    path = tmp_path / "a.png"
    cube = np.random.default_rng(0).integers(0, 255, (3, 48, 48)).astype(np.uint8)
    with rasterio.open(
        path, "w", driver="PNG", width=48, height=48, count=3, dtype="uint8"
    ) as dataset:
        dataset.write(cube)
    os.link(path, tmp_path / "link.png")
    before = path.read_bytes()
    for words in (("psf", path, "--plot"), ("show", path, "--overwrite", "--out")):
        told = one_line_error(call(*words, tmp_path / name, code=1))
        assert "would overwrite the input" in told
        assert path.read_bytes() == before


def test_a_plot_is_no_tiff(tmp_path):
    """Which matplotlib would write over any scene."""
    path = scene(tmp_path / "a.tif", 0)
    before = path.read_bytes()
    told = one_line_error(
        call("psf", path, "--overwrite", "--plot", scene(tmp_path / "b.tif", 1), code=1)
    )
    assert "b.tif: a plot ends in one of .png .svg .pdf" in told
    call("psf", path, "--plot", path, code=1)
    assert path.read_bytes() == before


def test_an_index_replaces_neither_of_the_two_that_it_is_of(tmp_path):
    one, sigma = scene(tmp_path / "a.tif", 0), scene(tmp_path / "b.tif", 1)
    (tmp_path / "link.tif").symlink_to("b.tif")
    before = one.read_bytes(), sigma.read_bytes()
    for name in ("a.tif", "b.tif", "link.tif"):
        with pytest.raises(OutputError, match="would overwrite"):
            write_index(one, sigma, find_index("ndvi"), tmp_path / name, overwrite=True)
    assert (one.read_bytes(), sigma.read_bytes()) == before


@pytest.mark.parametrize("name", ["a.tif", "v.vrt"])
def test_a_lazy_array_is_of_the_scene_that_was_opened(tmp_path, name):
    """Another one there may fit its chunks as well, and half of the array be of each."""
    xarray = pytest.importorskip("hsisr_geo.xarray")
    end = of_three(tmp_path / "a.tif")
    vrt(tmp_path / "v.vrt", end)
    array = xarray.open_dataarray(tmp_path / name, chunks=16)
    before = array[:, :16].values
    os.replace(of_three(tmp_path / "b.tif", 2), end)
    with pytest.raises(
        RasterError, match=r"a\.tif: was changed since it was opened: open it again"
    ):
        array.compute()
    end.write_bytes(end.read_bytes()[:900])
    with pytest.raises(RasterError, match=r"a\.tif: was changed since it was opened"):
        array.compute()
    assert before.shape == (3, 16, 48)


@pytest.mark.parametrize("name", ["a.tif", "v.vrt"])
def test_an_array_that_replaces_its_own_source_is_whole_and_is_not_read_again(tmp_path, name):
    xarray = pytest.importorskip("hsisr_geo.xarray")
    end = of_three(tmp_path / "a.tif")
    vrt(tmp_path / "v.vrt", end)
    array = xarray.open_dataarray(tmp_path / name, chunks=16)
    fine = array.hsisr.super_resolve(upscale=2, model="bicubic", psf="bicubic")
    expected = fine.values
    xarray.to_raster(fine, end, overwrite=True)
    with rasterio.open(end) as made:
        np.testing.assert_allclose(made.read(), np.round(expected), atol=1)
    for lazy in (array, fine):
        with pytest.raises(RasterError, match="was changed since it was opened: open it again"):
            lazy.compute()


def test_a_worker_may_have_a_copy_of_another_date_and_no_other_scene(tmp_path):
    """What is sent to another process says what the files hold."""
    pytest.importorskip("xarray")
    from hsisr_geo.xarray import open_dataarray

    path = scene(tmp_path / "a.tif", 0)
    array = open_dataarray(path)
    before = array.values
    sent = pickle.dumps(array)
    os.utime(path, (1, 1))
    assert np.array_equal(pickle.loads(sent).values, before)
    with pytest.raises(RasterError, match="changed since it was opened"):
        array.compute(scheduler="sync")  # here it is one that was touched
    other = scene(tmp_path / "b.tif", 1).read_bytes()
    assert len(other) == path.stat().st_size
    path.write_bytes(other)
    for late in (sent, pickle.dumps(array)):
        with pytest.raises(RasterError, match="changed since it was opened"):
            pickle.loads(late).compute(scheduler="sync")
