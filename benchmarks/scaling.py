"""One process against several: time, and whether the files are equal to the last byte.

    python benchmarks/scaling.py [--workers 1 2] [--model back-projection] [--side 512] [--bands 60]

Each process has one core (OMP_NUM_THREADS=1), so the figures tell what processes add; starting
workers takes seconds and is part of the time, so a scene must be large to gain.
"""

import argparse
import hashlib
import tempfile
from pathlib import Path

from trials import command, measure, print_table, write_scene


def main() -> None:
    """Run with each number of workers and print a row for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--model", default="back-projection")
    options.add_argument("--side", type=int, default=512)
    options.add_argument("--bands", type=int, default=60)
    options.add_argument("--tile", type=int, default=64)
    chosen = options.parse_args()
    rows, first, digest = [], 0.0, ""
    with tempfile.TemporaryDirectory() as folder:
        src = Path(folder) / "scene.tif"
        write_scene(src, chosen.side, chosen.side, chosen.bands)
        for workers in chosen.workers:
            dst = Path(folder) / f"{workers}.tif"
            how = ["--upscale", "2", "--model", chosen.model, "--tile", str(chosen.tile)]
            took = measure(command(src, dst, *how, "--workers", str(workers)), OMP_NUM_THREADS="1")
            with dst.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            first, digest = first or took.wall, digest or found
            same = "yes" if found == digest else "NO"
            rows.append([workers, took.result["tiles"], f"{took.wall:.1f} s",
                         f"{first / took.wall:.2f}", same])  # fmt: skip
    print_table(["processes", "tiles", "time", "faster", "same bytes"], rows)


if __name__ == "__main__":
    main()
