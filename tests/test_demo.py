"""`make demo`, on a raster of one's own: it ends, with scores, tables and a picture."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from commands import ENVIRONMENT, write
from matplotlib.image import imread
from scenes import reflectance

ROOT = Path(__file__).resolve().parents[1]


def test_the_demo_makes_what_it_prints(tmp_path):
    wavelengths = np.linspace(450, 900, 8)
    cube = (reflectance(32, 28, wavelengths, 3) * 1e4).astype("int16")
    scene = write(tmp_path / "scene.tif", cube, wavelengths=wavelengths)
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py", scene, "--folder", tmp_path / "demo"],
        capture_output=True, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / "demo" / "scores.json").read_text())
    assert {"bicubic", "hsisr-base"} <= set(str(scores).replace("'", " ").split())
    assert imread(tmp_path / "demo" / "scene_before_after.png").shape[2] >= 3
    assert str(tmp_path / "demo" / "scores.json") in done.stdout
