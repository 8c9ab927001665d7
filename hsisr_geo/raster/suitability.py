"""Rasters that are read but not super-resolved: classes, palettes, and our own results.

A class between two others is a third one, and a result made finer once more shows what a network
believes, not what a sensor saw. What `info` and `evaluate` read is refused where work begins.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.raster import Raster

_MADE_BY_US = "HSISR_MODEL"  # the tag that each of our outputs has
_INDEX = "HSISR_INDEX"  # the tag that an index of ours has

_NEAREST = (
    "interpolation would make up classes: use nearest neighbour, e.g. "
    "gdal_translate -r nearest -outsize 200% 200%"
)


def check_suitable(raster: Raster, *, again: bool = False) -> None:
    """Refuse what has no values between its values, and what was made here already.

    Parameters
    ----------
    again : take results of ours all the same

    Raises
    ------
    RasterError : saying what to use instead
    """
    for why in _classes(raster):
        raise RasterError(f"{raster.path} holds classes or codes ({why}): {_NEAREST}")
    if not again:
        check_new(raster.provenance, raster.path, insist="--again (again=True)")


def check_learnable(raster: Raster) -> None:
    """Refuse to learn from, or to test on, classes and results of ours, which no sensor saw.

    Raises
    ------
    RasterError : saying why
    """
    if why := next(_classes(raster), None):
        raise RasterError(
            f"{raster.path} holds classes or codes ({why}), and no scene to learn from or to test "
            "on: take it out of its folder"
        )
    made, source = (raster.provenance.get(tag) for tag in (_MADE_BY_US, "HSISR_SOURCE"))
    if made := made or raster.provenance.get(_INDEX):
        raise RasterError(
            f"{raster.path} is a result, made by {made}{f' from {source}' if source else ''}, and "
            "no scene to learn from or to test on: take it out of its folder"
        )


def check_new(provenance: Mapping[Any, Any], name: str, *, insist: str = "again=True") -> None:
    """Refuse a result of ours, and an index of one, by the tags that tell how it was made.

    Raises
    ------
    RasterError : saying what to use instead, and how to insist
    """
    if index := provenance.get(_INDEX):
        source = provenance.get("HSISR_INDEX_OF", "another raster")
        raise RasterError(
            f"{name} is an index ({index} of {source}), not a scene: super-resolve the "
            f"scene and make the index of that, or insist with {insist}"
        )
    if made := provenance.get(_MADE_BY_US):
        source = provenance.get("HSISR_SOURCE", "another scene")
        raise RasterError(
            f"{name} is a result already, made by {made} from {source}: give {source} "
            f"itself, or insist with {insist}"
        )


def _classes(raster: Raster) -> Iterator[str]:
    """Yield what tells that numbers are names."""
    if raster.classes:
        yield raster.classes
    for number, band in enumerate(raster.bands, start=1):
        if band.color == "palette":
            yield f"band {number} has a colour table"
        tags = {name.lower(): text for name, text in band.tags}
        if tags.get("layer_type", "").lower() == "thematic":
            yield f"band {number} is thematic"
        if "flag_meanings" in tags:
            yield f"band {number} has flags"
