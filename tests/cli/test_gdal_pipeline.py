"""A step of GDAL 3.13's own pipelines: `... ! external "hsisr-geo run <INPUT> <OUTPUT>" ! ...`.

The GDAL is that of `tools/install_gdal`, in a Python of its own, as a user's GDAL is not ours.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio
from affine import Affine
from commands import bicubic, call
from scenes import reflectance

from hsisr_geo.raster.open import open_raster

DOCS = Path(__file__).resolve().parents[2] / "docs"
GDAL = DOCS.parent / ".venv-gdal" / "bin" / "python"
pytestmark = pytest.mark.skipif(
    not (GDAL.parents[1] / "installed").exists(),
    reason="no .venv-gdal: tools/install_gdal makes it where there is a Python 3.12 to 3.14",
)
PIPELINE = """
import sys
from osgeo import gdal
gdal.UseExceptions()
try:
    gdal.alg.raster.pipeline(pipeline=sys.argv[1])
except RuntimeError as error:
    sys.exit(str(error))
"""
CENTRES = [450.5 + 25 * i for i in range(16)]
BAD = (7,)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp("pipeline") / "scene.tif"
    cube = (reflectance(40, 36, CENTRES, seed=9) * 1e4).astype("int16")
    profile = {"driver": "GTiff", "count": 16, "height": 40, "width": 36, "dtype": "int16"}
    place = {"crs": "EPSG:32633", "transform": Affine(30, 0, 500_000, 0, -30, 5_800_000)}
    with rasterio.open(path, "w", **profile, **place, nodata=-32768) as dataset:
        for number, centre in enumerate(CENTRES, start=1):
            tags = {"wavelength": centre, "wavelength_units": "Nanometers", "fwhm": 9.9}
            dataset.update_tags(number, **tags, bbl=int(number - 1 not in BAD))
            dataset.update_tags(
                number, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=centre / 1e3, FWHM_UM=0.0099
            )
        dataset.write(cube)
    return path


def pipeline(text, folder, *, allowed="YES"):
    """Run a pipeline; temporary files of its external steps go to `folder`."""
    return subprocess.run(
        [GDAL, "-c", PIPELINE, text],
        env={**os.environ, "GDAL_ENABLE_EXTERNAL": allowed, "CPL_TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def structures(*paths):
    """What GDAL says of how files are laid out."""
    code = (
        "import json, sys; from osgeo import gdal; gdal.UseExceptions()\n"
        "for path in sys.argv[1:]:\n"
        "    print(json.dumps(gdal.Open(path).GetMetadata('IMAGE_STRUCTURE')))"
    )
    done = subprocess.run([GDAL, "-c", code, *paths], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(*options):
    """An external step that super-resolves; GDAL would leave a style beside its temporary file."""
    command = [sys.executable, "-m", "hsisr_geo.cli", "run", "--progress", "none"]
    command += ["--no-style", *options]
    return f'external "{shlex.join(command)} <INPUT> <OUTPUT>"'


def says_what_the_scene_says(path):
    bands = open_raster(path).bands
    assert bands.wavelengths_nm == tuple(CENTRES)
    assert bands.fwhm_nm == (9.9,) * len(CENTRES)
    assert tuple(i for i, band in enumerate(bands) if not band.good) == BAD


def test_a_step_between_clip_and_reproject(scene, tmp_path):
    target = tmp_path / "fine.tif"
    box = "500120,5799100,500900,5799880"
    step = ours("--upscale", "2")
    done = pipeline(
        f"read {scene} ! clip --bbox={box} ! {step} ! reproject --output-crs=EPSG:4326"
        f" ! write {target}",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    says_what_the_scene_says(target)
    with rasterio.open(target) as dataset:
        assert dataset.crs == "EPSG:4326"
        assert dataset.tags()["HSISR_UPSCALE"] == "2"
        assert dataset.tags()["HSISR_MODEL"] == "hsisr-base"
    assert [path.name for path in tmp_path.iterdir()] == ["fine.tif"]


def test_it_gives_what_the_command_gives_alone(scene, tmp_path):
    options = "--upscale", "3", "--model", "bicubic"
    done = pipeline(f"read {scene} ! {ours(*options)} ! write {tmp_path}/a.tif", tmp_path)
    assert done.returncode == 0, done.stderr
    call("run", *options, scene, tmp_path / "b.tif")
    with rasterio.open(tmp_path / "a.tif") as a, rasterio.open(tmp_path / "b.tif") as b:
        assert (a.read() == b.read()).all()
        assert a.transform == b.transform


def test_a_step_that_fails_fails_the_pipeline(scene, tmp_path):
    step = ours("--upscale", "2", "--model", "nil")
    done = pipeline(f"read {scene} ! {step} ! write {tmp_path}/fine.tif", tmp_path)
    assert done.returncode == 1
    assert "hsisr-geo: error: unknown model 'nil'" in done.stderr
    assert "failed with error code 1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_example_of_a_streamed_algorithm_runs(scene, tmp_path):
    # gdal-wheel has no driver that opens such a file, but the pipeline that is in it.
    example = json.loads((DOCS / "examples" / "super_resolve.gdalg.json").read_text())
    steps = example["command_line"].removeprefix("gdal raster pipeline ")
    steps = steps.replace("scene.tif", str(scene)).replace("--band 10,20,30", "--band 10,12,14")
    program = shlex.join([sys.executable, "-m", "hsisr_geo.cli"])
    steps = steps.replace("hsisr-geo run", f"{program} run --model bicubic")
    done = pipeline(f"{steps} ! write {tmp_path}/three.tif", tmp_path)
    assert done.returncode == 0, done.stderr
    found = open_raster(tmp_path / "three.tif")
    assert found.shape == (80, 72)
    assert found.bands.wavelengths_nm == (CENTRES[9], CENTRES[11], CENTRES[13])


def test_gdal_runs_no_command_unless_it_is_told_to(scene, tmp_path):
    step = ours("--upscale", "2", "--model", "bicubic")
    done = pipeline(f"read {scene} ! {step} ! write {tmp_path}/fine.tif", tmp_path, allowed="NO")
    assert done.returncode == 1
    assert "GDAL_ENABLE_EXTERNAL" in done.stderr


def test_our_cog_is_one_to_gdal(scene, tmp_path):
    """GDAL 3.10 and older tell it of pixel-interleaved files only."""
    targets = [tmp_path / f"{form}.tif" for form in ("gtiff", "cog")]
    for target in targets:
        blocks = "--co", "BLOCKXSIZE=16", "--co", "BLOCKYSIZE=16"
        bicubic(scene, target, *blocks, "--format", target.stem)
    plain, cog = structures(*targets)
    assert (cog["LAYOUT"], cog["INTERLEAVE"]) == ("COG", "BAND")
    assert "LAYOUT" not in plain
