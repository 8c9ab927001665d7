"""Arrays that scoring keeps for figures: cubes that a system made, and the truth beside them."""

import json
from pathlib import Path

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.benchmark.data.sources import SourceScene
from hsisr_geo.benchmark.folder import TRUTH
from hsisr_geo.files import drafted


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
    with drafted(truth / f"{name}.json") as draft:
        draft.write_text(json.dumps(told) + "\n", encoding="utf-8")


def _write(path: Path, cube: Cube) -> None:
    with drafted(path) as draft, draft.open("wb") as file:
        np.save(file, np.ascontiguousarray(cube, np.float32))
