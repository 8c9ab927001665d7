import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.env import get_gdal_config
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.valid_range import ANYTHING
from hsisr_geo.engine import assignment, listener
from hsisr_geo.errors import Canceled, OptionError, OutputError, RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.protocol import alone

RNG = np.random.default_rng(11)


def _write(path, cube, *, bad=(), wavelengths=True, **profile):
    """A GeoTIFF of 10 m pixels; some bands marked as bad."""
    bands, rows, cols = cube.shape
    size = {"count": bands, "height": rows, "width": cols, "dtype": cube.dtype}
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 300000, 0, -10, 5800000)}
    with rasterio.open(path, "w", driver="GTiff", **size, **place, **profile) as dataset:
        dataset.write(cube)
        for band in range(bands):
            tags = {"wavelength": 400 + 10 * band, "wavelength_units": "Nanometers"}
            dataset.update_tags(band + 1, bbl=int(band not in bad), **(tags if wavelengths else {}))
    return path


def _float_scene(path, shape=(5, 70, 61), holes=True, **options):
    cube = RNG.uniform(100, 1000, shape).astype(np.float32)
    if holes:
        cube[:, 20:33, 30:52] = np.nan
        cube[:, 60:, :9] = np.nan
        cube[2, 5:9, 5:9] = np.nan
    return _write(path, cube, nodata=np.nan, **options)


def _run(src, dst, **options):
    resolver = options.pop("resolver", BicubicResolver(2))
    report = super_resolve(src, dst, resolver=resolver, **options)
    return read_pixels(dst), report


EVERY = 4  # bands, which are made alike


@pytest.fixture(scope="module")
def large(scenes):
    """The largest scene, 42 % of it holes: every fourth band."""
    with rasterio.open(scenes.mosaic) as dataset:
        chosen = range(1, dataset.count + 1, EVERY)
    return open_raster(scenes.mosaic, bands=",".join(map(str, chosen)))


@pytest.fixture(scope="module")
def mosaic(large, tmp_path_factory):
    """The same by bicubic, twice as fine in tiles of 64."""
    return _run(large, tmp_path_factory.mktemp("mosaic") / "sr.tif", tile=64)[0]


@dataclass
class ShiftResolver:
    """A known answer that needs all of its context: the mean of two pixels 5 rows and cols away.

    It fails on NaN, and counts the tiles that it is asked for by the pixel they start at.
    """

    upscale: int = 2
    name: str = "shift"
    context: int = 5
    ramp: int = 3
    uses_statistics: bool = True
    psf: str = "bicubic"
    seen: list = field(default_factory=list)
    statistics: list = field(default_factory=list)

    @property
    def degradation(self):
        return named(self.psf, self.upscale)

    def provenance(self):
        return {"seed": "7", "degradation": self.psf}

    def fit(self, statistics):
        self.statistics.append(statistics)
        return self._resolve

    def _resolve(self, cube, origin):
        assert np.isfinite(cube).all(), "a resolver must not see holes"
        self.seen.append((*origin, *cube.shape))
        wide = np.pad(cube, ((0, 0), (5, 5), (5, 5)), mode="edge")
        answer = (wide[:, 10:, 10:] + wide[:, :-10, :-10]) / 2
        rows, cols = (np.arange(n) + o for n, o in zip(cube.shape[1:], origin, strict=True))
        answer = answer + 1000 * rows[:, None] + cols  # tells where it was asked
        return answer.repeat(self.upscale, axis=1).repeat(self.upscale, axis=2)


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_bicubic_equals_gdal_cubic(tmp_path, upscale):
    src = _float_scene(tmp_path / "a.tif", holes=False)
    found, _ = _run(
        src, tmp_path / "b.tif", resolver=BicubicResolver(upscale), tile=24, valid_range=ANYTHING
    )
    with rasterio.open(src) as dataset:
        expected = dataset.read(out_shape=found.shape, resampling=Resampling.cubic)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=3e-4)


def test_bicubic_equals_gdal_cubic_on_a_real_scene_away_from_nodata(scenes, mosaic):
    every = slice(0, None, 2)
    with rasterio.open(scenes.mosaic) as dataset:
        bands = range(1, dataset.count + 1, 2 * EVERY)
        shape = len(bands), *mosaic.shape[1:]
        expected = dataset.read(bands, out_shape=shape, resampling=Resampling.cubic)
        holes = dataset.read(1) == dataset.nodata
    near = np.zeros(np.add(holes.shape, 4), bool)
    for down in range(5):
        for right in range(5):
            near[down : down + holes.shape[0], right : right + holes.shape[1]] |= holes
    away = ~near[2:-2, 2:-2].repeat(2, axis=0).repeat(2, axis=1)
    negative = (expected < 0) & (expected != -32768)
    held = negative & (mosaic[every] == 0)  # no input around is negative
    lowest = np.where(held, 0, expected)
    difference = np.abs(mosaic[every].astype(int) - lowest)[:, away]
    assert difference.max() <= 1  # GDAL rounds halves up
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize(("tile", "threads"), [(1, 1), (16, 2), (32, 1), (32, 2), (64, 2)])
def test_the_result_does_not_depend_on_tiles_or_threads(tmp_path, tile, threads):
    shape = (5, 36, 41) if tile == 1 else (5, 70, 61)  # a thousand tiles and more will do
    src = _float_scene(tmp_path / "a.tif", shape, bad=[1])
    for resolver in (BicubicResolver(3), ShiftResolver(3)):
        whole, one = _run(src, tmp_path / "whole.tif", resolver=resolver, tile=999, overwrite=True)
        found, many = _run(
            src, tmp_path / "b.tif", resolver=resolver, tile=tile, threads=threads, overwrite=True
        )
        np.testing.assert_allclose(found, whole, rtol=1e-6, atol=2e-4)
        assert many.consistency_rms == pytest.approx(one.consistency_rms, rel=1e-5)
        assert many.consistency_max == pytest.approx(one.consistency_max, rel=1e-5)


def test_tiling_moves_no_value_of_a_real_scene_by_more_than_one(large, mosaic, tmp_path):
    whole, _ = _run(large, tmp_path / "whole.tif", tile=999)
    difference = np.abs(mosaic.astype(np.int32) - whole)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 0.01


def test_bounds_give_the_same_window_of_the_full_run(tmp_path):
    src = _float_scene(tmp_path / "a.tif")
    resolver = ShiftResolver()
    whole, _ = _run(src, tmp_path / "whole.tif", resolver=resolver, tile=999)
    bounds = (300000 + 170, 5800000 - 520, 300000 + 480, 5800000 - 110)
    found, report = _run(src, tmp_path / "b.tif", resolver=resolver, tile=16, bounds=bounds)
    np.testing.assert_allclose(found, whole[:, 22:104, 34:96], rtol=1e-6)
    assert report.shape == (82, 62)
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert tuple(dataset.bounds) == bounds
    np.testing.assert_array_equal(resolver.statistics[0].mean, resolver.statistics[1].mean)


def test_each_tile_is_inferred_once_from_its_full_context(tmp_path):
    cube = RNG.uniform(1, 1000, (2, 70, 61)).astype(np.float32)
    src = _write(tmp_path / "a.tif", cube)
    resolver = ShiftResolver()
    found, report = _run(
        src, tmp_path / "b.tif", resolver=resolver, tile=16, threads=2, valid_range=ANYTHING
    )
    assert report.tiles == 5 * 4 == len(resolver.seen) == len(set(resolver.seen))
    np.testing.assert_allclose(found, ShiftResolver()._resolve(cube, (0, 0)), rtol=1e-6)


def test_holes_stay_holes_and_nothing_bleeds(tmp_path):
    src = _float_scene(tmp_path / "a.tif")
    lr = read_pixels(src)
    for resolver in (BicubicResolver(3), ShiftResolver(3)):
        found, _ = _run(src, tmp_path / "b.tif", resolver=resolver, tile=16, overwrite=True)
        holes = np.isnan(lr).repeat(3, axis=1).repeat(3, axis=2)
        assert np.array_equal(np.isnan(found), holes)
    bicubic, _ = _run(src, tmp_path / "b.tif", resolver=BicubicResolver(3), overwrite=True)
    assert np.nanmin(bicubic) > -400  # overshoot of 100..1000, far from any nodata value
    assert np.nanmax(bicubic) < 1500


def test_holes_of_a_real_scene_stay_holes(scenes, mosaic):
    lr = read_pixels(scenes.mosaic)[::EVERY]
    holes = (lr == -32768).repeat(2, axis=1).repeat(2, axis=2)
    assert holes.any()
    assert np.array_equal(mosaic == -32768, holes)
    assert mosaic[~holes].min() > lr[lr != -32768].min() - 3000


def test_bad_and_empty_bands_are_interpolated_and_never_reach_the_resolver(tmp_path):
    cube = RNG.uniform(100, 1000, (5, 20, 20)).astype(np.float32)
    cube[3] = np.nan
    cube[1, 3:6, 3:6] = np.nan
    src = _write(tmp_path / "a.tif", cube, bad=[1, 4], nodata=np.nan)
    resolver = ShiftResolver()
    lines = []
    found, _ = _run(src, tmp_path / "b.tif", resolver=resolver, log=lines.append)
    bicubic, _ = _run(src, tmp_path / "c.tif")
    assert resolver.seen[0][2:] == (2, 20, 20)
    assert len(resolver.statistics[0].mean) == 2
    assert np.array_equal(found[[1, 3, 4]], bicubic[[1, 3, 4]], equal_nan=True)
    assert any("3 of 5 bands" in line for line in lines)


@pytest.mark.parametrize(
    ("values", "bad", "warning"),
    [
        (np.nan, [], "no valid pixel"),
        (np.nan, [0, 1], "no valid pixel"),
        (5, [0, 1], "no good band"),
    ],
)
def test_nothing_for_the_resolver_gives_a_correct_raster_and_a_warning(
    tmp_path, values, bad, warning
):
    src = _write(tmp_path / "a.tif", np.full((2, 9, 9), values, np.float32), bad=bad, nodata=np.nan)
    resolver = ShiftResolver()
    found, report = _run(src, tmp_path / "b.tif", resolver=resolver)
    np.testing.assert_allclose(found, np.full((2, 18, 18), values), rtol=1e-6)
    assert resolver.seen == []
    assert warning in report.warnings[0]
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert dataset.tags()["HSISR_MODEL"] == "bicubic"


def test_bands_that_are_never_valid_together_are_interpolated(tmp_path):
    cube = RNG.uniform(100, 1000, (2, 10, 10)).astype(np.float32)
    cube[0, :5] = cube[1, 5:] = np.nan
    resolver = ShiftResolver()
    src = _write(tmp_path / "a.tif", cube, nodata=np.nan)
    _, report = _run(src, tmp_path / "b.tif", resolver=resolver)
    assert resolver.seen == []
    assert "no pixel is valid" in report.warnings[0]


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 90), (3, 90, 1), (2, 2, 3)])
def test_scenes_smaller_than_a_tile_and_thin_ones(tmp_path, shape):
    src = _write(tmp_path / "a.tif", np.full(shape, 7, np.int16), nodata=-1)
    found, report = _run(src, tmp_path / "b.tif", resolver=BicubicResolver(4), tile=32)
    assert found.shape == (shape[0], 4 * shape[1], 4 * shape[2])
    assert (found == 7).all()
    assert report.shape == found.shape[1:]


def test_the_file_says_how_it_was_made(tmp_path):
    src = _float_scene(tmp_path / "a.tif")
    _, report = _run(src, tmp_path / "b.tif", resolver=ShiftResolver())
    with rasterio.open(tmp_path / "b.tif") as dataset:
        tags = {key: value for key, value in dataset.tags().items() if key.startswith("HSISR_")}
    assert tags.pop("HSISR_VERSION")
    assert len(tags.pop("HSISR_FINGERPRINT")) == 64
    assert float(tags.pop("HSISR_CONSISTENCY_RMS")) == pytest.approx(
        report.consistency_rms, rel=1e-3
    )
    assert float(tags.pop("HSISR_CONSISTENCY_MAX")) == pytest.approx(
        report.consistency_max, rel=1e-3
    )
    assert float(tags.pop("HSISR_CONSISTENCY_RELATIVE")) > 0
    assert float(tags.pop("HSISR_VALUES_CUT")) == pytest.approx(report.values_cut, rel=1e-3)
    assert tags == {
        "HSISR_MODEL": "shift",
        "HSISR_UPSCALE": "2",
        "HSISR_VALID_RANGE": "default",
        "HSISR_SOURCE": "a.tif",
        "HSISR_SEED": "7",
        "HSISR_DEGRADATION": "bicubic",
    }


def test_consistency_is_that_of_the_values_as_written(tmp_path):
    # 12.4 is written as 12, so the file is off by 2.0 and not by 2.4.
    src = _write(tmp_path / "a.tif", np.full((1, 20, 20), 10, np.int16))

    class Off(ShiftResolver):
        def _resolve(self, cube, origin):
            return np.full((1, 2 * cube.shape[1], 2 * cube.shape[2]), 12.4, np.float32)

    _, report = _run(src, tmp_path / "b.tif", resolver=Off(), valid_range=ANYTHING)
    assert report.consistency_rms == pytest.approx(2.0, abs=1e-5)
    assert report.consistency_max == pytest.approx(2.0, abs=1e-5)


def test_missing_wavelengths_are_no_error_but_said(tmp_path):
    src = _float_scene(tmp_path / "a.tif", wavelengths=False)
    lines = []
    _run(src, tmp_path / "b.tif", log=lines.append)
    assert "no wavelengths known: bands are taken in file order" in lines
    with rasterio.open(src, "r+") as dataset:
        dataset.update_tags(1, wavelength=500, wavelength_units="Nanometers")
    _run(src, tmp_path / "c.tif", log=lines.append)
    assert "not all wavelengths known: bands are taken in file order" in lines


def test_transparency_is_a_mask_with_sharp_edges_and_no_band(tmp_path):
    cube = RNG.integers(100, 3000, (5, 20, 24), np.int16)
    cube[1] = 255
    cube[1, 5:9, 3:11] = 0
    src = _write(tmp_path / "a.tif", cube, alpha="YES")  # the first beyond gray
    dn, _ = _run(src, tmp_path / "b.tif")
    np.testing.assert_array_equal(dn[1], cube[1].repeat(2, axis=0).repeat(2, axis=1))
    assert (dn[:, 10:18, 6:22] == 0).all()
    with rasterio.open(src) as lr, rasterio.open(tmp_path / "b.tif") as sr:
        assert sr.colorinterp == lr.colorinterp
        assert sr.mask_flag_enums == lr.mask_flag_enums
    opaque = cube.copy()
    opaque[1] = 255
    opaque[:, 5:9, 3:11] = -9999
    expected, _ = _run(_write(tmp_path / "c.tif", opaque, nodata=-9999), tmp_path / "d.tif")
    valid = dn[1] == 255
    for band in (0, 2, 3, 4):  # it bleeds into its surroundings no more than nodata does
        np.testing.assert_array_equal(dn[band][valid], expected[band][valid])


def test_progress_counts_every_tile_in_the_calling_thread(tmp_path):
    calls, callers = [], set()

    def progress(done, total):
        calls.append((done, total))
        callers.add(threading.get_ident())

    src = _float_scene(tmp_path / "a.tif")
    _run(src, tmp_path / "b.tif", tile=32, threads=2, progress=progress)
    assert calls == [(done, 6) for done in range(7)]
    assert callers == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2])
def test_parts_of_tiles_under_way_are_told_meanwhile(tmp_path, monkeypatch, threads):
    """A tile that waits after each of three parts until it was told."""
    monkeypatch.setattr(listener, "_EVERY_S", 0.001)
    told, heard = [], threading.Event()

    class Slow(ShiftResolver):
        def fit_parts(self, statistics, given_up):
            one = alone(self.fit(statistics), self.upscale)

            def in_parts(cube, origin, part):
                for _ in range(3):
                    given_up.advance(0.25)
                    assert heard.wait(5)
                    heard.clear()
                return one(cube, origin, part)

            return in_parts

    def within(done, total):
        told.append((done, total))
        heard.set()

    monkeypatch.setattr(assignment, "in_parts", lambda r, found, watch: r.fit_parts(found, watch))
    src = _write(tmp_path / "a.tif", np.ones((1, 30, 30), np.float32))
    super_resolve(src, tmp_path / "b.tif", resolver=Slow(), tile=32, threads=threads, within=within)
    assert told == [(0.25, 1), (0.5, 1), (0.75, 1)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("error", [Canceled("stopped"), KeyboardInterrupt()])
def test_a_run_that_is_canceled_leaves_nothing(tmp_path, threads, error):
    def cancel(done, total):
        if done == 3:
            raise error

    src = _float_scene(tmp_path / "a.tif")
    (tmp_path / "out").mkdir()
    with pytest.raises(type(error)):
        _run(src, tmp_path / "out" / "b.tif", tile=16, threads=threads, progress=cancel)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_a_resolver_that_fails_leaves_nothing(tmp_path, threads):
    class Broken(ShiftResolver):
        def _resolve(self, cube, origin):
            raise MemoryError("too large")

    src = _float_scene(tmp_path / "a.tif")
    (tmp_path / "out").mkdir()
    with pytest.raises(MemoryError):
        _run(src, tmp_path / "out" / "b.tif", resolver=Broken(), tile=16, threads=threads)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_existing_output_is_refused_before_any_work(tmp_path):
    src = _float_scene(tmp_path / "a.tif")
    resolver = ShiftResolver()
    _run(src, tmp_path / "b.tif", resolver=resolver)
    before = (tmp_path / "b.tif").read_bytes(), len(resolver.statistics)
    with pytest.raises(OutputError, match="exists"):
        _run(src, tmp_path / "b.tif", resolver=resolver)
    assert before == ((tmp_path / "b.tif").read_bytes(), len(resolver.statistics))


@pytest.mark.parametrize("option", ["tile", "threads"])
def test_options_out_of_range_are_named(tmp_path, option):
    src = _float_scene(tmp_path / "a.tif")
    with pytest.raises(OptionError, match=option):
        _run(src, tmp_path / "b.tif", **{option: 0})


def test_bounds_beside_the_scene_and_missing_scenes_are_errors(tmp_path):
    src = _float_scene(tmp_path / "a.tif")
    with pytest.raises(RasterError, match=r"do not touch .*: give them in WGS 84 / UTM zone"):
        _run(src, tmp_path / "b.tif", bounds=(0, 0, 1, 1))
    with pytest.raises(RasterError, match="no such file"):
        _run(tmp_path / "none.tif", tmp_path / "b.tif")


def test_with_little_memory_gdal_keeps_fewer_blocks(tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_CACHEMAX", "128")
    src = _float_scene(tmp_path / "scene.tif")
    for name, memory, kept in (("a", 480_000_000, 15_000_000), ("b", None, 128 << 20)):
        _run(src, tmp_path / f"{name}.tif", memory=memory)
        assert get_gdal_config("GDAL_CACHEMAX") == kept
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.tif"), read_pixels(tmp_path / "b.tif"))
    monkeypatch.setenv("GDAL_CACHEMAX", "64")  # its user's, which GDAL saw when it began
    _run(src, tmp_path / "c.tif", memory=480_000_000)
    assert get_gdal_config("GDAL_CACHEMAX") == 128 << 20


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="files are counted by /proc")
def test_while_tiles_are_computed_only_who_reads_them_has_the_scene_open(tmp_path):
    src = _float_scene(tmp_path / "scene.tif")
    opened = []

    def count(*_: int) -> None:
        files = [os.path.realpath(file) for file in Path("/proc/self/fd").iterdir()]
        opened.append(files.count(str(src.resolve())))

    _run(src, tmp_path / "finer.tif", tile=32, progress=count)
    assert max(opened) == 1
