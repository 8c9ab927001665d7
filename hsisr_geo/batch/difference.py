"""`difference` between the raster that is there already and what a run would write."""

from collections.abc import Sequence
from pathlib import Path

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.cube.valid_range import check_range
from hsisr_geo.engine.provenance import fingerprint
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.place.gcp import Bounds
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import Resolver, settled, with_deviation


def difference(
    path: Path,
    raster: Raster,
    resolver: Resolver,
    *,
    bounds: Bounds | None,
    uncertainty: Uncertainty | None = None,
    valid_range: Sequence[float] | None = None,
    strict: bool = False,
) -> str:
    """Say why the raster at `path` is not what a run would write; "" if it is.

    Its fingerprint decides, as that is over all that shows in a result: the input's content, window
    and bands, the model, its options, and the version. Other tags say what it is that differs.

    Raises
    ------
    RasterError : it cannot be read, or the bounds do not touch the scene
    """
    with open_quietly(open_raster(path).path) as dataset:
        tags = dataset.tags()
    resolver = settled(resolver, raster)
    if f"{PROVENANCE_PREFIX}FINGERPRINT" not in tags:
        return "does not say how it was made"
    mark = fingerprint(
        raster,
        resolver,
        spread=with_deviation(resolver, uncertainty.samples) if uncertainty else None,
        uncertainty=uncertainty,
        region=None if bounds is None else raster.window_of(bounds),
        tile=1,  # no matter: it does not show in the result,
        valid_range=check_range(valid_range),
        stored=(),  # nor does the format, in the digest
        strict=strict,
    )
    if tags[f"{PROVENANCE_PREFIX}FINGERPRINT"] == mark.digest:
        return ""
    for name, value in mark.facts.items():
        found = tags.get(PROVENANCE_PREFIX + name.upper())
        if found not in (None, value):
            return f"was made with {name.replace('_', ' ')} {found}, not {value}"
    return "was made of another input, window, choice of bands or uncertainty"
