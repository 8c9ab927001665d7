"""Products and bands on the command line: what is recognised, and what is wrong in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from hsisr_geo.cli.main import cli
from made_products import make_emit, make_enmap, make_prisma

from hsisr_geo.raster.open import open_raster


def call(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_info_shows_the_product_and_its_files(tmp_path):
    folder, _, _ = make_enmap(tmp_path / "p")
    assert "product      EnMAP L2A\n" in call("info", folder).stdout
    told = json.loads(call("info", folder, "--exclude", "979nm", "--json").stdout)
    assert told["product"] == "EnMAP L2A"
    assert [band["good"] for band in told["bands"]] == [True, True, False, True, True, True]
    assert any(name.endswith("-METADATA.XML") for name in told["files"])
    plain = json.loads(call("info", tmp_path / "p" / told["files"][1], "--json").stdout)
    assert plain["product"] is None


def test_info_suggests_what_to_exclude(tmp_path):
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", count=3, height=9, width=9,
                       dtype="int16", transform=Affine(1, 0, 0, 0, -1, 9)) as dataset:  # fmt: skip
        for number, nm in enumerate((1300, 1400, 1900), start=1):
            dataset.update_tags(number, wavelength=nm, wavelength_units="nm")
    said = call("info", tmp_path / "a.tif").stdout
    assert "2 bands lie in water vapour and are not marked" in said
    assert "--exclude water-vapour" in said
    said = call("info", tmp_path / "a.tif", "--exclude", "water-vapour").stdout
    assert "3 bands (2 marked bad)" in said
    assert "note" not in said


def test_run_takes_the_options_of_the_scene(tmp_path):
    make_emit(tmp_path / "a.nc")
    options = ["--upscale", "2", "--model", "bicubic", "--orthorectify", "--drop-bad"]
    done = call("run", tmp_path / "a.nc", tmp_path / "b.tif", *options, "--bands", "1-4")
    assert done.exit_code == 0, done.stderr
    result = open_raster(tmp_path / "b.tif")
    assert (len(result.bands), result.shape) == (3, (52, 52))
    assert result.has_transform


def test_without_orthorectify_the_run_says_so(tmp_path):
    make_emit(tmp_path / "a.nc")
    done = call(
        "run", tmp_path / "a.nc", tmp_path / "b.tif", "--upscale", "2", "--model", "bicubic"
    )
    assert "--orthorectify puts it on its map grid" in done.stderr
    assert len(open_raster(tmp_path / "b.tif").gcps) == 144


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--bands", "9"], "--bands: there is no band 9"),
        (["--exclude", "blue"], "--exclude: 'blue' is not understood"),
        (["--bands", "3-5nm"], "no band lies in 3-5nm"),
        (["--orthorectify"], "--orthorectify needs a product with a geolocation lookup table"),
        (["--exclude", "1-7", "--drop-bad"], "--drop-bad leaves no band"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(tmp_path, options, words):
    make_prisma(tmp_path / "a.he5")
    for command in (["info", tmp_path / "a.he5"],
                    ["run", tmp_path / "a.he5", tmp_path / "b.tif", "--upscale", "2"]):  # fmt: skip
        done = call(*command, *options)
        assert done.exit_code == 1
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.he5"]


def test_an_output_never_replaces_a_file_of_the_product(tmp_path):
    folder, stem, _ = make_enmap(tmp_path / "p")
    classes = f"{stem}-QL_QUALITY_CLASSES.TIF"
    before = Path(classes).read_bytes()
    done = call("run", folder, classes, "--upscale", "2", "--model", "bicubic", "--overwrite")
    assert done.exit_code == 1
    assert "would overwrite the input" in done.stderr
    assert Path(classes).read_bytes() == before


def test_a_vrt_says_where_its_pixels_come_from(tmp_path):
    pixels = np.arange(100, dtype="int16").reshape(1, 10, 10)
    profile = {"count": 1, "height": 10, "width": 10, "dtype": "int16"}
    for name in ("north", "south"):
        path, place = tmp_path / f"{name}.tif", Affine(2, 0, 0, 0, -2, 0)
        with rasterio.open(path, "w", driver="GTiff", transform=place, **profile) as dataset:
            dataset.write(pixels)
    (tmp_path / "both.vrt").write_text(
        '<VRTDataset rasterXSize="10" rasterYSize="20"><VRTRasterBand dataType="Int16" band="1">'
        + "".join(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{name}.tif</SourceFilename>'
            f'<SourceBand>1</SourceBand><DstRect xOff="0" yOff="{top}" xSize="10" ySize="10"/>'
            "</SimpleSource>"
            for name, top in (("north", 0), ("south", 10))
        )
        + "</VRTRasterBand></VRTDataset>"
    )
    done = call(
        "run", tmp_path / "both.vrt", tmp_path / "b.tif", "--upscale", 2, "--model", "bicubic"
    )
    assert done.exit_code == 0, done.stderr
    with rasterio.open(tmp_path / "b.tif") as dataset:
        tags = dataset.tags()
    assert (tags["HSISR_SOURCE"], tags["HSISR_SOURCE_FILES"]) == (
        "both.vrt",
        "north.tif, south.tif",
    )
