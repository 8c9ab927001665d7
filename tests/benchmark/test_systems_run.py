"""Model files of published systems: exact under tiling, refused with reasons, told as they are."""

import copy
import gc
import json
import pickle
import struct
import sys
import weakref
from dataclasses import dataclass, replace
from threading import Event

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from click.testing import CliRunner
from hsisr_geo.cli.main import cli
from scenes import read_pixels
from torch import nn

import hsisr_geo.xarray
from hsisr_geo import super_resolve
from hsisr_geo.api import super_resolve as run
from hsisr_geo.benchmark.systems import build as building
from hsisr_geo.benchmark.systems.build import ARCHITECTURES, Architecture, build, settings_of
from hsisr_geo.benchmark.systems.checkpoint import load_system, save_system
from hsisr_geo.benchmark.systems.resolver.blocks import CONTEXT, MARGIN, SIDE, blocks_of
from hsisr_geo.benchmark.systems.resolver.cost import rate_of
from hsisr_geo.benchmark.systems.resolver.resolver import load
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.cube.windows import inside, scaled
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import Canceled, ModelError
from hsisr_geo.model.adaptation.adapt import learn
from hsisr_geo.model.adaptation.steps import AdaptationOptions
from hsisr_geo.model.inference import cost
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver import catalogue
from hsisr_geo.resolver.header import CONFIG_KEY, read_header, with_checksum
from hsisr_geo.resolver.load import Recipe, load_resolver
from hsisr_geo.resolver.protocol import Cost
from hsisr_geo.resolver.system_config import SystemConfig
from qgis_plugin.engine.catalogue import parse

BANDS = 5
RNG = np.random.default_rng(5)


@dataclass(frozen=True)
class Settings:
    """Of the systems below."""

    width: int = 6
    slope: float = 0.1
    rectified: bool = False


class Local(Regressor):
    """Two convolutions and nearest neighbours: reach 2. One layer has two names."""

    def __init__(self, bands, upscale, settings=Settings()):
        super().__init__(bands, upscale)
        self.first = nn.Conv2d(bands, settings.width, 3, padding=1)
        self.last = nn.Conv2d(settings.width, bands, 3, padding=1)
        self.again = self.last
        self.gains = torch.linspace(1, 2, bands)  # no parameter, and in no file

    @property
    def reach(self):
        return 2

    def forward(self, lr):
        x = lr + self.gains.to(lr)[:, None, None] * self.last(torch.tanh(self.first(lr)))
        return x.repeat_interleave(self.upscale, -1).repeat_interleave(self.upscale, -2)

    def loss(self, sr, hr):
        return (sr - hr).abs().mean()


class Whole(Local):
    """Adds what it takes from the mean over the image, and noise."""

    stochastic = True

    @property
    def reach(self):
        return None

    def resolve(self, lr, draw):
        x = self(lr) + 0.1 * self(lr).mean((-1, -2), keepdim=True)
        return x + 0.05 * draw(self.bands, 3)


TINY = {"tiny-local": "Local", "tiny-whole": "Whole"}
UNET = {
    "unet_width": 8, "unet_widths": "1 2", "unet_depth": 1, "unet_attention_level": 1,
    "diffusion_steps": 2,
}  # fmt: skip
SMALL = {  # of the published systems: settings that compute in a moment
    "edsr": {"width": 4, "blocks": 2},
    "gdrrn": {"width": 4, "recursions": 2},
    "sspsr": {"width": 8, "blocks": 1},
    "mcnet": {"width": 4, "modules": 1},
    "cegatsr": {"width": 4, "blocks": 1},
    "gelin": {"width": 8, "blocks": 1},
    "dmgasr": {"group_size": 4, "group_overlap": 1, "width": 4, "blocks": 1, **UNET},
    "diff-pb": UNET,
    "diff-fb": UNET,
}  # fmt: skip
ALL = [*TINY, *SMALL]


@pytest.fixture(autouse=True, scope="module")
def tiny_architectures():
    """Make the systems of this file known."""
    ARCHITECTURES.update({name: Architecture(__name__, kind) for name, kind in TINY.items()})
    yield
    for name in TINY:
        del ARCHITECTURES[name]


def model_file(folder, architecture, upscale=2, bands=BANDS, **more):
    """Write a model file with random weights."""
    torch.manual_seed(3)
    config = SystemConfig(
        f"a-{architecture}", "1", (upscale,), architecture, bands, SMALL.get(architecture, {})
    )
    system = build(config)
    path = folder / f"{architecture}-x{upscale}.safetensors"
    save_system(path, system, replace(config, **more), {"scores": {"psnr": 41.5}})
    return path


def scene_file(path, shape=(BANDS, 40, 35), bad=()):
    """Write a GeoTIFF of uint16 with CRS, wavelengths and a hole."""
    bands, rows, cols = shape
    cube = RNG.integers(100, 4000, shape).astype(np.uint16)
    cube[:, 3:6, 10:14] = 0
    size = {"count": bands, "height": rows, "width": cols, "dtype": "uint16", "nodata": 0}
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 300000, 0, -10, 5800000)}
    with rasterio.open(path, "w", driver="GTiff", **size, **place) as dataset:
        dataset.write(cube)
        for band in range(bands):
            tags = {"wavelength": 400 + 10 * band, "wavelength_units": "nm"}
            dataset.update_tags(band + 1, bbl=int(band not in bad), **tags)
    return path


# the file


def test_a_file_comes_back_as_it_was_written(tmp_path):
    path = model_file(tmp_path, "tiny-local", 3)
    system, header = load_system(path)
    assert header == read_header(path)
    assert header.config == SystemConfig(
        "a-tiny-local", "1", (3,), "tiny-local", BANDS,
        {"width": 6, "slope": 0.1, "rectified": False},
    )  # fmt: skip
    assert system.again is system.last
    assert not system.gains.is_meta
    torch.manual_seed(3)
    fresh = build(header.config)
    lr = torch.rand(1, BANDS, 6, 7)
    torch.testing.assert_close(system(lr), fresh(lr), rtol=0, atol=0)


def test_reading_the_header_of_a_system_needs_no_torch(tmp_path):
    import subprocess

    code = (
        "import sys; from pathlib import Path; from hsisr_geo.resolver.catalogue import model_info;"
        "model_info(sys.argv[1]); print('torch' in sys.modules)"
    )
    path = model_file(tmp_path, "edsr")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "vdsr"}, "unknown architecture 'vdsr'; known: edsr, gdrrn"),
        ({"settings": {"wdth": 3}}, "tiny-local has no setting wdth; it has width, slope"),
        ({"settings": {"width": 2.5}}, "width = 2.5 is not of the type int"),
        ({"settings": {"rectified": 1}}, "rectified = 1 is not of the type bool"),
        ({"settings": {"slope": "x"}}, "slope = 'x' is not of the type float"),
        ({"settings": {"width": 7}}, "weights do not fit the configuration"),
        ({"settings": {"width": 10**12}}, "no whole number from 0 to 4096"),
        ({"settings": {"width": 4096}, "bands": 10_000}, "weights do not fit"),
        ({"settings": {"slope": 1e999}}, "no finite number"),
        ({"settings": [1]}, "settings are not up to"),
        ({"bands": 0}, "built for a number of bands, not for 0"),
        ({"bands": 10**9}, "no whole number from 0 to"),
        ({"upscales": [2, 3]}, "made for one upscale"),
        ({"upscales": 2}, "made for one upscale"),
        ({"depth": 3}, "unknown keys depth"),
        ({"name": None}, "name = None is no text"),
        ({"degradation": "fog"}, "does not know; update"),
    ],
)
def test_a_file_that_asks_for_nonsense_is_refused_with_the_reason(tmp_path, change, message):
    path = altered(model_file(tmp_path, "tiny-local"), **change)
    with pytest.raises(ModelError, match=message) as told:
        load_resolver(str(path), upscale=2, device="cpu")
    assert path.name in str(told.value)


def altered(path, **change):
    """Change the configuration of a model file, and its checksum with it."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    config = json.loads(header["__metadata__"][CONFIG_KEY]) | change
    header["__metadata__"][CONFIG_KEY] = json.dumps(config)
    text = json.dumps(header).encode()
    path.write_bytes(with_checksum(struct.pack("<Q", len(text)) + text + raw[8 + length :]))
    return path


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    config = SystemConfig("bad", "1", (2,), "tiny-local", BANDS)
    system = build(config)
    with torch.no_grad():
        system.first.weight[0, 0, 0, 0] = value
    save_system(tmp_path / "bad.safetensors", system, config, {})
    with pytest.raises(ModelError, match=r"bad\.safetensors: first.weight has values that are not"):
        load_system(tmp_path / "bad.safetensors")


def test_a_network_of_very_many_layers_is_not_built_to_the_end(monkeypatch):
    monkeypatch.setattr(building, "_MOST_PARAMETERS", 3)
    with pytest.raises(ModelError, match="more than 3 layers"):
        build(SystemConfig("deep", "1", (2,), "tiny-local", BANDS))


@pytest.mark.parametrize(
    ("architecture", "key"),
    [
        *((name, "width") for name in SMALL if "diff" not in name),
        ("gae", "width"),
        ("gae", "global_width"),
    ],
)
def test_a_network_without_channels_is_refused_with_the_reason(architecture, key):
    with pytest.raises(ModelError, match=f"{architecture}: a network of width 0 has no channels"):
        settings_of(architecture, {key: 0})


@pytest.mark.parametrize("architecture", SMALL)
def test_the_settings_of_every_system_come_back_from_a_file(architecture):
    settings = settings_of(architecture, {})
    given = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    config = SystemConfig("a", "1", (2,), architecture, 60, given)
    again = SystemConfig.from_values(json.loads(config.to_json()))
    assert settings_of(architecture, again.settings) == settings


# blocks


def test_blocks_add_up_to_one_and_see_the_same_whatever_the_part():
    whole = slice(0, 300), slice(0, 150)
    total = np.zeros((300, 150), np.float32)
    reads = {}
    for block in blocks_of(whole, whole, 1):
        total[block.counts] += block.weights
        reads[str(block.read)] = block
    np.testing.assert_allclose(total, 1, atol=1e-6)
    assert len(reads) == 5 * 3  # 300 = 4 * 64 + 44, 150 = 2 * 64 + 22
    part = slice(100, 131), slice(60, 80)
    window = slice(100 - CONTEXT, 131 + CONTEXT), slice(0, 150)
    found = list(blocks_of(window, part, 1))
    assert {str(block.read) for block in found} <= reads.keys()
    for block in found:
        of_all = reads[str(block.read)]
        np.testing.assert_array_equal(
            block.weights, of_all.weights[inside(block.counts, of_all.counts)]
        )


@pytest.mark.parametrize(("side", "count"), [(1, 1), (SIDE + MARGIN, 1), (SIDE + MARGIN + 1, 2)])
def test_what_lies_within_a_block_and_its_margin_is_one_image(side, count):
    whole = slice(0, side), slice(0, side)
    blocks = list(blocks_of(whole, whole, 2))
    assert len(blocks) == count**2
    if count == 1:
        assert blocks[0].read == whole
        np.testing.assert_array_equal(blocks[0].weights, np.ones((2 * side, 2 * side)))


# the resolver


def resolver_of(tmp_path, architecture, upscale=2, **options):
    return load(
        Recipe(str(model_file(tmp_path, architecture, upscale)), upscale=upscale, **options)
    )


@pytest.mark.parametrize("architecture", TINY)
def test_a_window_with_its_context_gives_the_pixels_of_the_whole(tmp_path, architecture):
    resolver = resolver_of(tmp_path, architecture, 3, device="cpu")
    cube = RNG.uniform(0, 3000, (BANDS, 230, 20)).astype(np.float32)
    resolve = resolver.fit_parts(statistics_of(cube), Event())
    everything = slice(0, 230), slice(0, 20)
    (whole,) = resolve(cube, (0, 0), everything)
    part = slice(120, 137), slice(0, 20)
    start, stop = max(0, 120 - resolver.context), min(230, 137 + resolver.context)
    window = np.ascontiguousarray(cube[:, start:stop])
    (made,) = resolve(window, (start, 0), inside(part, (slice(start, stop), part[1])))
    np.testing.assert_allclose(made, whole[(slice(None), *scaled(part, 3))], rtol=1e-5, atol=1e-2)


def test_the_answer_is_that_of_the_system_for_the_scaled_image(tmp_path):
    resolver = resolver_of(tmp_path, "tiny-local")
    cube = RNG.uniform(0, 3000, (BANDS, 20, 20)).astype(np.float32)
    scale = np.quantile(cube, 0.999)
    expected = scale * resolver.system(torch.from_numpy(cube / scale)[None])[0].numpy()
    made = resolver.fit(statistics_of(cube))(cube, (0, 0))
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-2)


def test_numbers_of_a_system_that_are_not_finite_tell_the_file(tmp_path):
    path = model_file(tmp_path, "tiny-local")
    system, header = load_system(path)
    with torch.no_grad():
        system.last.weight.fill_(3e38)
    save_system(path, system, header.config, {})
    cube = RNG.uniform(0, 3000, (BANDS, 20, 20)).astype(np.float32)
    with pytest.raises(ModelError, match=rf"{path.name}: .*the file is damaged, get it again"):
        load(Recipe(str(path), 2, device="cpu")).fit(statistics_of(cube))(cube, (0, 0))


def test_values_of_a_system_are_as_it_made_them_unless_a_range_is_asked_for(tmp_path):
    resolver, scene = resolver_of(tmp_path, "tiny-local"), scene_file(tmp_path / "scene.tif")
    least = {}
    for name, limits in ("default", None), ("all", (-np.inf, np.inf)), ("given", (0, 3000)):
        run(scene, tmp_path / f"{name}.tif", resolver=resolver, valid_range=limits)
        least[name] = read_pixels(tmp_path / f"{name}.tif")
    assert np.array_equal(least["default"], least["all"])
    with rasterio.open(tmp_path / "default.tif") as dataset:
        assert float(dataset.tags()["HSISR_VALUES_CUT"]) == 0
    with rasterio.open(tmp_path / "given.tif") as dataset:
        assert float(dataset.tags()["HSISR_VALUES_CUT"]) > 0


def test_a_run_that_is_given_up_stops_before_the_next_image(tmp_path):
    cube, given_up = np.ones((BANDS, 9, 9), np.float32), Event()
    resolve = resolver_of(tmp_path, "tiny-whole").fit_parts(statistics_of(cube), given_up)
    given_up.set()
    with pytest.raises(Canceled):
        resolve(cube, (0, 0), (slice(0, 9), slice(0, 9)))


def test_another_process_loads_the_same_file(tmp_path):
    resolver = resolver_of(tmp_path, "tiny-whole", seed=9)
    sent = pickle.dumps(resolver)
    assert len(sent) < 2000
    again = pickle.loads(sent)
    assert (again.sha256, again.seed, again.degradation) == (
        resolver.sha256, 9, resolver.degradation,
    )  # fmt: skip
    assert again.scale is None
    assert pickle.loads(pickle.dumps(resolver.scaled_by(2.0))).scale == 2.0
    model_file(tmp_path, "tiny-whole", name="another")
    with pytest.raises(ModelError, match="other weights here"):
        pickle.loads(sent)


def test_the_cost_follows_from_what_the_network_multiplies(tmp_path):
    resolver = resolver_of(tmp_path, "tiny-local")
    everything = slice(0, 40), slice(0, 30)
    cost = resolver.cost(BANDS, (40, 30), everything)
    assert cost.multiply_adds == 40 * 30 * 2 * 9 * BANDS * 6
    fine = 4 * BANDS * 40 * 30 * 4
    assert 2 * fine < cost.memory < 6 * fine
    part = slice(10, 20), slice(10, 20)
    assert resolver.cost(BANDS, (40, 30), part).multiply_adds == 14 * 14 * 2 * 9 * BANDS * 6


# runs


@pytest.mark.parametrize("architecture", ALL)
def test_tiles_and_threads_do_not_show_in_the_result(tmp_path, architecture):
    src = scene_file(tmp_path / "scene.tif", (BANDS, 90, 8))
    resolver = load(
        Recipe(str(model_file(tmp_path, architecture)), upscale=2, seed=4, device="cpu")
    )
    one = run(src, tmp_path / "one.tif", resolver=resolver, tile=512)
    many = run(src, tmp_path / "many.tif", resolver=resolver, tile=40, threads=2)
    assert (one.tiles, many.tiles > 1) == (1, True)
    ours, theirs = (read_pixels(tmp_path / f"{name}.tif") for name in ("one", "many"))
    np.testing.assert_allclose(ours, theirs, atol=1)  # a number may be rounded to its neighbour
    assert np.mean(ours != theirs) < 0.01
    assert np.std(ours.astype(float)) > 0


def test_place_bands_and_history_are_in_the_output(tmp_path):
    src = scene_file(tmp_path / "scene.tif")
    model = model_file(tmp_path, "tiny-whole")
    report = super_resolve(src, tmp_path / "fine.tif", model=model, seed=7, device="cpu")
    assert report.consistency_rms > 0
    with rasterio.open(src) as coarse, rasterio.open(tmp_path / "fine.tif") as fine:
        assert fine.crs == coarse.crs
        assert fine.transform == coarse.transform @ Affine.scale(0.5)
        assert fine.shape == (80, 70)
        assert [fine.tags(b)["wavelength"] for b in fine.indexes] == [
            coarse.tags(b)["wavelength"] for b in coarse.indexes
        ]
        tags = fine.tags()
    assert tags["HSISR_MODEL"] == "a-tiny-whole"
    assert tags["HSISR_ARCHITECTURE"] == "tiny-whole"
    assert tags["HSISR_MODEL_SHA256"] == read_header(model).sha256
    assert tags["HSISR_CONSISTENCY"] == "not enforced"
    assert tags["HSISR_SEED"] == "7"
    assert tags["HSISR_BLOCKS"] == "64+16/8"


def test_bad_bands_do_not_reach_the_system(tmp_path):
    src = scene_file(tmp_path / "scene.tif", (BANDS + 2, 20, 20), bad=(1, 4))
    report = super_resolve(
        src, tmp_path / "fine.tif", model=model_file(tmp_path, "tiny-local"), device="cpu"
    )
    assert report.shape == (40, 40)


@pytest.mark.parametrize(
    ("bands", "advice"), [(8, "choose 5 of them with --bands"), (4, "has only 4 good ones")]
)
def test_another_number_of_bands_is_refused_before_anything_is_measured(
    tmp_path, monkeypatch, bands, advice
):
    src = scene_file(tmp_path / "scene.tif", (bands, 20, 20))
    model = model_file(tmp_path, "tiny-local")
    monkeypatch.setattr("hsisr_geo.engine.assignment.scan_scene", None)
    with pytest.raises(ModelError, match=f"takes 5 bands.*{advice}"):
        super_resolve(src, tmp_path / "fine.tif", model=model, device="cpu")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([src.name, model.name])


def test_a_system_with_noise_tells_its_spread_and_one_without_refuses(tmp_path):
    src, out = scene_file(tmp_path / "scene.tif"), tmp_path / "fine.tif"
    wish = Uncertainty(tmp_path / "spread.tif", samples=6)
    resolver = load(Recipe(str(model_file(tmp_path, "tiny-whole")), upscale=2, device="cpu"))
    run(src, out, resolver=resolver, uncertainty=wish)
    spread = read_pixels(wish.path)
    scale = np.quantile(read_pixels(src)[read_pixels(src) > 0], 0.999)
    assert np.nanmedian(spread) == pytest.approx(0.05 * scale, rel=0.1)
    again = run(src, tmp_path / "alone.tif", resolver=resolver)
    np.testing.assert_array_equal(read_pixels(out), read_pixels(again.path))
    plain = load(Recipe(str(model_file(tmp_path, "tiny-local")), upscale=2, device="cpu"))
    with pytest.raises(ModelError, match="draws no samples"):
        run(src, tmp_path / "no.tif", resolver=plain, uncertainty=wish)


def test_chunks_of_an_array_do_not_show_either(tmp_path):
    src = scene_file(tmp_path / "scene.tif", (BANDS, 100, 20))
    array = hsisr_geo.xarray.open_dataarray(src, chunks=30)
    options = {"upscale": 2, "model": str(model_file(tmp_path, "tiny-whole")), "device": "cpu"}
    lazy = array.hsisr.super_resolve(**options).compute()
    whole = array.compute().hsisr.super_resolve(**options)
    np.testing.assert_allclose(lazy, whole, rtol=1e-5, atol=0.01)
    assert lazy.attrs["HSISR_ARCHITECTURE"] == "tiny-whole"


# the command line


def invoke(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="hsisr-geo")


def test_run_takes_the_file_of_a_system_and_tells_what_it_would_cost(tmp_path):
    src, model = scene_file(tmp_path / "scene.tif"), model_file(tmp_path, "tiny-whole")
    options = ["--model", model, "--upscale", 2, "--device", "cpu"]
    planned = invoke("run", src, tmp_path / "fine.tif", *options, "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "a-tiny-whole" in planned.output
    assert not (tmp_path / "fine.tif").exists()
    done = invoke("run", src, tmp_path / "fine.tif", *options)
    assert done.exit_code == 0, done.output
    assert read_pixels(tmp_path / "fine.tif").shape == (BANDS, 80, 70)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--upscale", 3], "was made for upscale 2, not 3"),
        (["--upscale", 2, "--precision", "bfloat16"], "float32 only"),
        (["--upscale", 2, "--bands", "1-3"], "takes 5 bands, the scene has only 3"),
        (["--upscale", 2, "--bands", "1-3", "--dry-run"], "takes 5 bands, the scene has only 3"),
    ],
)
def test_run_says_what_is_wrong_and_leaves_nothing(tmp_path, more, message):
    src, model = scene_file(tmp_path / "scene.tif"), model_file(tmp_path, "tiny-local")
    done = invoke("run", src, tmp_path / "fine.tif", "--model", model, "--device", "cpu", *more)
    assert done.exit_code == 1
    assert message in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "fine.tif").exists()


def test_models_list_and_show_a_system(tmp_path, monkeypatch):
    path = model_file(tmp_path, "edsr", 4)
    monkeypatch.setenv(catalogue.MODELS_VARIABLE, str(tmp_path))
    assert "edsr-x4" in invoke("models", "list").output
    shown = invoke("models", "show", path).output
    for line in ("architecture: edsr", "bands: 5", "width: 4", "psnr: 41.5"):
        assert line in shown
    (listed,) = (m for m in parse(invoke("models", "--json").output) if m.name == "edsr-x4")
    assert (listed.upscales, listed.scores) == ((4,), ())  # QGIS offers it, and boasts of nothing
    record = json.loads(invoke("models", "show", path, "--json").output)
    assert (record["architecture"], record["bands"]) == ("edsr", BANDS)
    ours = json.loads(invoke("models", "show", "default", "--json").output)
    assert (ours["architecture"], ours["bands"], ours["settings"]) == ("hsisr", None, {})


def test_a_system_is_not_adapted(tmp_path):
    path = model_file(tmp_path, "tiny-local")
    with pytest.raises(ModelError, match="can be run and assessed; adapting"):
        catalogue.find_weights(str(path), upscale=2)
    with pytest.raises(ModelError, match="can be run and assessed; adapting"):
        learn(AdaptationOptions(tmp_path / "scene.tif", path, 2))
    src, out = scene_file(tmp_path / "scene.tif"), tmp_path / "new.safetensors"
    done = invoke("adapt", src, "--out", out, "--model", path, "--upscale", 2)
    assert done.exit_code == 1
    assert "can be run and assessed" in done.output


def test_a_system_is_assessed(tmp_path):
    src, model = scene_file(tmp_path / "scene.tif", (BANDS, 48, 48)), model_file(tmp_path, "edsr")
    options = ["--report", tmp_path / "report", "--upscale", 2, "--device", "cpu"]
    done = invoke("assess", src, "--model", model, *options)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report" / "index.html").is_file()
    fewer = invoke("assess", src, "--model", model, *options, "--overwrite", "--bands", "1-3")
    assert fewer.exit_code == 1
    assert "takes 5 bands, the scene has only 3" in fewer.output


def test_ours_is_no_published_system():
    with pytest.raises(ModelError, match="network of hsisr-geo's own"):
        load_system(catalogue.find_model("default"))


def test_a_copy_of_a_system_counts_for_itself(tmp_path):
    """The cost is kept for each system, not for each name."""
    resolver = resolver_of(tmp_path, "tiny-local")
    other = replace(resolver, system=copy.deepcopy(resolver.system))
    assert other.cost(5, (9, 9), (slice(0, 9),) * 2) == resolver.cost(5, (9, 9), (slice(0, 9),) * 2)


def test_what_attention_takes_grows_with_the_image(tmp_path):
    """Counted in two squares, it is that of any other: else small tiles would promise too much."""
    resolver = resolver_of(tmp_path, "dmgasr")
    for side in (16, 40, 64):
        counted = rate_of(resolver.system, BANDS, side).multiply_adds * side**2
        told = resolver.cost(BANDS, (side, side), (slice(0, side), slice(0, side)))
        assert told.multiply_adds == pytest.approx(counted, rel=0.01)


@dataclass(frozen=True)
class Slow:
    """A resolver that takes seconds by its formula, and works as much as it says."""

    clock: list[float]
    waiting: float

    def cost(self, bands, shape, part):
        return Cost(0, float(shape[0] * shape[1]), 0)

    def fit(self, statistics):
        def resolve(cube, origin):
            self.clock[0] += self.waiting + cube.shape[1] * cube.shape[2] / 1e6

        return resolve


@pytest.mark.parametrize(("waiting", "told"), [(0.0, 1e6), (0.01, 64**2 / 0.014096)])
def test_a_tile_is_timed_as_large_as_a_second_allows(monkeypatch, waiting, told):
    clock = [0.0]
    monkeypatch.setattr(cost.time, "perf_counter", lambda: clock[0])
    assert cost.measured_speed(Slow(clock, waiting), 3, 16, most=64) == pytest.approx(told)
    little = cost.measured_speed(Slow(clock, 0.3), 3, 16, most=64)
    assert little == pytest.approx(16**2 / 0.300256)  # four times that would be too much


@pytest.mark.parametrize("architecture", ["edsr", "gelin", "dmgasr"])
def test_weights_are_not_copied_to_count_what_a_system_takes(tmp_path, monkeypatch, architecture):
    system = load_system(model_file(tmp_path, architecture))[0]

    def refused(*_):
        raise AssertionError("weights are copied")

    monkeypatch.setattr(torch.Tensor, "__deepcopy__", refused)
    monkeypatch.setattr(torch.nn.Parameter, "__deepcopy__", refused)
    assert rate_of(system, BANDS, 8).multiply_adds > 100
    assert not any(parameter.is_meta for parameter in system.parameters())


def test_a_system_whose_cost_is_known_is_not_kept_for_that(tmp_path):
    resolver = resolver_of(tmp_path, "tiny-local")
    resolver.cost(5, (9, 9), (slice(0, 9),) * 2)
    system = weakref.ref(resolver.system)
    del resolver
    gc.collect()
    assert system() is None
