"""How long it takes until something happens: help, information, the first tile.

python benchmarks/startup.py [--runs 5]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from trials import command, measure, print_table, write_scene


def main() -> None:
    """Time each command some times and print medians."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    program = [sys.executable, "-m", "hsisr_geo.cli"]
    with tempfile.TemporaryDirectory() as folder:
        src, dst = Path(folder) / "scene.tif", Path(folder) / "fine.tif"
        write_scene(src, 16, 16, 20)
        run = ["--upscale", "2", "--overwrite"]
        commands = {
            "--help": [*program, "--help"],
            "info": [*program, "info", str(src)],
            "models": [*program, "models"],
            "run of 16 x 16 pixels, bicubic": command(src, dst, *run, "--model", "bicubic"),
            "the same, default model": command(src, dst, *run),
            "the same, two workers": command(src, dst, *run, "--workers", "2"),
        }
        rows = []
        for name, line in commands.items():
            took = [measure(line, OMP_NUM_THREADS="1") for _ in range(chosen.runs)]
            wall = statistics.median(t.wall for t in took)
            rows.append([name, f"{wall:.2f} s"])
    print_table(["command", "time"], rows)


if __name__ == "__main__":
    main()
