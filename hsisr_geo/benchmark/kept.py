"""What scoring keeps for figures: the cubes that a system made, and the truth beside them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hsisr_geo.benchmark.folder import TRUTH
from hsisr_geo.benchmark.sources import SourceScene
from hsisr_geo.files import put_in_place
from hsisr_geo.output import as_output_error
from hsisr_geo.radiometry import Cube


def keep_arrays(sr: Cube, scene: SourceScene, upscale: int, folder: Path) -> None:
    """Keep a result as `{scene}-x{upscale}.npy`, and its truth in the folder `truth` beside.

    Each is float32 (band, row, col), and appears when it is complete. A `.json` beside the truth
    tells the scene's name, the numbers of its bands in its file, from 1, and their wavelengths.

    Raises
    ------
    OutputError
        Not to be written.
    """
    truth, name = folder.parent / TRUTH, f"{scene.name}-x{upscale}"
    _write(folder / f"{name}.npy", sr)
    _write(truth / f"{name}.npy", scene.cube)
    told = {
        "scene": scene.name,
        "bands": [band + 1 for band in scene.raster.source_bands or range(len(scene.cube))],
        "wavelengths_nm": scene.raster.bands.wavelengths_nm,
    }
    with _draft(truth / f"{name}.json") as file:
        file.write(json.dumps(told).encode() + b"\n")


def _write(path: Path, cube: Cube) -> None:
    with _draft(path) as file:
        np.save(file, np.ascontiguousarray(cube, np.float32))


@contextmanager
def _draft(path: Path) -> Iterator[BinaryIO]:
    """Give a file that gets its name when it is whole; others may be writing the same truth."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("wb") as file:
                yield file
            put_in_place(draft, path)
        finally:
            draft.unlink(missing_ok=True)
