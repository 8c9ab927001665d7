"""The tile that is chosen fits; what a run takes grows with what makes it take more."""

from pathlib import Path

import pytest
from affine import Affine

from hsisr_geo.api import super_resolve
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.cube.degradation import Degradation, named
from hsisr_geo.cube.windows import Window, area
from hsisr_geo.engine.grid import cut
from hsisr_geo.engine.outlook import estimate as module
from hsisr_geo.engine.outlook.estimate import (
    TILES,
    choose_tile,
    estimate_seconds,
    machine_memory,
)
from hsisr_geo.engine.outlook.footprint import footprint, made_of
from hsisr_geo.engine.workers import Workers
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.protocol import Cost, PartResolver, TileFunction

GB = 10**9


class Costly(BicubicResolver):
    """Bicubic that says it takes a kilobyte and ten units of work for each pixel it reads."""

    places, on_cpu = 1, True

    def fit_parts(self, *_: object) -> TileFunction:
        raise NotImplementedError

    def cost(self, bands: int, shape: tuple[int, int], part: Window, samples: int = 0) -> Cost:
        pixels = shape[0] * shape[1] * (1 + samples)
        return Cost(pixels, 10.0 * pixels, 1000 * pixels)

    def speed(self, bands: int) -> float:
        return 1e6

    def pinned(self, number: int) -> "Costly":
        return self

    def sampled(self, samples: int) -> "Costly":
        return self


class OnGpu(Costly):
    places, on_cpu = 2, False


def _raster(rows: int = 1300, cols: int = 1200, bands: int = 224) -> Raster:
    return Raster(
        path="scene.tif",
        driver="GTiff",
        shape=(rows, cols),
        crs=None,
        transform=Affine.identity(),
        dtype="int16",
        bands=Bands((Band(),) * bands),
    )


@pytest.mark.parametrize("make", [BicubicResolver, Costly])
@pytest.mark.parametrize("memory", [GB, 4 * GB])
def test_the_largest_tile_that_fits_is_chosen(make: type[BicubicResolver], memory: int) -> None:
    raster, resolver = _raster(), make(4)
    side = choose_tile(raster, resolver, memory=memory)
    larger = TILES[TILES.index(side) - 1]

    def need(tile: int) -> int:
        return footprint(raster, resolver, cut(raster, resolver, tile=tile), threads=1).host

    assert need(side) <= memory < need(larger) or side == 256


def test_less_memory_more_bands_or_threads_make_smaller_tiles() -> None:
    def chosen(bands: int = 224, upscale: int = 4, **options: int) -> int:
        return choose_tile(_raster(bands=bands), Costly(upscale), **{"memory": 2 * GB, **options})

    assert chosen(memory=GB) < chosen(memory=4 * GB)
    assert chosen(where=Workers(threads=4)) < chosen()
    assert chosen(where=Workers(4)) < chosen()
    assert chosen(bands=448) < chosen()
    assert chosen(memory=GB) < chosen(memory=GB, upscale=2)
    assert chosen(samples=8) < chosen()
    assert chosen(memory=1) == TILES[-1]


def test_a_small_scene_is_shared_by_all_workers() -> None:
    raster, resolver = _raster(400, 400, 4), Costly(2)
    side = choose_tile(raster, resolver, where=Workers(4), memory=100 * GB)
    assert len(cut(raster, resolver, tile=side)) >= 16
    assert choose_tile(raster, resolver, memory=100 * GB) == 256


def test_a_gpu_takes_larger_tiles_and_its_memory_is_told_apart() -> None:
    raster = _raster()
    assert choose_tile(raster, OnGpu(2), memory=1000 * GB) == max(TILES)
    grid = cut(raster, OnGpu(2), tile=128)
    apart, together = (footprint(raster, r, grid, threads=1) for r in (OnGpu(2), Costly(2)))
    assert together.device == 0
    assert apart.host + apart.device == together.host


def test_the_part_of_a_tile_that_is_made_is_its_core_with_what_d_reads() -> None:
    gaussian: Degradation = named("gaussian:0.02", 2)
    resolver = BicubicResolver(2, psf=gaussian)
    raster = _raster(200, 200, 1)
    grid = cut(raster, resolver, tile=50)
    tile = grid.tile(1, 1)
    assert gaussian.reach > resolver.ramp
    assert area(made_of(tile, grid, resolver, None)) == (50 + 2 * gaussian.reach) ** 2


def test_a_container_s_limit_is_the_machine_s_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = machine_memory()
    assert 2**28 < whole < 2**50
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(module, "_LIMITS", (str(limit), str(tmp_path / "missing")))
    limit.write_text("123456789\n")
    assert machine_memory() == 123456789
    limit.write_text("max\n")
    assert machine_memory() == whole


def test_the_result_does_not_depend_on_whose_choice_the_tile_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    import rasterio

    path = tmp_path / "scene.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=90, width=70, dtype="float32"
    ) as file:
        file.write(np.random.default_rng(0).normal(size=(2, 90, 70)).astype(np.float32))
    monkeypatch.setattr(module, "machine_memory", lambda: 1)
    report = super_resolve(path, tmp_path / "auto.tif", resolver=BicubicResolver(2))
    assert report.tiles == 3 * 3
    super_resolve(path, tmp_path / "given.tif", resolver=BicubicResolver(2), tile=90)
    ours, given = (rasterio.open(tmp_path / f"{name}.tif").read() for name in ("auto", "given"))
    np.testing.assert_allclose(ours, given, atol=1e-5)


def test_time_follows_work_and_is_shared_by_gpus() -> None:
    raster, scene = _raster(bands=8), _raster(2600, 1200, bands=8)
    resolver = Costly(2)
    one, two = (estimate_seconds(r, resolver, cut(r, resolver, tile=128)) for r in (raster, scene))
    assert two == pytest.approx(2 * one, rel=0.1)
    assert estimate_seconds(raster, resolver, cut(raster, resolver, tile=32)) > one
    gpus = OnGpu(2)
    grid = cut(raster, gpus, tile=128)
    alone, both = (estimate_seconds(raster, gpus, grid, where=Workers(threads=n)) for n in (1, 2))
    assert both == pytest.approx(alone / 2, rel=0.1)


def test_without_a_model_time_follows_what_is_written() -> None:
    raster = _raster(bands=8)
    times = [
        estimate_seconds(raster, r, cut(raster, r, tile=128)) for r in map(BicubicResolver, (2, 4))
    ]
    assert times[1] == pytest.approx(4 * times[0])


_: type[PartResolver] = Costly
