"""Runs that are killed at random moments, again and again, must come to the same end.

    python benchmarks/recovery.py [--kills 50] [--workers 1] [--seed 0]

Each round starts a run with --resume and kills it (SIGKILL) at a random moment of the time that a
whole run takes; with workers, half of the times a worker that computes tiles instead. A run that
was killed so often that it is complete is compared with an uninterrupted one, pixels and tags, and
the next one begins.
Counted: kills, files that differ, and those of them that a killed run left under the final name.
"""

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import rasterio
from trials import command, measure, print_table, write_scene

MODEL = ["--upscale", "2", "--model", "back-projection", "--tile", "32"]


@dataclass
class Score:
    """What is counted."""

    kills: int = 0
    worker_kills: int = 0
    ends: int = 0
    different: int = 0
    incomplete: int = 0


def same(a: Path, b: Path) -> bool:
    """Whether two rasters have the same pixels and tags."""
    with rasterio.open(a) as one, rasterio.open(b) as other:
        return one.tags() == other.tags() and bool((one.read() == other.read()).all())


def kill_one(run: subprocess.Popen, workers: int, rng: random.Random, score: Score) -> None:
    """Kill the run, or one of its workers as soon as one computes tiles, without a warning."""
    if workers > 1 and rng.random() < 0.5:
        while run.poll() is None:
            if computing := computing_workers(run):
                rng.choice(computing).kill()
                score.worker_kills += 1
                return
            time.sleep(0.05)
    if run.poll() is None:
        run.kill()
        score.kills += 1


def computing_workers(run: subprocess.Popen) -> list[psutil.Process]:
    """Return the processes of a run that have a journal open."""
    found = []
    for child in psutil.Process(run.pid).children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            found += [child] if any(f.path.endswith(".journal") for f in child.open_files()) else []
    return found


def attempt(command_: list[str], at: float, workers: int, rng: random.Random, score: Score) -> bool:
    """Run once, killing at a moment; return whether the run came to its end."""
    with subprocess.Popen(
        command_, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ) as run:  # fmt: skip
        try:
            run.wait(at)
        except subprocess.TimeoutExpired:
            with suppress(psutil.Error):  # it ended meanwhile
                kill_one(run, workers, rng, score)
            run.wait()
    if run.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"exit code {run.returncode}")
    return run.returncode == 0


def main() -> None:
    """Kill as often as asked, and print the score."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--side", type=int, default=512)
    options.add_argument("--bands", type=int, default=40)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    rng, score = random.Random(chosen.seed), Score()
    with tempfile.TemporaryDirectory() as folder:
        src, whole, dst = (Path(folder) / name for name in ("scene.tif", "whole.tif", "sr.tif"))
        write_scene(src, chosen.side, chosen.side, chosen.bands)
        began = time.perf_counter()
        measure(command(src, whole, *MODEL, "--workers", str(chosen.workers)), OMP_NUM_THREADS="1")
        usual = time.perf_counter() - began
        resumed = command(src, dst, *MODEL, "--resume", "--workers", str(chosen.workers))
        while score.kills + score.worker_kills < chosen.kills:
            over = attempt(resumed, rng.uniform(0.2, 1) * usual, chosen.workers, rng, score)
            if dst.exists():
                score.ends += 1
                score.different += not same(dst, whole)
                score.incomplete += not over and not same(dst, whole)
                dst.unlink()
        if any(Path(folder).glob(".sr.tif*")):  # the last one is still to be finished
            took = measure(resumed, OMP_NUM_THREADS="1")
            score.ends += 1
            score.different += not same(dst, whole)
            print(f"the last run kept {took.result['kept']} of {took.result['tiles']} tiles\n")
    print_table(
        ["kills", "of workers", "runs that came to their end", "files that differ",
         "incomplete files"],
        [[score.kills + score.worker_kills, score.worker_kills, score.ends, score.different,
          score.incomplete]],
    )  # fmt: skip


if __name__ == "__main__":
    main()
