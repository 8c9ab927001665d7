"""Wald's protocol: a window of a scene as truth, and the same ground degraded, as rasters.

Degraded by N and super-resolved by N, a scene can be compared with itself (Wald et al. 1997). The
degraded raster has the scene's data type, so it is rounded as a coarser sensor's would be.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from affine import Affine

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster

SMALLEST = 8
"""Least side of a degraded scene, in pixels: one more than the window of SSIM."""


def degrade(cube: Cube, degradation: Degradation) -> Cube:
    """Degrade by D, e.g. (band, 128, 160) by a factor of 4 -> (band, 32, 40).

    A coarse pixel is a hole where any of the factor x factor pixels under it is one. Beyond, D
    looks at pixels further away; holes among those are left out and the other weights made larger,
    so that a coarse pixel is a mean of measured values only.
    """
    holes, factor = np.isnan(cube), degradation.factor
    if not holes.any():
        return degradation.apply(cube)
    weight = degradation.apply((~holes).astype(np.float32))
    coarse = degradation.apply(np.where(holes, np.float32(0), cube))
    bands, rows, cols = coarse.shape
    groups = holes[:, : rows * factor, : cols * factor]
    under = groups.reshape(bands, rows, factor, cols, factor).any(axis=(2, 4))
    return np.divide(coarse, weight, out=np.full_like(coarse, np.nan), where=~under)


def whole_groups(window: Window, factor: int) -> Window:
    """Shorten a window to whole groups of `factor` pixels."""
    rows, cols = (
        slice(axis.start, axis.start + (axis.stop - axis.start) // factor * factor)
        for axis in window
    )
    return rows, cols


def check_size(raster: Raster, window: Window, factor: int) -> None:
    """Refuse a window too small to be degraded.

    Raises
    ------
    RasterError
        Saying which size would do.
    """
    sizes = [axis.stop - axis.start for axis in window]
    least = SMALLEST * factor
    if min(sizes) < least:
        raise RasterError(
            f"{raster.path}: {sizes[0]} x {sizes[1]} rows and columns are too few to be degraded "
            f"by {factor}: that takes {least} x {least} at least; give a larger scene or window, "
            "or a smaller --upscale"
        )


def cut_out(raster: Raster, window: Window) -> Raster:
    """Describe a window of a raster as a raster of its own."""
    return raster.upscaled(1, *window)


def coarser(raster: Raster, factor: int) -> Raster:
    """Describe the grid `factor` times coarser; GCPs and RPCs are dropped."""
    rows, cols = (size // factor for size in raster.shape)
    transform = raster.transform
    if raster.has_transform:
        transform = transform @ Affine.scale(factor)
    return replace(raster, shape=(rows, cols), transform=transform, gcps=(), rpcs=None)


def write(path: Path, raster: Raster, cube: Cube) -> Raster:
    """Write physical values as a GeoTIFF; return it as it is opened again.

    Parameters
    ----------
    raster
        Its grid, bands and data type.
    cube
        All its bands, NaN in holes.
    """
    in_memory = replace(raster, path="memory", files=())  # no input that `path` could overwrite
    write_raster(path, in_memory, cube, overwrite=True)
    return open_raster(path)
