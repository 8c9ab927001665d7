"""What blurred a scene: said, known or seen; what is not blurred is never taken for it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import call, one_line_error, write

from hsisr_geo.api import super_resolve
from hsisr_geo.blur import find_blur
from hsisr_geo.blur.estimate import estimate_mtf
from hsisr_geo.blur.find import CRISP, said_of
from hsisr_geo.blur.sensors import sensors
from hsisr_geo.cube.degradation import named
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.load import load_resolver


def ground(side: int, bands: int = 12, seed: int = 0) -> np.ndarray:
    """Fields of all sizes with sharp borders, and small things in them."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:side, :side]
    materials = np.zeros((side, side), int)
    for _ in range(side * side // 150):
        angle, (r, c) = rng.uniform(0, np.pi), rng.uniform(0, side, 2)
        half = 1 + rng.pareto(1.2, 2) * 2
        x = (rows - r) * np.cos(angle) + (cols - c) * np.sin(angle)
        y = (cols - c) * np.cos(angle) - (rows - r) * np.sin(angle)
        materials[(np.abs(x) < half[0]) & (np.abs(y) < half[1])] = rng.integers(1, 9)
    spectra = 2000 + 800 * rng.standard_normal((9, 4)) @ rng.standard_normal((4, bands)) / 2
    return spectra[materials].transpose(2, 0, 1).astype(np.float32)


PART = (500300, 5997600, 501500, 5998800)  # of `soft`: 20 rows and 40 columns


def blurred(path: Path, psf: str, side: int = 96, **more: object) -> Path:
    cube = named(psf, 2).apply(ground(2 * side))
    cube = cube + 2 * np.random.default_rng(1).standard_normal(cube.shape)
    return write(path, np.rint(cube).astype("int16"), **more)


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transform = Affine(30, 0, 500000, 0, -60, 6000000)
    return blurred(
        tmp_path_factory.mktemp("soft") / "soft.tif", "gaussian:0.15", transform=transform
    )


def test_estimates_follow_the_blur(tmp_path: Path) -> None:
    """A softer image is estimated softer, and a crisp one is taken for bicubic's."""
    found = []
    for psf in ("gaussian:0.1", "gaussian:0.2", "gaussian:0.4"):
        estimate = estimate_mtf(open_raster(blurred(tmp_path / f"{psf[-3:]}.tif", psf)))
        assert estimate is not None
        assert estimate.rows.low < estimate.rows.middle < estimate.rows.high
        found.append(estimate.rows.middle)
    assert found == sorted(found)
    assert found[0] < 0.25
    assert found[-1] > 0.3
    crisp = find_blur(open_raster(blurred(tmp_path / "crisp.tif", "bicubic")))
    assert (crisp.psf, crisp.source) == ("bicubic", "estimate")


def test_directions_are_told_apart(tmp_path: Path) -> None:
    estimate = estimate_mtf(open_raster(blurred(tmp_path / "a.tif", "gaussian:0.1,0.5")))
    assert estimate is not None
    assert estimate.rows.middle < estimate.cols.middle


def test_the_crisp_bound_is_assumed(soft: Path) -> None:
    blur = find_blur(open_raster(soft))
    assert blur.estimate is not None
    degradation = named(blur.psf, 2)
    assert blur.source == "estimate"
    assert degradation.name.startswith("gaussian:")
    bounds = blur.estimate.rows.high, blur.estimate.cols.high
    for assumed, bound in zip((_mtf(blur.psf) * 2)[:2], bounds, strict=True):
        assert bound <= assumed <= 1.3 * bound
        assert assumed < CRISP


def test_what_the_file_says_comes_first(soft: Path, tmp_path: Path) -> None:
    raster = open_raster(soft)
    for said, psf in {
        "gaussian:0.4": "gaussian:0.4",
        "bicubic": "bicubic",
        "fwhm:60m,30m": "gaussian:0.4107",
    }.items():
        blur = find_blur(_saying(raster, said))
        assert (blur.psf, blur.source) == (psf, "file")
    assert find_blur(_saying(raster, "nonsense")).source == "estimate"


def _saying(raster: Raster, psf: str) -> Raster:
    return replace(raster, tags={"": {"psf": psf}})


def test_a_bound_of_the_table_is_never_undercut(soft: Path) -> None:
    """A requirement or a convention is no measurement: it only makes a guess crisper."""
    raster = open_raster(soft)
    plain, known = find_blur(raster), find_blur(replace(raster, product="PRISMA L2D"))
    assert known.source == "estimate"
    assert "convention" in known.told
    assert max(_mtf(known.psf)) >= 0.3
    assert min(_mtf(known.psf)) >= min(_mtf(plain.psf))


def _mtf(psf: str) -> list[float]:
    return [float(text) for text in psf.partition(":")[2].split(",")]


def test_every_number_of_the_table_has_a_source_and_a_date() -> None:
    for sensor in sensors():
        assert sensor.kind in ("measured", "requirement", "convention")
        assert sensor.source
        assert sensor.date
        assert 0 < min(sensor.mtf_rows, sensor.mtf_cols) < 1


@pytest.mark.parametrize("shape", [(3, 5, 9), (1, 40, 40), (4, 11, 60)])
def test_small_and_empty_scenes_are_no_error(shape: tuple[int, int, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, cube in {"noise": rng.integers(0, 900, shape), "flat": np.full(shape, 7)}.items():
        blur = find_blur(open_raster(write(tmp_path / f"{name}.tif", cube.astype("int16"))))
        assert named(blur.psf, 2)
    empty = write(tmp_path / "empty.tif", np.zeros(shape, "int16"), nodata=0)
    assert find_blur(open_raster(empty)).source == "default"


def test_widths_are_of_the_scenes_pixels(soft: Path) -> None:
    """Pixels are 60 m high and 30 m wide: 45 m is three quarters of one, and one and a half."""
    raster = open_raster(soft)
    rows, cols = _mtf(find_blur(raster, "fwhm:45m").psf)
    assert rows == pytest.approx(np.exp(-0.5 * (np.pi * 0.75 / 2.3548) ** 2), rel=1e-3)
    assert cols == pytest.approx(np.exp(-0.5 * (np.pi * 1.5 / 2.3548) ** 2), rel=1e-3)
    assert find_blur(raster, "fwhm:90m,45m").psf == find_blur(raster, "fwhm:1.5px").psf


def test_the_unit_that_was_taken_is_said(soft: Path) -> None:
    raster = open_raster(soft)
    for given in ("fwhm:45", "fwhm:45.", "fwhm:45m,45"):
        assert find_blur(raster, given).psf == find_blur(raster, "fwhm:45m").psf
        told = [find_blur(raster, given).told, find_blur(_saying(raster, given)).told]
        heads = f"{given} as given", f"the file says PSF={given}"
        assert told == [f"{head} (no unit: metres)" for head in heads]
    assert "unit" not in find_blur(raster, "fwhm:45 m,1.5PX").told


@pytest.mark.parametrize("spec", ["fwhm:", "fwhm:x", "fwhm:1m,2m,3m", "fwhm:0m", "fwhm:900m"])
def test_a_width_that_is_none_is_named(spec: str, soft: Path) -> None:
    with pytest.raises(OptionError, match=spec):
        find_blur(open_raster(soft), spec)


def test_metres_need_a_size_of_pixels(tmp_path: Path) -> None:
    place = write(tmp_path / "no.tif", np.ones((2, 20, 20), "int16"), crs=None)
    with pytest.raises(OptionError, match=r"no\.tif.*fwhm:1\.5px"):
        find_blur(open_raster(place), "fwhm:45m")


# --- through the product --------------------------------------------------------------------------


def test_auto_is_the_same_as_naming_what_it_found(soft: Path, tmp_path: Path) -> None:
    """A part is made, by what the whole scene says."""
    psf = find_blur(open_raster(soft)).psf
    made = []
    for name, spec in (("auto", "auto"), ("named", psf)):
        report = super_resolve(
            soft,
            tmp_path / f"{name}.tif",
            resolver=load_resolver(upscale=2, psf=spec, device="cpu"),
            workers=2 if name == "auto" else 1,
            tile=32,
            bounds=PART,
        )
        assert report.degradation == psf
        assert report.psf_source == ("estimate" if name == "auto" else "")
        with rasterio.open(tmp_path / f"{name}.tif") as dataset:
            made.append(dataset.read())
            tags = dataset.tags()
        assert tags["HSISR_DEGRADATION"] == psf
        assert tags["HSISR_NORMALISED"] == "yes"
        assert ("MTF" in tags.get("HSISR_PSF_TOLD", "")) == (name == "auto")
    np.testing.assert_array_equal(*made)


def test_a_bound_is_not_told_as_what_is_taken(soft: Path) -> None:
    """`info` says of PRISMA and EnMAP what a run does: their numbers were measured by nobody."""
    told = said_of(replace(open_raster(soft), product="PRISMA L2D"))
    assert told.startswith("estimated from the pixels by run, and taken for no softer than PRISMA")
    assert said_of(open_raster(soft)) == ""


def test_auto_is_what_run_does_and_says(soft: Path, tmp_path: Path) -> None:
    part = ("--upscale", 2, "--bounds", *PART)
    text = call("run", soft, tmp_path / "a.tif", *part).output
    assert "PSF: gaussian:" in text
    again = ("run", soft, tmp_path / "b.tif", *part, "--psf", "fwhm:70m,35m")
    assert "as given" in call(*again).output
    call("run", soft, tmp_path / "c.tif", *part, "--model", "bicubic")


def test_psf_tells_and_draws(soft: Path, tmp_path: Path) -> None:
    assert "--psf gaussian:" in call("psf", soft, "--plot", tmp_path / "mtf.png").output
    assert (tmp_path / "mtf.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads(call("psf", soft, "--json").stdout)
    assert found["source"] == "estimate"
    assert found["estimate"]["rows"]["low"] < found["estimate"]["rows"]["high"]
    assert "mtf.xyz" in one_line_error(call("psf", soft, "--plot", tmp_path / "mtf.xyz", code=1))
    assert "none.tif" in one_line_error(call("psf", tmp_path / "none.tif", code=1))
    read = json.loads(call("psf", soft, "--nodata", "nan", "--json").stdout)
    assert read == found  # as `run` reads it, with the options that it has for that
