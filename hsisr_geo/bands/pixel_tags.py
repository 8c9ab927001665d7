"""Items of metadata that tell the size of a pixel: they follow the grid, or go.

`gsd_m=30` would be wrong of a raster of 15 m. What is a number is divided; what is none is dropped.
"""

import re
from collections.abc import Mapping

_SIZES = re.compile(
    r"(?:^|_)(?:gsd|ground_sampl(?:e|ing)_dist(?:ance)?|pixel_(?:size|spacing)|"
    r"(?:spatial|geospatial_(?:lat|lon)|grid)_resolution)(?:$|_)"
)
_NUMBER = re.compile(
    r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(\s*(?:m|km|cm|metres?|meters?|degrees?)?)"
)


def finer_items(items: Mapping[str, str], upscale: int) -> dict[str, str]:
    """Return the items as they are true of a grid `upscale` times finer.

    >>> finer_items({"gsd_m": "30", "sensor": "EnMAP"}, 2)
    {'gsd_m': '15', 'sensor': 'EnMAP'}
    """
    return {
        name: value
        for name, text in items.items()
        if (value := _divided(text, upscale) if tells_size(name) else text) is not None
    }


def tells_size(name: str) -> bool:
    """Whether an item of that name tells the size of a pixel."""
    return _SIZES.search(re.sub(r"[^a-z0-9]+", "_", name.lower())) is not None


def _divided(text: str, upscale: int) -> str | None:
    found = _NUMBER.fullmatch(text.strip())
    if found is None or upscale == 1:
        return text if upscale == 1 else None
    return f"{float(found[1]) / upscale:.12g}{found[2]}"
