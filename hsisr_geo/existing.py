"""Whether a raster that is already there is what a run would write."""

import os
from pathlib import Path

from hsisr_geo.datasets import open_quietly
from hsisr_geo.raster import Bounds, Raster, open_raster
from hsisr_geo.resolver import Resolver

TAG_PREFIX = "HSISR_"


def difference(path: Path, raster: Raster, resolver: Resolver, bounds: Bounds | None) -> str:
    """Say why the raster at `path` is not what a run would write; "" if it is.

    Its tags say how it was made: from a source of what name, with which model, weights, upscale,
    detail, seed and degradation. The tiling does not count, as it does not show in the result.

    Raises
    ------
    RasterError : it cannot be read, or the bounds do not touch the scene
    """
    made = open_raster(path)
    with open_quietly(made.path) as dataset:
        tags = dataset.tags()
    expected = {
        "source": os.path.basename(raster.path),
        "model": resolver.name,
        "upscale": str(resolver.upscale),
        **resolver.provenance(),
    }
    for name, value in expected.items():
        found = tags.get(TAG_PREFIX + name.upper())
        if found is None:
            return "does not say how it was made"
        if found != value:
            return f"was made with {name.replace('_', ' ')} {found}, not {value}"
    region = () if bounds is None else raster.window_of(bounds)
    target = raster.upscaled(resolver.upscale, *region)
    if made.shape != target.shape or not made.transform.almost_equals(target.transform, 1e-6):
        return "covers another window"
    return ""
