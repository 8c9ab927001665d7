"""The uncertainty raster: the deviation over samples, on the grid and bands of the output."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from scenes import Scenes, read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.windows import scaled
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.engine.uncertainty import Uncertainty, mean_band
from hsisr_geo.errors import Canceled, ModelError, OptionError, OutputError
from hsisr_geo.model.diffusion import sample
from hsisr_geo.model.inference.on_torch import super_resolve_tile
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.inference.spread import standard_deviation
from hsisr_geo.model.noise import noise_field
from hsisr_geo.output.formats import geotiff
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import Recipe

BAD, ROWS, COLS = 2, 50, 61


class KnownSpread(BicubicResolver):
    """Bicubic, with a deviation that needs context: a tenth of the pixel 25 rows below."""

    def sampled(self, samples: int) -> "KnownSampled":
        return KnownSampled(self, samples)


@dataclass
class KnownSampled:
    resolver: KnownSpread
    samples: int
    context: int = 25

    def provenance(self) -> dict[str, str]:
        return {"samples": str(self.samples), "spread": "1.5"}

    def fit(self, statistics, given_up):
        upscale, bicubic = self.resolver.upscale, self.resolver.fit(statistics)

        def resolve(cube, origin, part):
            rows, cols = scaled(part, upscale)
            below = np.pad(cube, ((0, 0), (0, 25), (0, 0)), mode="edge")[:, 25:]
            sigma = (below / 10).repeat(upscale, 1).repeat(upscale, 2)
            return bicubic(cube, origin)[:, rows, cols], sigma[:, rows, cols]

        return resolve


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Five bands with wavelengths, the third bad; holes in all bands and in the last one alone."""
    cube = np.random.default_rng(5).uniform(100, 1000, (5, ROWS, COLS)).astype(np.float32)
    cube[:, 10:23, 30:52] = np.nan
    cube[4, 2:6, 3:9] = np.nan
    path = tmp_path / "scene.tif"
    size = {"count": 5, "height": ROWS, "width": COLS, "dtype": "float32", "nodata": np.nan}
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 300000, 0, -10, 5800000)}
    with rasterio.open(path, "w", driver="GTiff", **size, **place) as dataset:
        dataset.write(cube)
        for band in range(5):
            tags = {"wavelength": 400 + 10 * band, "wavelength_units": "Nanometers", "fwhm": 8}
            dataset.update_tags(band + 1, bbl=int(band != BAD), **tags)
    return path


def _run(src: Path, folder: Path, **options: object) -> tuple[np.ndarray, np.ndarray, RunReport]:
    """Run with an uncertainty; return both files and the report."""
    folder.mkdir(exist_ok=True)
    asked = {key: options.pop(key) for key in ("samples", "bands") if key in options}
    options = {"resolver": KnownSpread(2), **options}
    wish = Uncertainty(folder / "sigma.tif", **asked)
    report = super_resolve(src, folder / "sr.tif", uncertainty=wish, **options)
    return read_pixels(folder / "sr.tif"), read_pixels(folder / "sigma.tif"), report


# --- the raster, by a spread that is known --------------------------------------------------------


def test_the_deviation_lies_on_the_grid_of_the_output(scene: Path, tmp_path: Path) -> None:
    sr, sigma, report = _run(scene, tmp_path / "out", tile=16)
    lr = read_pixels(scene)
    below = np.pad(lr, ((0, 0), (0, 25), (0, 0)), mode="edge")[:, 25:].repeat(2, 1).repeat(2, 2)
    known = np.isfinite(sigma) & np.isfinite(below)
    assert known.any(axis=(1, 2)).tolist() == [True, True, False, True, True]
    np.testing.assert_allclose(sigma[known], below[known] / 10, rtol=1e-6)
    assert report.uncertainty == str(tmp_path / "out" / "sigma.tif")
    assert sigma.shape == sr.shape
    with rasterio.open(tmp_path / "out/sr.tif") as a, rasterio.open(report.uncertainty) as b:
        assert (a.transform, a.crs, a.bounds) == (b.transform, b.crs, b.bounds)


def test_the_output_is_what_it_is_without(scene: Path, tmp_path: Path) -> None:
    sr, _, _ = _run(scene, tmp_path / "out", tile=16)
    super_resolve(scene, tmp_path / "alone.tif", resolver=KnownSpread(2), tile=16)
    np.testing.assert_allclose(sr, read_pixels(tmp_path / "alone.tif"), rtol=1e-6, atol=1e-4)


def test_holes_and_bands_that_the_model_did_not_make_have_no_value(
    scene: Path, tmp_path: Path
) -> None:
    sr, sigma, _ = _run(scene, tmp_path / "out", tile=16)
    holes = np.isnan(read_pixels(scene)).repeat(2, 1).repeat(2, 2)
    assert np.isfinite(sr[BAD]).any()
    holes[BAD] = True
    np.testing.assert_array_equal(np.isnan(sigma), holes)


@pytest.mark.parametrize("bands", ["all", "mean"])
def test_tiles_threads_and_bounds_do_not_matter(scene: Path, tmp_path: Path, bands: str) -> None:
    _, whole, _ = _run(scene, tmp_path / "whole", tile=999, bands=bands)
    _, tiled, _ = _run(scene, tmp_path / "tiled", tile=16, threads=2, bands=bands)
    np.testing.assert_allclose(tiled, whole, rtol=1e-6)
    bounds = (300000 + 170, 5800000 - 450, 300000 + 480, 5800000 - 110)
    _, part, _ = _run(scene, tmp_path / "part", tile=16, bounds=bounds, bands=bands)
    np.testing.assert_allclose(part, whole[:, 22:90, 34:96], rtol=1e-6)


def test_the_mean_is_over_the_bands_that_have_a_value(scene: Path, tmp_path: Path) -> None:
    _, every, _ = _run(scene, tmp_path / "all", tile=16)
    _, mean, _ = _run(scene, tmp_path / "mean", tile=16, bands="mean")
    hole = np.isnan(every).all(axis=0)
    assert mean.shape == (1, 2 * ROWS, 2 * COLS)
    np.testing.assert_array_equal(np.isnan(mean[0]), hole)
    np.testing.assert_allclose(mean[0][~hole], np.nanmean(every[:, ~hole], axis=0), rtol=1e-5)
    assert mean_band(np.full((3, 1, 1), np.nan, np.float32)).shape == (1, 1, 1)


@pytest.mark.parametrize("name", ["sigma.tif", "sigma.img"])
def test_bands_are_described_as_those_of_the_output(
    scenes: Scenes, tmp_path: Path, name: str
) -> None:
    """Wavelengths, widths, flags and names stay; numbers are physical, whatever the scene's are."""
    wish = Uncertainty(tmp_path / name)
    super_resolve(scenes.tile, tmp_path / "sr.tif", resolver=KnownSpread(2), uncertainty=wish)
    sr, sigma = open_raster(tmp_path / "sr.tif"), open_raster(tmp_path / name)
    assert (sigma.dtype, sigma.shape, sigma.bounds) == ("float32", sr.shape, sr.bounds)
    assert {band.scale for band in sr.bands} == {1e-4}
    assert {band.scale for band in sigma.bands} == {1.0}
    assert all(math.isnan(band.nodata) for band in sigma.bands)
    kept = [
        [(b.name, b.wavelength_nm, b.fwhm_nm, b.good, b.unit) for b in raster.bands]
        for raster in (sr, sigma)
    ]
    assert kept[0] == kept[1]
    x, deviation = (read_window(r, slice(0, 40), slice(0, 40), [30]) for r in (sr, sigma))
    assert 0.05 < np.nanmean(deviation) / np.nanmean(x) < 0.2


def test_the_mean_band_says_what_it_is(scene: Path, tmp_path: Path) -> None:
    _run(scene, tmp_path / "out", bands="mean")
    (band,) = open_raster(tmp_path / "out" / "sigma.tif").bands
    assert band.name == "mean standard deviation"
    assert (band.wavelength_nm, band.good) == (None, True)


def test_the_file_says_how_it_was_made(scene: Path, tmp_path: Path) -> None:
    _run(scene, tmp_path / "out", samples=5)
    tags = []
    for name in ("sr.tif", "sigma.tif"):
        with rasterio.open(tmp_path / "out" / name) as dataset:
            tags.append({k: v for k, v in dataset.tags().items() if k.startswith("HSISR_")})
    assert tags[0]["HSISR_SOURCE"] == "scene.tif"
    assert tags[1] == tags[0] | {"HSISR_SAMPLES": "5", "HSISR_SPREAD": "1.5"}


def test_an_alpha_band_stays_a_band_but_no_mask(tmp_path: Path) -> None:
    src = tmp_path / "a.tif"
    profile = {"count": 5, "height": 9, "width": 9, "dtype": "int16", "alpha": "YES"}
    with rasterio.open(src, "w", driver="GTiff", **profile) as dataset:
        dataset.write(np.full((5, 9, 9), 255, np.int16))
    _, sigma, _ = _run(src, tmp_path / "out")
    assert np.isnan(sigma).all(axis=(1, 2)).sum() == 1
    assert not open_raster(tmp_path / "out" / "sigma.tif").has_mask


def test_nothing_for_the_model_gives_no_value_and_a_warning(tmp_path: Path) -> None:
    src = tmp_path / "a.tif"
    profile = {"count": 1, "height": 9, "width": 9, "dtype": "float32", "nodata": np.nan}
    with rasterio.open(src, "w", driver="GTiff", **profile) as dataset:
        dataset.write(np.full((1, 9, 9), 7, np.float32))
        dataset.update_tags(1, bbl=0)
    sr, sigma, report = _run(src, tmp_path / "out")
    np.testing.assert_allclose(sr, 7, rtol=1e-6)
    assert np.isnan(sigma).all()
    assert "no good band" in report.warnings[0]


# --- both files or neither ------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Canceled("stopped"), KeyboardInterrupt(), ValueError("bug")])
def test_a_run_that_fails_leaves_neither_file(
    scene: Path, tmp_path: Path, error: BaseException
) -> None:
    def progress(done: int, total: int) -> None:
        if done == 3:
            raise error

    with pytest.raises(type(error)):
        _run(scene, tmp_path / "out", tile=16, progress=progress)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("broken", [1, 2])
def test_a_file_that_cannot_be_completed_takes_the_other_with_it(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    checked, real = [], geotiff.check_complete

    def full(*args: object) -> None:
        checked.append(args)
        if len(checked) == broken:
            raise OSError("the disk is full")
        real(*args)

    monkeypatch.setattr(geotiff, "check_complete", full)
    with pytest.raises(OutputError, match="disk is full"):
        _run(scene, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


class Endless(KnownSampled):
    """Of which the first tile fails, and the second takes for ever, or until it is told."""

    def fit(self, statistics, given_up):
        self.begun, self.told = Event(), Event()

        def resolve(cube, origin, part):
            if origin[1] == 0:
                self.begun.wait(20)
                raise KeyboardInterrupt
            self.begun.set()
            if given_up.wait(20):
                self.told.set()
            raise Canceled("given up")

        return resolve


def test_a_tile_of_many_samples_is_told_when_the_run_is_over(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless(KnownSpread(2), 8, context=0)
    monkeypatch.setattr(KnownSpread, "sampled", lambda *_: endless)
    with pytest.raises(KeyboardInterrupt):
        _run(scene, tmp_path / "out", tile=40, threads=2)
    assert endless.told.is_set()
    assert list((tmp_path / "out").iterdir()) == []


def test_the_model_stops_before_the_next_sample() -> None:
    given_up, cube = Event(), _ground(18, 8, 8)
    resolve = _model().sampled(2).fit(statistics_of(cube), given_up)
    given_up.set()
    with pytest.raises(Canceled):
        resolve(cube, (0, 0), (slice(0, 8), slice(0, 8)))


@pytest.mark.parametrize("name", ["sr.tif", "sigma.tif"])
def test_an_existing_file_is_kept_and_nothing_else_appears(
    scene: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("precious")
    with pytest.raises(OutputError, match=f"{name} exists"):
        _run(scene, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]
    assert (tmp_path / "out" / name).read_text() == "precious"
    _run(scene, tmp_path / "out", overwrite=True)
    styles = {"sr.qml", "sigma.qml"}
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"sr.tif", "sigma.tif"} | styles


@pytest.mark.parametrize(("dst", "path"), [("a.tif", "a.tif"), ("a.img", "a.bsq")])
def test_two_names_for_one_file_are_refused(
    scene: Path, tmp_path: Path, dst: str, path: str
) -> None:
    """Two ENVI files of one stem would share a header."""
    wish = Uncertainty(tmp_path / path)
    with pytest.raises(OutputError, match="would both be written"):
        super_resolve(scene, tmp_path / dst, resolver=KnownSpread(2), uncertainty=wish)
    assert [p.name for p in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize(("path", "said"), [("scene.tif", "the input"), ("a.png", "no format")])
def test_the_uncertainty_is_checked_as_the_output_is(
    scene: Path, tmp_path: Path, path: str, said: str
) -> None:
    wish, before = Uncertainty(tmp_path / path), scene.read_bytes()
    with pytest.raises(OutputError, match=said):
        super_resolve(
            scene, tmp_path / "sr.tif", resolver=KnownSpread(2), uncertainty=wish, overwrite=True
        )
    assert not (tmp_path / "sr.tif").exists()
    assert scene.read_bytes() == before


def test_a_model_without_samples_is_an_error(scene: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="bicubic draws no samples"):
        _run(scene, tmp_path / "out", resolver=BicubicResolver(2))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("wrong", [{"samples": 1}, {"samples": 2**24 + 1}, {"bands": "some"}])
def test_wishes_out_of_range_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Uncertainty("a.tif", **wrong)


# --- the numbers, by the default model ------------------------------------------------------------


def _model(upscale: int = 2, **options: object) -> DiffusionResolver:
    return load(Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu", **options))


def _ground(bands: int, rows: int, cols: int) -> np.ndarray:
    """Blocks of three materials, with a little noise."""
    rng = np.random.default_rng(2)
    field = rng.integers(0, 3, (-(-rows // 5), -(-cols // 5))).repeat(5, 0).repeat(5, 1)
    spectra = 3000 + 1500 * np.sin(np.linspace(0, 3, bands) + np.arange(3)[:, None])
    cube = spectra[field[:rows, :cols]].transpose(2, 0, 1)
    return (cube + rng.normal(scale=20, size=cube.shape)).astype(np.float32)


@pytest.mark.parametrize("upscale", [2, 4])
def test_it_is_the_deviation_of_separate_runs(upscale: int) -> None:
    cube, number, origin = _ground(5, 10, 14), 2, (7, 130)
    statistics, model = statistics_of(cube), _model(upscale, seed=11, backend="torch")
    part = slice(2, 8), slice(3, 14)
    best, sigma = model.sampled(number).fit(statistics, Event())(cube, origin, part)
    one = _model(upscale, detail=1.0, seed=11, backend="torch")
    rows, cols = (
        slice(upscale * start, upscale * (start + size))
        for start, size in zip(origin, cube.shape[1:], strict=True)
    )
    runs = []
    for k in range(number):
        noise = torch.from_numpy(noise_field(11, rows, cols, upscale=upscale, sample=k))
        with torch.inference_mode():
            args = one.network, one.config, one.scene(statistics), torch.from_numpy(cube)
            runs.append(super_resolve_tile(*args, upscale, 1.0, noise).numpy())
    here = (slice(None), *scaled(part, upscale))
    np.testing.assert_allclose(sigma, np.std(runs, axis=0, ddof=1)[here], rtol=2e-3, atol=0.05)
    assert sigma.mean() > 5
    np.testing.assert_allclose(best, model.fit(statistics)(cube, origin)[here], rtol=1e-5)
    np.testing.assert_allclose(runs[0], one.fit(statistics)(cube, origin), rtol=1e-5)
    # ^ so sample 0 is what `--detail 1` writes


@pytest.fixture(scope="module")
def long_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strip longer than the reach of a sample, so that tiles of it lack its far end."""
    path = tmp_path_factory.mktemp("strip") / "strip.tif"
    cube = _ground(3, 6, 120)
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=6, width=120, dtype="float32",
        transform=Affine(10, 0, 0, 0, -10, 0),
    ) as dataset:  # fmt: skip
        dataset.write(cube)
    return path


def test_a_deviation_does_not_depend_on_the_tiling(long_scene: Path, tmp_path: Path) -> None:
    model, samples = _model(), 2
    model = replace(model, config=replace(model.config, diffusion_steps=2))
    reach = model.sampled(samples).context
    assert reach == replace(model, detail=1.0).context > model.context
    assert 60 + reach < 120
    best, whole, _ = _run(long_scene, tmp_path / "whole", resolver=model, tile=999, samples=samples)
    sr, tiled, _ = _run(long_scene, tmp_path / "tiled", resolver=model, tile=60, samples=samples)
    np.testing.assert_allclose(tiled, whole, rtol=2e-3, atol=0.05)
    np.testing.assert_allclose(sr, best, rtol=1e-4, atol=0.05)
    super_resolve(long_scene, tmp_path / "alone.tif", resolver=model)
    np.testing.assert_allclose(best, read_pixels(tmp_path / "alone.tif"), rtol=1e-4, atol=0.05)


def test_seeds_give_other_samples_and_the_same_seed_the_same() -> None:
    cube = _ground(4, 8, 8)
    part = slice(0, 8), slice(0, 8)
    one, again, other = (
        _model(seed=seed).sampled(2).fit(statistics_of(cube), Event())(cube, (0, 0), part)[1]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).mean() > 1


def test_the_calibration_factor_is_applied_and_recorded() -> None:
    cube, part, model = _ground(4, 8, 8), (slice(0, 8), slice(0, 8)), _model(seed=4)
    calibrated = replace(model, config=replace(model.config, spread=(1.5, 1.0, 2.0)))
    plain = replace(model, config=replace(model.config, spread=()))
    raw, scaled_by = (
        m.sampled(2).fit(statistics_of(cube), Event())(cube, (0, 0), part)[1]
        for m in (plain, calibrated)
    )
    np.testing.assert_allclose(scaled_by, 1.5 * raw, rtol=1e-5)
    said = calibrated.sampled(7).provenance()
    assert (said["samples"], said["seed"], said["seeds"], said["spread"]) == (
        "7",
        "4",
        "4/0-6",
        "1.5",
    )
    assert plain.sampled(7).provenance()["spread"] == "1"


def test_the_first_step_is_made_once_for_all_samples() -> None:
    cube, model, calls = _ground(4, 6, 6), _model(backend="torch"), []
    model.network.denoiser.register_forward_hook(lambda *_: calls.append(1))
    part = slice(0, 6), slice(0, 6)
    model.sampled(3).fit(statistics_of(cube), Event())(cube, (0, 0), part)
    evaluations = 1 + 3 * (model.config.diffusion_steps - 1)
    assert len(calls) == evaluations * 4  # components, as many as bands; one at a time on a CPU


def test_a_sample_from_a_known_first_step_is_the_same() -> None:
    noise = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    at = []

    def denoise(y_t: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        at.append(float(level))
        return 0.3 + 0.5 * y_t

    whole = sample(denoise, noise, 4)
    assert at.pop(0) == 0
    assert torch.equal(sample(denoise, noise, 4, denoise(0 * noise, noise.new_zeros(1))), whole)
    assert at.count(0) == 1


def test_a_constant_scene_is_certain() -> None:
    cube, part = np.full((4, 6, 6), 1234.0, np.float32), (slice(0, 6), slice(0, 6))
    _, sigma = _model().sampled(2).fit(statistics_of(cube), Event())(cube, (0, 0), part)
    np.testing.assert_allclose(sigma, 0, atol=1e-3)


def test_streaming_gives_the_deviation_far_from_zero() -> None:
    values = 1e4 + torch.randn(9, 50, generator=torch.Generator().manual_seed(1))
    found = standard_deviation(iter(values)).numpy()
    expected = values.double().numpy().std(axis=0, ddof=1)
    np.testing.assert_allclose(found, expected, rtol=2e-3)
