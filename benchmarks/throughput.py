"""What the engine adds to the method itself: time, bytes moved, and the tiles of huge scenes.

    python benchmarks/throughput.py [--model default] [--side 256] [--bands 100] [--tile 128]

1. Wall time of a run beside that of its method alone: the same tiles, read beforehand, and nothing
   measured, blended or written. 2. Bytes that a run reads and writes for each sample of its uint16
   output: of system calls, and what it looks at through memory maps, which is each sample once.
3. Seconds to write a raster whose pixels are there, by one thread and by several, in each format.
4. Wall time on a compressed input with the next window read ahead, and read when it is needed.
5. Time to lay out a run of 100 000 tiles and hand out the first. `peers.py` has the others' bytes.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from trials import command, measure, print_table, write_scene

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.cube.windows import BLOCK, Window, blocks
from hsisr_geo.engine import compute, local
from hsisr_geo.journal.index import TileIndex
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.load import load_resolver


def timed_run(src: Path, dst: Path, model: str, tile: int) -> tuple[float, float]:
    """Return seconds of a whole run in this process, and those within the method."""
    inside: list[float] = []

    def timed(resolve: Callable) -> Callable:
        def wrapper(*args: object) -> object:
            began = time.perf_counter()
            try:
                return resolve(*args)
            finally:
                inside.append(time.perf_counter() - began)

        return wrapper

    original = compute.run

    def run(work, *args, **options):
        method = replace(work.method, resolve=timed(work.method.resolve))
        original(replace(work, method=method), *args, **options)

    compute.run = run
    try:
        resolver = load_resolver(model, upscale=2)
        report = super_resolve(src, dst, resolver=resolver, tile=tile, overwrite=True)
    finally:
        compute.run = original
    return report.seconds, sum(inside)


class Noise:
    """Blocks of one noisy square, over and over: pixels that cost nothing but to be written."""

    block = BLOCK

    def __init__(self, bands: int) -> None:
        noise = np.random.default_rng(0).integers(0, 64, (bands, BLOCK, BLOCK), np.uint16)
        self._square = noise + (2000 + 900 * np.sin(np.arange(BLOCK) / 31)).astype(np.uint16)

    def blocks(self, shape: tuple[int, int]) -> Iterator[Window]:
        """Yield all blocks, row by row."""
        return blocks(shape, BLOCK)

    def read(
        self, rows: slice, cols: slice, bands: slice = slice(None)
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return as much of the square as is asked for."""
        size = rows.stop - rows.start, cols.stop - cols.start
        return self._square[bands, : size[0], : size[1]], np.ones(size, bool)


def writing_seconds(src: Path, dst: Path, threads: int) -> float:
    """Return the seconds to write the raster that a run at x2 would write."""
    raster = open_raster(src).upscaled(2)
    options = WriteOptions(creation={"PARTSIZE": "512"} if dst.suffix == ".vrt" else {})
    with open_outputs([Target(dst, raster, write=options)], overwrite=True) as (draft,):
        began = time.perf_counter()
        draft.fill(Noise(len(raster.bands)), threads)
        return time.perf_counter() - began


def writing_rows(src: Path, folder: Path, threads: int, runs: int) -> Iterator[list[str]]:
    """Yield a row for each format."""
    for name in ("zarr", "vrt", "tif"):
        pairs = [[writing_seconds(src, folder / f"written.{name}", n) for n in (1, threads)]
                 for _ in range(runs)]  # fmt: skip
        one, several = np.median(pairs, axis=0)
        yield [name, f"{one:.2f} s", f"{several:.2f} s", f"{one / several:.2f}"]


def reading_seconds(src: Path, dst: Path, tile: int, *, ahead: bool) -> float:
    """Return the seconds of a run with one thread, whose next window is read ahead or not."""
    original = local.one_ahead
    if not ahead:
        local.one_ahead = lambda read, tiles: ((t, partial(read, t)) for t in tiles)
    try:
        resolver = load_resolver("back-projection", upscale=2)
        return super_resolve(src, dst, resolver=resolver, tile=tile, overwrite=True).seconds
    finally:
        local.one_ahead = original


def layout_seconds(tiles: int) -> float:
    """Return the seconds until the first of so many tiles is known to be missing."""
    side = round(tiles**0.5)
    began = time.perf_counter()
    grid = TileGrid.of((64 * side, 64 * side), tile=64, halo=40, ramp=2)
    next(TileIndex(Path("."), grid.shape).missing())
    return time.perf_counter() - began


def tour_seconds(tiles: int) -> float:
    """Return the seconds to name all tiles, one after another, as a run does."""
    side = round(tiles**0.5)
    began = time.perf_counter()
    finished = TileIndex(Path("."), (side, side))
    assert sum(1 for _ in finished.missing()) == side * side
    return time.perf_counter() - began


def main() -> None:
    """Run all five and print a table each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="default")
    options.add_argument("--side", type=int, default=256)
    options.add_argument("--bands", type=int, default=100)
    options.add_argument("--tile", type=int, default=128)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--io-side", type=int, default=512, help="of the scene for 2.")
    options.add_argument("--threads", type=int, default=2, help="for 3.")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        src, dst = Path(folder) / "scene.tif", Path(folder) / "fine.tif"
        write_scene(src, chosen.side, chosen.side, chosen.bands)
        runs = [timed_run(src, dst, chosen.model, chosen.tile) for _ in range(chosen.runs)]
        wall, method = np.median(runs, axis=0)
        ratio = np.median([whole / alone for whole, alone in runs])
        print_table(
            ["scene", "method alone", "whole run", "ratio"],
            [[f"{chosen.side}² x {chosen.bands}, x2, {chosen.model}", f"{method:.2f} s",
              f"{wall:.2f} s", f"{ratio:.2f}"]],
        )  # fmt: skip
        write_scene(src, chosen.io_side, chosen.io_side, chosen.bands)
        took = measure(command(src, dst, "--upscale", "2", "--model", "bicubic", "--overwrite",
                               "--tile", str(chosen.tile)))  # fmt: skip
        written = list(writing_rows(src, Path(folder), chosen.threads, chosen.runs))
        write_scene(src, chosen.io_side, chosen.io_side, chosen.bands, compress="deflate")
        pairs = [[reading_seconds(src, dst, chosen.tile, ahead=a) for a in (True, False)]
                 for _ in range(chosen.runs)]  # fmt: skip
        ahead, needed = np.median(pairs, axis=0)
    samples = (2 * chosen.io_side) ** 2 * chosen.bands
    read, wrote = took.read / samples, took.written / samples
    print_table(
        ["bytes per sample", "read", "through maps", "written", "sum"],
        [["bicubic, x2", f"{read:.2f}", "2.00", f"{wrote:.2f}", f"{read + 2 + wrote:.2f}"]],
    )
    print_table(["format", "one thread", f"{chosen.threads} threads", "faster"], written)
    print_table(
        ["deflated input", "read ahead", "read when needed", "ratio"],
        [[f"{chosen.io_side}² x {chosen.bands}, x2, back-projection", f"{ahead:.2f} s",
          f"{needed:.2f} s", f"{ahead / needed:.2f}"]],
    )  # fmt: skip
    print_table(
        ["tiles", "to the first", "to name all"],
        [[tiles, f"{layout_seconds(tiles) * 1e3:.1f} ms", f"{tour_seconds(tiles) * 1e3:.0f} ms"]
         for tiles in (1_000, 100_000)],
    )  # fmt: skip


if __name__ == "__main__":
    main()
