"""Outputs written by several threads: really at the same time, and the same to the last byte."""

import threading

import numpy as np
import pytest
import rasterio

from hsisr_geo.api import super_resolve
from hsisr_geo.engine.workers import Workers
from hsisr_geo.errors import Canceled
from hsisr_geo.journal.blocks import TileBlocks
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.formats.blocks import for_each
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.formats.summary import Tally
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.interpolation import BackProjectionResolver

SQUARE = {"BLOCKXSIZE": "16", "BLOCKYSIZE": "16"}
OUTPUTS = {
    "sr.zarr": WriteOptions("zarr", {"BLOCKSIZE": "3,16,16"}),
    "sr.vrt": WriteOptions("vrt", {"PARTSIZE": "32", **SQUARE}),
    "sr.tif": WriteOptions("gtiff", SQUARE),
    "sr.tiff": WriteOptions("cog", SQUARE),
    "sr.img": WriteOptions("envi"),
}
CONCURRENT = ["sr.zarr", "sr.vrt"]
PATIENCE = 20


@pytest.fixture(scope="module")
def src(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    cube = np.random.default_rng(0).integers(1, 3000, (5, 50, 70), np.uint16)
    cube[:, 20:40, 30:41] = 0  # a hole, through the borders of blocks
    with rasterio.open(
        path, "w", driver="GTiff", count=5, height=50, width=70, dtype="uint16", nodata=0,
        crs="EPSG:32633", transform=rasterio.Affine(30, 0, 3e5, 0, -30, 5e6),
    ) as file:  # fmt: skip
        file.write(cube)
    return path


def _files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", OUTPUTS)
def test_several_threads_write_the_same_bytes_as_one(src, tmp_path, name):
    found = []
    for threads in (1, 3):
        folder = tmp_path / str(threads)
        folder.mkdir()
        super_resolve(
            src, folder / name, resolver=BackProjectionResolver(2), tile=16, threads=threads,
            write=OUTPUTS[name],
        )  # fmt: skip
        found.append(_files(folder))
    assert found[0] == found[1]


class Meeting:
    """Blocks that are handed out only when two are asked for at the same time."""

    block = 16

    def __init__(self, raster):
        self._raster = raster
        self.barrier = threading.Barrier(2)

    def blocks(self, shape):
        for row in range(0, shape[0], 16):
            for col in range(0, shape[1], 16):
                yield slice(row, min(row + 16, shape[0])), slice(col, min(col + 16, shape[1]))

    def read(self, rows, cols, bands=slice(None)):
        self.barrier.wait(PATIENCE)
        shape = rows.stop - rows.start, cols.stop - cols.start
        return np.ones((len(self._raster.bands), *shape), "uint16"), np.ones(shape, bool)


@pytest.mark.parametrize("name", CONCURRENT)
def test_blocks_are_read_and_written_at_the_same_time(src, tmp_path, name):
    raster = open_raster(src).upscaled(2, slice(0, 32), slice(0, 64))  # 64 x 128: 8 parts
    target = Target(tmp_path / name, raster, write=OUTPUTS[name])
    with open_outputs([target]) as (draft,):
        draft.fill(Meeting(raster), threads=2)
    assert (tmp_path / name).exists()


def test_figures_do_not_depend_on_the_order_in_which_blocks_are_read(src):
    raster = open_raster(src)
    values = np.random.default_rng(1).normal(1000, 300, (5, 50, 70)).astype("uint16")

    class Blocks(Meeting):
        def read(self, rows, cols, bands=slice(None)):
            return values[:, rows, cols], np.ones(values[0, rows, cols].shape, bool)

    blocks = list(Blocks(raster).blocks(raster.shape))
    summaries = []
    for order in (blocks, blocks[::-1], blocks[1::2] + blocks[::2]):
        tally = Tally(raster, Blocks(raster))
        for block in order:
            tally.read(*block)
        summaries.append(tally.summaries())
    assert summaries[0] == summaries[1] == summaries[2]
    assert summaries[0][0].mean == pytest.approx(values[0][values[0] > 0].mean(), rel=1e-12)


def test_each_item_is_worked_on_once_and_several_at_a_time():
    barrier, done = threading.Barrier(3), []

    def work(item):
        barrier.wait(PATIENCE)
        done.append(item)

    for_each(work, iter(range(9)), 3)
    assert sorted(done) == list(range(9))


def test_after_an_error_no_item_is_begun():
    begun = []

    def work(item):
        begun.append(item)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        for_each(work, range(100), 1)
    assert begun == [0]


def test_an_error_of_one_thread_ends_them_all(src, tmp_path):
    class Broken(Meeting):
        def read(self, rows, cols, bands=slice(None)):
            if rows.start >= 32:
                raise OSError("a block is gone")
            return super().read(rows, cols)

    raster = open_raster(src).upscaled(2, slice(0, 32), slice(0, 64))
    target = Target(tmp_path / "sr.zarr", raster, write=OUTPUTS["sr.zarr"])
    with (
        pytest.raises(Exception, match="a block is gone"),
        open_outputs([target]) as (draft,),
    ):
        draft.fill(Broken(raster), threads=2)
    assert list(tmp_path.iterdir()) == []


def test_as_many_threads_write_as_tiles_are_made_at_a_time():
    assert Workers().writers == 1
    assert Workers(number=2, threads=3).writers == 6
    assert 1 <= Workers(threads=3, scheduler="tcp://node1:8786").writers <= 8


@pytest.mark.parametrize("name", CONCURRENT)
def test_a_canceled_run_ends_all_threads_and_leaves_nothing(src, tmp_path, name):
    def cancel(done, tiles):
        if done == 3:
            raise Canceled("enough")

    with pytest.raises(Canceled, match="enough"):
        super_resolve(
            src, tmp_path / name, resolver=BackProjectionResolver(2), tile=16, threads=3,
            write=OUTPUTS[name], progress=cancel,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []
    assert not [t for t in threading.enumerate() if t.name.startswith(("writing", "assembly"))]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_block_written_in_groups_of_bands_makes_the_same_bytes(src, tmp_path, name, monkeypatch):
    found, asked, read = [], [], TileBlocks.read

    def spied(blocks, rows, cols, bands):
        asked.append(bands)
        return read(blocks, rows, cols, bands)

    monkeypatch.setattr(TileBlocks, "read", spied)
    for most in (1 << 23, 1 << 11):
        monkeypatch.setattr("hsisr_geo.output.formats.format.AT_ONCE", most)
        asked.clear()
        folder = tmp_path / str(most)
        folder.mkdir()
        super_resolve(
            src, folder / name, resolver=BackProjectionResolver(2), tile=16, write=OUTPUTS[name]
        )
        found.append(_files(folder))
    assert asked[0].stop < 5
    assert asked[0] != asked[1]
    assert found[0] == found[1]
