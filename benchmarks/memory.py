"""Peak memory of a run whatever the size of the scene: areas of 1, 4, 16 and 64 times the first.

    python benchmarks/memory.py          # bicubic, x2, up to 11 GB of output; 15 minutes
    python benchmarks/memory.py --model default --side 192 --bands 64 --tile 64 --cache 4

Each run is a process of its own. What is bounded but not by the tile has to be full in the smallest
scene, too: GDAL's block cache, 128 MB else, is set to 32 MB (--cache), which its 42 MB of input
fill; it has tiles enough for one to have neighbours on all sides; and its output more pixels than
the sample that quantiles are taken from. Sides are multiples of the tile, as tiles are cut
near-equal: those of another side would be smaller. Scenes and outputs lie in a temporary folder and
are removed after each run: the largest takes 22 GB for a while. A network's scenes are small:
--cache 4.
"""

import argparse
import tempfile
from pathlib import Path

from trials import command, measure, print_table, write_scene_apart


def main() -> None:
    """Run all sizes and print a row for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="bicubic")
    options.add_argument("--upscale", type=int, default=2)
    options.add_argument("--side", type=int, default=512, help="pixels of the smallest scene")
    options.add_argument("--bands", type=int, default=80)
    options.add_argument("--areas", type=int, nargs="+", default=[1, 4, 16, 64])
    options.add_argument("--tile", type=int, default=128)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--cache", type=int, default=32, help="of GDAL, in MB")
    options.add_argument("--folder", default=tempfile.gettempdir(), help="where there is room")
    chosen = options.parse_args()
    rows, first = [], None
    for area in chosen.areas:
        side = round(chosen.side * area**0.5)
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            src, dst = Path(folder) / "scene.tif", Path(folder) / "fine.tif"
            write_scene_apart(src, side, side, chosen.bands)
            how = ["--upscale", str(chosen.upscale), "--model", chosen.model]
            how += ["--tile", str(chosen.tile), "--workers", str(chosen.workers)]
            took = measure(command(src, dst, *how), GDAL_CACHEMAX=str(chosen.cache))
        samples = (side * chosen.upscale) ** 2 * chosen.bands
        first = first or took.peak
        rows.append([
            f"{area}x", f"{side}² x {chosen.bands}", f"{2 * samples / 1e9:.2f} GB",
            took.result["tiles"], f"{took.peak / 1e6:.0f} MB", f"{took.peak / first:.2f}",
            f"{took.wall:.0f} s",
        ])  # fmt: skip
    print_table(["area", "scene", "output", "tiles", "peak memory", "of the first", "time"], rows)


if __name__ == "__main__":
    main()
