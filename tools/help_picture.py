#!/usr/bin/env python3
"""Draws qgis_plugin/help.png, the picture in the help of the plugin, from what `make demo` left."""

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PINES = "indian_pines_degraded"
BEFORE = f"{PINES}.tif", 1
AFTER = f"{PINES}_hsisr-base_x2.tif", 2
RED_GREEN_BLUE = 29, 19, 9  # 676, 567 and 469 nm
TOP, LEFT, SIDE = 14, 20, 30  # the part that is shown, in pixels of the coarse raster
SHOWN = 256  # pixels a panel
GAP = 8


def main() -> None:
    """Write the picture."""
    panels = [_part(ROOT / "demo" / name, factor) for name, factor in (BEFORE, AFTER)]
    low, high = np.percentile(panels[0], (1, 99), axis=(0, 1))
    picture = Image.new("RGB", (2 * SHOWN + GAP, SHOWN), "white")
    for number, panel in enumerate(panels):
        grey = (255 * ((panel - low) / (high - low)).clip(0, 1)).astype(np.uint8)
        shown = Image.fromarray(grey).resize((SHOWN, SHOWN), Image.Resampling.NEAREST)
        picture.paste(shown, (number * (SHOWN + GAP), 0))
    picture.save(ROOT / "qgis_plugin" / "help.png", optimize=True)


def _part(path: Path, factor: int) -> np.ndarray:
    """Return the part in true colour, (row, col, 3)."""
    window = [slice(factor * start, factor * (start + SIDE)) for start in (TOP, LEFT)]
    with rasterio.open(path) as raster:
        cube = raster.read(RED_GREEN_BLUE).astype(float)
    return np.moveaxis(cube[:, window[0], window[1]], 0, -1)


if __name__ == "__main__":
    main()
