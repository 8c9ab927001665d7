"""The cost of tiling, blending and writing beside other tools': the same array, x2, no network.

    python benchmarks/peers.py [--side 400] [--bands 100] [--peers ENVIRONMENT/bin/python]

Ours interpolates (bicubic, with the scan, the blending and the consistency check of every run);
`gdalwarp -r cubic` is the floor for reading, interpolating and writing a GeoTIFF; rioxarray
does the same in memory; opensr-utils runs its own tiling and blending around bilinear
interpolation. Peers that are not installed are left out:

    pip install torch rasterio rioxarray pytorch-lightning einops omegaconf requests scikit-image
    pip install --no-deps opensr-utils    # its torchvision is not needed for this

Tools run in turn, each in a process of its own on one core, `--runs` times; figures are medians.
Bytes are those of system calls; what a tool reads through a memory map is not among them.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OURS = "hsisr-geo, bicubic"
RIOXARRAY = """
import sys, rioxarray
from rasterio.enums import Resampling
src, dst = sys.argv[1:]
scene = rioxarray.open_rasterio(src)
rows, cols = scene.rio.shape
fine = scene.rio.reproject(scene.rio.crs, shape=(2 * rows, 2 * cols), resampling=Resampling.cubic)
fine.rio.to_raster(dst, tiled=True, compress="zstd", zstd_level=3, predictor=2, interleave="band",
                   bigtiff="if_safer")
"""
OPENSR = """
import sys, opensr_utils
src, dst = sys.argv[1:]
opensr_utils.super_resolve(src, output=dst, factor=2, device="cpu", overwrite=True)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds, bytes of peak memory, bytes of its system calls."""

    wall: float
    cpu: float
    peak: int
    read: int
    written: int


def measure(command: Sequence[str], folder: Path) -> Cost:
    """Run a command to its end; bytes are those of the process and of all it waited for."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "GDAL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with (folder / "said").open("w+") as said:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=folder, env=os.environ | one, stdout=said, stderr=said
        )
        os.sched_setaffinity(child.pid, {max(os.sched_getaffinity(0))})
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - began
        counted = Path(f"/proc/{child.pid}/io").read_text().splitlines()
        moved = dict(line.split(": ") for line in counted)
        _, status, used = os.wait4(child.pid, 0)
        if status:
            said.seek(0)
            raise RuntimeError(f"{command[0]} failed: {said.read()[-800:]}")
    cpu = used.ru_utime + used.ru_stime
    return Cost(wall, cpu, used.ru_maxrss << 10, int(moved["rchar"]), int(moved["wchar"]))


def write_scene(path: Path, side: int, bands: int) -> None:
    """Write a GeoTIFF of smooth fields with noise, as blocks of single bands."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    rng = np.random.default_rng(0)
    coarse = rng.uniform(500, 5000, (5, side // 16 + 1, side // 16 + 1))
    fields = coarse.repeat(16, 1).repeat(16, 2)[:, :side, :side]
    size = {"width": side, "height": side, "count": bands, "dtype": "uint16"}
    place = {"crs": "EPSG:32633", "transform": from_origin(5e5, 5e6, 30, 30)}
    layout = {"tiled": True, "compress": "zstd", "predictor": 2, "interleave": "band"}
    with rasterio.open(path, "w", driver="GTiff", **size, **place, **layout) as dataset:
        for band in range(bands):
            weights = rng.dirichlet(np.ones(5))
            plane = np.tensordot(weights, fields, 1) + rng.normal(0, 30, (side, side))
            dataset.write(plane.clip(1, 10000).astype("uint16"), band + 1)


def commands(src: Path, folder: Path, peers: str) -> dict[str, list[str]]:
    """Return the command of each tool that is there; each writes a file of its own."""
    script = "from hsisr_geo.cli.main import main; main()"
    run = ["run", str(src), str(folder / "ours.tif"), "--upscale", "2", "--model", "bicubic"]
    found = {OURS: [sys.executable, "-c", script, *run, "--overwrite", "--tile", "128"]}
    if warp := shutil.which("gdalwarp"):
        with_rasterio = ["-co", "TILED=YES", "-co", "COMPRESS=ZSTD", "-co", "ZSTD_LEVEL=3"]
        options = [*with_rasterio, "-co", "PREDICTOR=2", "-co", "INTERLEAVE=BAND"]
        fine = ["-tr", "15", "15", "-r", "cubic", "-overwrite", "-wm", "256"]
        found["gdalwarp -r cubic"] = [warp, "-q", *fine, *options, str(src), str(folder / "w.tif")]
    for name, module, script in (
        ("rioxarray", "rioxarray", RIOXARRAY),
        ("opensr-utils, bilinear", "opensr_utils.pipeline", OPENSR),
    ):
        there = [peers, "-c", f"import {module}"]
        if subprocess.run(there, capture_output=True, check=False).returncode == 0:
            found[name] = [peers, "-c", script, str(src), str(folder / f"{module}.tif")]
    return found


def main() -> None:
    """Print a row for each tool, with ratios to ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=400)
    parser.add_argument("--bands", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scene(folder / "scene.tif", options.side, options.bands)
        tools = commands(folder / "scene.tif", folder, options.peers)
        costs: dict[str, list[Cost]] = {tool: [] for tool in tools}
        for _ in range(options.runs):
            for tool, command in tools.items():
                costs[tool].append(measure(command, folder))
    samples = 4 * options.side**2 * options.bands
    print(f"{options.side} x {options.side} x {options.bands} uint16, x2\n")
    print("| tool | wall, s | × ours | cpu, s | peak memory, MB | bytes moved per output sample |")
    print("|---|---|---|---|---|---|")
    ours = statistics.median(cost.wall for cost in costs[OURS])
    for tool, found in costs.items():
        wall, cpu = (statistics.median(getattr(c, n) for c in found) for n in ("wall", "cpu"))
        peak = max(cost.peak for cost in found) >> 20
        moved = statistics.median((cost.read + cost.written) / samples for cost in found)
        print(f"| {tool} | {wall:.1f} | {wall / ours:.2f} | {cpu:.1f} | {peak} | {moved:.1f} |")


if __name__ == "__main__":
    main()
