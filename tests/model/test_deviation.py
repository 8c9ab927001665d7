"""What is predicted of an answer's error, without samples: from its surroundings, and no more."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import rasterio
from affine import Affine
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.degradation import named
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import ModelError
from hsisr_geo.model import deviation
from hsisr_geo.model.deviation import BandNoise, predict_deviation, weights_of
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL
from hsisr_geo.resolver.load import Recipe

UPSCALE = 2


def _model(**options: object) -> DiffusionResolver:
    return load(Recipe(DEFAULT_MODEL, upscale=UPSCALE, device="cpu", **options))


def _ground(bands: int, rows: int, cols: int, rough: float = 100) -> np.ndarray:
    """Make smooth ground whose right half is rough."""
    rng = np.random.default_rng(3)
    slope = np.linspace(0, 1, rows)[:, None] + np.linspace(0, 2, cols)
    texture = rng.normal(size=(rows, cols)) * (np.arange(cols) >= cols // 2)
    spectrum = 1 + np.arange(bands)[:, None, None] / bands
    return (spectrum * (2000 + 300 * slope + rough * texture)).astype(np.float32)


def _predicted(cube: np.ndarray, sr: np.ndarray, facts: BandNoise) -> np.ndarray:
    whole = slice(0, cube.shape[1]), slice(0, cube.shape[2])
    return predict_deviation(cube, sr, whole, whole, facts, weights_of(UPSCALE))


def test_it_is_large_where_the_ground_is_rough() -> None:
    cube = _ground(6, 20, 24)
    sr = cube.repeat(UPSCALE, 1).repeat(UPSCALE, 2)
    sigma = _predicted(cube, sr, BandNoise.of(statistics_of(cube)))
    assert sigma.shape == sr.shape
    assert (sigma > 0).all()
    assert sigma[:, :, 30:].mean() > 2 * sigma[:, :, :18].mean()


@pytest.mark.parametrize("factor", [1e-4, 1e3])
def test_it_has_the_unit_of_the_values(factor: float) -> None:
    cube = _ground(6, 12, 12)
    sr = cube.repeat(UPSCALE, 1).repeat(UPSCALE, 2)
    one, other = (
        _predicted(x, y, BandNoise.of(statistics_of(x)))
        for x, y in ((cube, sr), (np.float32(factor) * cube, np.float32(factor) * sr))
    )
    np.testing.assert_allclose(other, factor * one, rtol=1e-3)


def test_bands_do_not_see_each_other() -> None:
    cube = _ground(9, 8, 8)
    sr, facts = cube.repeat(UPSCALE, 1).repeat(UPSCALE, 2), BandNoise.of(statistics_of(cube))
    some = slice(3, 5)
    apart = _predicted(cube[some], sr[some], facts[some])
    np.testing.assert_allclose(apart, _predicted(cube, sr, facts)[some], rtol=1e-5)


def test_nothing_is_computed_from_memory_that_nobody_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such memory may hold signalling NaN, of which NumPy warns."""

    def unwritten(like: np.ndarray) -> np.ndarray:
        return np.full(like.shape, 0x7FA00000, np.uint32).view(np.float32)

    cube = _ground(3, 8, 9)
    sr, facts = cube.repeat(UPSCALE, 1).repeat(UPSCALE, 2), BandNoise.of(statistics_of(cube))
    expected = _predicted(cube, sr, facts)
    monkeypatch.setattr(np, "empty_like", unwritten)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(_predicted(cube, sr, facts), expected)


@pytest.mark.parametrize("value", [0.0, 700.0])
def test_a_constant_band_has_a_finite_deviation(value: float) -> None:
    cube = _ground(5, 8, 8)
    cube[2] = value
    sr = cube.repeat(UPSCALE, 1).repeat(UPSCALE, 2)
    sigma = _predicted(cube, sr, BandNoise.of(statistics_of(cube)))
    assert np.isfinite(sigma).all()
    assert sigma[2].max() < sigma[3].min()


def test_a_part_is_what_the_whole_says_there() -> None:
    cube, model = _ground(7, 80, 90), _model()
    statistics = statistics_of(cube)
    resolve = model.predicted().fit(statistics, Event())
    best, sigma = resolve(cube, (0, 0), (slice(0, 80), slice(0, 90)))
    np.testing.assert_allclose(best, model.fit(statistics)(cube, (0, 0)), rtol=1e-5)
    reach = model.predicted().context
    assert reach > model.context
    rows, cols = slice(0, 9 + reach), slice(40 - reach, 51 + reach)
    part = slice(0, 9), slice(reach, reach + 11)
    near, told = resolve(cube[:, rows, cols], (0, 40 - reach), part)
    np.testing.assert_allclose(near, best[:, :18, 80:102], rtol=1e-4)
    np.testing.assert_allclose(told, sigma[:, :18, 80:102], rtol=1e-3)


def test_another_assumed_degradation_has_another_weight() -> None:
    model = _model()
    blurred = model.assuming(named("gaussian:0.3", UPSCALE), {})
    plain, soft = model.predicted().weights, blurred.predicted().weights
    assert soft["constant"] - plain["constant"] == pytest.approx(weights_of(UPSCALE)["blurred"])
    assert weights_of(UPSCALE)["blurred"] != 0


def test_an_upscale_that_nothing_was_fitted_for_is_named() -> None:
    with pytest.raises(ModelError, match="upscale 5: give a number"):
        replace(_model(), upscale=5).predicted().weights  # noqa: B018 - it raises


@pytest.fixture(scope="module")
def strip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strip with a hole, longer than the reach of an answer."""
    path = tmp_path_factory.mktemp("strip") / "strip.tif"
    cube = _ground(4, 6, 150)
    cube[:, 2:4, 90:93] = np.nan
    with rasterio.open(
        path, "w", driver="GTiff", count=4, height=6, width=150, dtype="float32", nodata=np.nan,
        transform=Affine(10, 0, 0, 0, -10, 0),
    ) as dataset:  # fmt: skip
        dataset.write(cube)
    return path


def test_a_run_predicts_by_default_and_says_so(strip: Path, tmp_path: Path) -> None:
    """Whatever the tiles; and what is predicted lies where the output has values."""
    sigmas = []
    for tile in (999, 64):
        out = tmp_path / str(tile)
        out.mkdir()
        wish = Uncertainty(out / "sigma.tif")
        super_resolve(strip, out / "sr.tif", resolver=_model(), uncertainty=wish, tile=tile)
        sigmas.append(read_pixels(out / "sigma.tif"))
    np.testing.assert_allclose(sigmas[1], sigmas[0], rtol=1e-3)
    holes = np.isnan(read_pixels(tmp_path / "64" / "sr.tif"))
    assert holes.any()
    np.testing.assert_array_equal(np.isnan(sigmas[0]), holes)
    with rasterio.open(tmp_path / "64" / "sigma.tif") as dataset:
        tags = dataset.tags()
    assert tags["HSISR_CONTENT"] == "standard deviation, predicted"
    assert tags["HSISR_DEVIATION_WEIGHTS"] == str(deviation.table()["version"])
    assert "HSISR_SAMPLES" not in tags
