"""A scene's origin in words: sensor, date, CRS, size of pixels; and what blurred it."""

from typing import Any

import numpy as np

from hsisr_geo.raster.facts.acquisition import Acquisition
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import Resolver

FROM = {
    "file": "its file says so",
    "table": "from the table of sensors",
    "estimate": "estimated from its pixels",
    "default": "its pixels cannot tell",
    "given": "as given",
    "model": "the model's own; the scene was not looked at",
}


def origin(source: Raster) -> dict[str, Any]:
    """Return sensor, date, CRS, the pixel's width and its unit; None for what is not known."""
    known = origin_of(source)
    return {"sensor": known.sensor or None, "date": _days(known.acquired), **_place(source)}


def _days(taken: Acquisition | None) -> str | None:
    """Return the day or days that a scene was taken on, as 2022-06-14."""
    if taken is None or taken.told_by == "TIFFTAG_DATETIME":
        return None  # many a program writes there when it made the file
    first, last = (moment.date().isoformat() for moment in (taken.start, taken.end))
    return first if first == last else f"{first} to {last}"


def blur_of(resolver: Resolver) -> dict[str, str]:
    """Return the blur that was assumed: what, who says so, and in which words."""
    said = resolver.provenance()
    own = said.get("trained_degradation", resolver.degradation.name) == resolver.degradation.name
    source = said.get("psf_source", "model" if own else "given")
    return {
        "psf": resolver.degradation.name,
        "source": source,
        "from": FROM.get(source, source),
        "told": said.get("psf_told", ""),
    }


def _place(source: Raster) -> dict[str, Any]:
    if not source.has_transform:
        return {"crs": None, "pixel": None, "pixel_unit": None}
    return {
        "crs": source.crs_name or None,
        "pixel": float(np.hypot(source.transform.a, source.transform.d)),
        "pixel_unit": source.unit or None,
    }
