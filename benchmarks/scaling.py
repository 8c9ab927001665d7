"""One process against several: time, and whether the files are equal to the last byte.

    python benchmarks/scaling.py [--workers 1 2] [--endings tif zarr] [--side 512] [--bands 60]

Each process has one core (OMP_NUM_THREADS=1), so the figures tell what processes add; starting
workers takes seconds and is part of the time, so a scene must be large to gain.
"""

import argparse
import hashlib
import tempfile
from pathlib import Path

from trials import command, measure, print_table, write_scene


def digest(path: Path) -> str:
    """Return the hash of a file, or of the names and contents of all files in a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(path)).encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def main() -> None:
    """Run with each number of workers in each format and print a row for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--endings", nargs="+", default=["tif", "zarr"])
    options.add_argument("--model", default="back-projection")
    options.add_argument("--side", type=int, default=512)
    options.add_argument("--bands", type=int, default=60)
    options.add_argument("--tile", type=int, default=64)
    chosen = options.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        src = Path(folder) / "scene.tif"
        write_scene(src, chosen.side, chosen.side, chosen.bands)
        how = ["--upscale", "2", "--model", chosen.model, "--tile", str(chosen.tile)]
        for ending in chosen.endings:
            first, expected = 0.0, ""
            for workers in chosen.workers:
                dst = Path(folder) / f"{workers}.{ending}"
                line = command(src, dst, *how, "--workers", str(workers))
                took, found = measure(line, OMP_NUM_THREADS="1"), digest(dst)
                first, expected = first or took.wall, expected or found
                rows.append([ending, workers, took.result["tiles"], f"{took.wall:.1f} s",
                             f"{first / took.wall:.2f}",
                             "yes" if found == expected else "NO"])  # fmt: skip
    print_table(["format", "processes", "tiles", "time", "faster", "same bytes"], rows)


if __name__ == "__main__":
    main()
