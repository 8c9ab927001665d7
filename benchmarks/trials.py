"""What benchmarks of the engine share: made-up scenes, runs in processes of their own, a table."""

import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

STRIP = 128


@dataclass(frozen=True)
class Taken:
    """What a process took: wall and CPU seconds, peak bytes, bytes of its system calls."""

    wall: float
    cpu: float
    peak: int
    read: int
    written: int
    result: dict


def write_scene(path: Path, rows: int, cols: int, bands: int, **creation: str) -> None:
    """Write a tiled uint16 GeoTIFF of slow waves with noise, a few rows at a time.

    `creation` are further options of rasterio for the file, such as compress="deflate".
    """
    wave = 1 + 0.5 * np.sin(np.arange(bands) / 17)[:, None, None]
    place = {"crs": "EPSG:32633", "transform": Affine(30, 0, 300000, 0, -30, 5800000)}
    blocks = {
        "tiled": True,
        "blockxsize": STRIP,
        "blockysize": STRIP,
        "interleave": "pixel",
    } | creation
    shape = {"count": bands, "height": rows, "width": cols, "dtype": "uint16", "nodata": 0}
    with rasterio.open(
        path, "w", driver="GTiff", bigtiff="if_safer", **place, **blocks, **shape
    ) as f:
        for band in range(bands):
            f.update_tags(band + 1, wavelength=400 + 8 * band, wavelength_units="Nanometers")
        for top in range(0, rows, STRIP):
            y = np.arange(top, min(top + STRIP, rows))[:, None]
            ground = 2000 + 900 * np.sin(y / 31) * np.cos(np.arange(cols) / 23)
            noise = np.random.default_rng(top).integers(0, 64, (bands, *ground.shape))
            f.write((ground * wave + noise).astype(np.uint16), window=Window(0, top, cols, len(y)))


def write_scene_apart(*arguments: object) -> None:
    """Write a scene in a process of its own.

    A child's peak memory is at least that of the process that starts it, which must stay small.
    """
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=write_scene, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("the scene could not be written")


def command(src: Path, dst: Path, *options: str) -> list[str]:
    """Return the command line of a run."""
    run = [sys.executable, "-m", "hsisr_geo.cli", "run", str(src), str(dst)]
    return [*run, "--progress", "json", *options]


def measure(command: Sequence[str], **environment: str) -> Taken:
    """Run to the end; what is counted is of the process and of all that it waited for."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    ) as child:
        last = list(child.stdout)[-1:]
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - began
        lines = Path(f"/proc/{child.pid}/io").read_text().splitlines()
        moved = {name: int(value) for name, value in (line.split(": ") for line in lines)}
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"exit code {child.returncode} of {' '.join(command)}")
    result = json.loads(last[0]) if last and last[0].startswith("{") else {}
    cpu = used.ru_utime + used.ru_stime
    return Taken(wall, cpu, used.ru_maxrss << 10, moved["rchar"], moved["wchar"], result)


def machine() -> str:
    """Say in a few words what this machine is."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown, and the machine below it."""
    for cells in (columns, ["---"] * len(columns), *rows):
        print("| " + " | ".join(map(str, cells)) + " |")
    print(f"\n{machine()}", flush=True)
