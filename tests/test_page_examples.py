"""The examples of the documentation run as they stand, and say what the page shows.

A page's blocks run in its order in one folder with small stand-ins of the files that they name, so
that a later block may use what an earlier one made.
"""

import json
import re
import shutil
import zipfile
from pathlib import Path

import made_products
import numpy as np
import page_blocks
import pytest
import rasterio
import rasterio.shutil
import rioxarray  # noqa: F401 - registers .rio
import xarray as xr
from affine import Affine
from commands import call, write
from scenes import reflectance
from test_docs import PAGES, ROOT

from hsisr_geo.benchmark.configuration import read_settings
from hsisr_geo.resolver import protocol

# Commands that are not run here, by how they begin, and why.
NOT_RUN = {
    "make ": "sets up environments; tests/test_demo.py and tests/plugin do what these do",
    "pip ": "installs; tests/test_install.py builds and looks into what would be installed",
    "python3 -m pip ": "installs, from an index",
    "python3 -m venv ": "makes an environment and installs into it",
    "~/hsisr/bin/": "of an environment that was made above it",
    "pipx ": "another program's",
    "uv ": "another program's",
    "conda ": "another program's",
    "docker ": "another program's; tests/test_install.py has the Dockerfile read",
    "qgis_process ": "QGIS: tests/qgis/test_qgis_process.py types these",
    "qgis-plugin-manager ": "QGIS, and an address that the founders have yet to name",
    "HSISR_GEO_EXECUTABLE=": "QGIS",
    "python3 tools/new_user": "QGIS under a display",
    "echo 'https://ADDRESS": "an address that the founders have yet to name",
    "gdal raster ": "GDAL 3.13: tests/cli/test_gdal_pipeline.py runs such pipelines",
    "export GDAL_ENABLE_EXTERNAL": "of these pipelines",
    "GDAL_ENABLE_EXTERNAL=NO gdal": "of these pipelines",
    "hsisr-geo run https://": "the network: tests/cli/test_streams.py has a server of its own",
    "hsisr-geo models import GAE.pth": "its authors' file; test_foreign_checkpoint.py writes such",
    "hsisr-geo models show imported-gae": "what that one made",
    "hsisr-geo run scene.tif fine.tif --upscale 2 --scheduler": "other machines: tests/engine",
    "README.md: hsisr-geo doctor": "as docs/install.md, which is run",
    "README.md: hsisr-geo assess": "as docs/assess.md, which is run",
    "README.md: hsisr-geo benchmark": "as docs/benchmark.md, which is run",
    "comparison.md: hsisr-geo benchmark": "the same, with options more",
    "python benchmarks/comparison_page.py": "of a folder that hours of training made",
    "hsisr-geo adapt ": "minutes; a small scene is refused: tests/model/test_adaptation.py",
    "hsisr-geo run scene.tif fine.tif --upscale 2 --model scene.safetensors": "what that one made",
    "hsisr-geo train ": "hours: tests/model/test_training.py takes seconds",
}
# As EnMAP's up to 550 nm, which is band 28; then fewer. Some lie in water vapour.
STEPS = [4.9] * 28 + [14.5] * 24 + [130.0] * 12
WAVELENGTHS = [round(418.24 + float(step), 2) for step in np.cumsum([0, *STEPS[:-1]])]
SIDE = 24
GRID = Affine(240, 0, 364_095, 0, -240, 5_809_005)  # where the extents of the pages lie


def make_scene(path, side=SIDE, grid=GRID):
    cube = (reflectance(side, side, WAVELENGTHS, seed=3) * 1e4).astype("int16")
    write(path, cube, wavelengths=WAVELENGTHS, nodata=-32768, transform=grid)
    with rasterio.open(path, "r+") as scene:
        for band in scene.indexes:
            scene.update_tags(band, fwhm=9.5)
            name = f"band {band} ({WAVELENGTHS[band - 1]} Nanometers)"
            scene.set_band_description(band, name)


def make_truth(folder):
    """A scene on the grid of `fine.tif`, by two."""
    make_scene(folder / "truth.tif", 2 * SIDE, GRID @ Affine.scale(0.5))


def make_scenes(folder):
    """Two scenes in a folder."""
    (folder / "scenes").mkdir()
    for name in ("tile_128_32", "tile_64_0"):
        shutil.copyfile(folder / "scene.tif", folder / "scenes" / f"{name}.tif")


def make_campaign(folder):
    """A folder of scenes, a scene beside it, and a folder with one that is none."""
    (folder / "campaign").mkdir()
    shutil.copyfile(folder / "scene.tif", folder / "campaign" / "first.tif")
    make_scene(folder / "extra.tif")
    make_scenes(folder)
    (folder / "scenes" / "broken.tif").write_text("nothing")


def make_comparison(path):
    """A configuration that takes a moment: one step of one system on the scene itself."""
    path.parent.mkdir(exist_ok=True)
    for part, seed in (("train", 1), ("test", 2)):
        (path.parent / part).mkdir()
        cube = (reflectance(SIDE, SIDE, WAVELENGTHS, seed) * 1e4).astype("int16")
        write(path.parent / part / f"{part}.tif", cube, wavelengths=WAVELENGTHS)
    path.write_text(
        'upscales = [2]\nbands = 60\n[data]\ntrain = "train"\ntest = "test"\n'
        "[budget]\nsteps = 1\nbatch = 1\npatch = 8\n[systems.edsr]\nwidth = 8\nblocks = 1\n"
    )


def make_containers(folder):
    """An archive, a file of several pages, and a netCDF file, with the scene in each."""
    with zipfile.ZipFile(folder / "scenes.zip", "w") as archive:
        archive.write(folder / "scene.tif", "scene.tif")
    pages = folder / "pages.tif"
    shutil.copyfile(folder / "scene.tif", pages)
    rasterio.shutil.copy(folder / "scene.tif", pages, driver="GTiff", append_subdataset="yes")
    make_cube(folder).to_netcdf(folder / "cube.nc", engine="h5netcdf")


def make_cube(folder):
    """The scene as xarray has it."""
    with rasterio.open(folder / "scene.tif") as scene:
        cube = scene.read().astype("float32")
    x, y = 364_215 + 240 * np.arange(SIDE), 5_808_885 - 240 * np.arange(SIDE)
    waves = ("wavelength", WAVELENGTHS, {"units": "nm"})
    places = {"wavelength": waves, "y": y, "x": x}
    return xr.DataArray(cube, places, ("wavelength", "y", "x"), name="reflectance")


# Of these a page shows what is made here, to the last digit.
AS_SHOWN = ("hsisr-geo info enmap", "hsisr-geo info EMIT_L2A_RFL.nc")
ENVI_PROFILE = ("driver", "count", "height", "width", "dtype", "crs", "transform")


def make_products(folder):
    """Products under the names that they have in the page, made after their specifications."""
    made_products.make_enmap(folder / "enmap")
    made_products.make_enmap(folder / "incomplete")
    next((folder / "incomplete").glob("*-METADATA.XML")).unlink()
    made_products.make_prisma(folder / "PRS_L1_STD.he5", level="L1")
    made_products.make_emit(folder / "EMIT_L2A_RFL.nc")
    cube = make_cube(folder).rio.write_crs("EPSG:32633")
    cube.to_zarr(folder / "cube.zarr", zarr_format=2, consolidated=False)
    hyspex = folder / "Bavaria_farmland_LMU_Hyspex_subset.bsq"
    with rasterio.open(folder / "scene.tif") as scene:
        values, profile = scene.read(), {**scene.profile, "driver": "ENVI"}
    with rasterio.open(hyspex, "w", **{key: profile[key] for key in ENVI_PROFILE}) as dataset:
        dataset.write(values)
    with hyspex.with_suffix(".hdr").open("a") as header:
        waves = ", ".join(map(str, WAVELENGTHS))
        header.write(f"wavelength units = Nanometers\nwavelength = {{{waves}}}\n")


def link_benchmarks(folder):
    (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
    make_scenes(folder)
    (folder / "scenes").rename(folder / "FOLDER")


# What a page names besides `scene.tif`, and the names that its Python has from somewhere.
STAND_INS = {
    "README.md": lambda folder: (
        make_truth(folder),
        make_scenes(folder),
        made_products.make_prisma(folder / "PRS_L2D_STD….he5"),
    ),
    "batch.md": make_campaign,
    "benchmark.md": lambda folder: make_comparison(folder / "benchmarks" / "comparison.toml"),
    "corpus.md": link_benchmarks,
    "gdal.md": make_containers,
    "products.md": make_products,
}
GIVEN = {
    "python.md": {
        "scenes": [Path("scene.tif")],
        "centres": WAVELENGTHS,
        "flags": np.ones(len(WAVELENGTHS), "int8"),
    },
    "architecture.md": vars(protocol),
}


@pytest.fixture(scope="module")
def shims(tmp_path_factory):
    return page_blocks.write_shims(tmp_path_factory.mktemp("shims") / "bin")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a page is followed: its scene, and no question whether a file may be replaced."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for command in ("RUN", "ASSESS", "INDEX", "BATCH"):
        monkeypatch.setenv(f"HSISR_GEO_{command}_OVERWRITE", "1")
    make_scene(tmp_path / "scene.tif")
    return tmp_path


# The scene is smaller than that of the page, and is to have as many parts.
SMALLER = {"PARTSIZE=256": "PARTSIZE=32 --co BLOCKXSIZE=16 --co BLOCKYSIZE=16"}


def told_not_to(command, page):
    texts = command.text, f"{page.name}: {command.text}"
    return next((begins for begins in NOT_RUN if any(t.startswith(begins) for t in texts)), None)


def follow(page, folder, shims):
    """Do what a page says, block by block."""
    STAND_INS.get(page.name, lambda folder: None)(folder)
    stand_ins, names = set(folder.iterdir()), dict(GIVEN.get(page.name, {}))
    for block in page_blocks.blocks_of(page):
        where = f"{page.name}:{block.line}"
        if block.language == "python":
            run_python(block, names, where, stand_ins, folder)
        elif block.language == "":
            for command in page_blocks.commands_of(block):
                if told_not_to(command, page) is None:
                    check_command(command, where, shims)


def run_python(block, names, where, stand_ins, folder):
    if kept := re.match(r"# (\w+\.py)\n", block.text):
        (folder / kept[1]).write_text(block.text)
        return
    for path in set(folder.glob("fine.*")) - stand_ins:  # Python does not replace unasked
        path.unlink()
    shutil.rmtree(folder / "report", ignore_errors=True)
    exec(compile(block.text, where, "exec"), names)


def check_command(command, where, shims):
    text = command.text
    for theirs, ours in SMALLER.items():
        text = text.replace(theirs, ours)
    code, output = page_blocks.type_in(text, shims)
    fails = any(line.startswith("hsisr-geo: error:") for line in command.shown)
    assert (code != 0) == fails, f"{where}: {text}\n{output}"
    if command.shown:
        exact = command.text.startswith(AS_SHOWN)
        shown = page_blocks.pattern_of(command.shown, exact=exact)
        assert shown.search(output), f"{where}: {text}\n{output}"


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # rioxarray
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_can_be_followed(page, folder, shims):
    follow(page, folder, shims)


def test_what_is_not_run_is_there():
    pages = [(page, block) for page in PAGES for block in page_blocks.blocks_of(page)]
    left_out = {
        told_not_to(command, page)
        for page, block in pages
        if block.language == ""
        for command in page_blocks.commands_of(block)
    }
    assert left_out - {None} == set(NOT_RUN)


def test_languages_of_blocks_are_those_that_are_looked_at():
    found = {block.language for page in PAGES for block in page_blocks.blocks_of(page)}
    assert found == {"", "python", "text", "json", "toml"}


def blocks_in(name, language):
    return [b for b in page_blocks.blocks_of(ROOT / "docs" / name) if b.language == language]


def test_the_seam_that_is_shown_is_that_of_the_code():
    (block,) = blocks_in("architecture.md", "python")
    names = dict(vars(protocol))
    exec(block.text, names)
    told = names["Resolver"]
    assert {*public(told), *told.__annotations__} == public(protocol.Resolver)


def public(told):
    return {name for name in vars(told) if not name.startswith("_")}


def test_the_configuration_that_is_shown_is_one(tmp_path):
    (block,) = blocks_in("cli.md", "toml")
    (tmp_path / "config.toml").write_text(block.text)
    said = call("--config", tmp_path / "config.toml", "config").stdout
    assert all(key in said for key in ("device", "tile", "keep-going"))


def test_the_events_that_are_shown_are_those_of_a_run(folder):
    (block,) = blocks_in("cli.md", "json")
    said = call("run", "scene.tif", "fine.tif", "--upscale", 2, "--progress", "json").stdout
    events = {}
    for event in map(json.loads, said.splitlines()):
        events.setdefault(event["event"], set()).update(event)
    for shown in map(json.loads, block.text.splitlines()):
        # a share is told of tiles that take longer: tests/cli/test_watch.py
        assert set(shown) - {"share"} <= events[shown["event"]]


def test_a_start_from_released_weights_is_a_setting(folder):
    make_comparison(folder / "benchmarks" / "comparison.toml")
    (block,) = blocks_in("benchmark.md", "toml")
    text = (folder / "benchmarks" / "comparison.toml").read_text() + block.text
    (folder / "benchmarks" / "started.toml").write_text(text)
    entry = read_settings(folder / "benchmarks" / "started.toml").entry("dmgasr")
    assert entry.start == folder / "benchmarks" / "imported-gae.safetensors"
    assert entry.settings == {"autoencoder_share": 0, "group_size": 8, "group_overlap": 2}
