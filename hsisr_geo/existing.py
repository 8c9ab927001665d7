"""Whether a raster that is already there is what a run would write."""

from pathlib import Path

from hsisr_geo.engine.provenance import fingerprint
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Bounds, Raster
from hsisr_geo.resolver.protocol import Resolver, sampled

_PREFIX = "HSISR_"


def difference(
    path: Path,
    raster: Raster,
    resolver: Resolver,
    *,
    bounds: Bounds | None,
    uncertainty: Uncertainty | None = None,
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
    if f"{_PREFIX}FINGERPRINT" not in tags:
        return "does not say how it was made"
    mark = fingerprint(
        raster,
        resolver,
        spread=sampled(resolver, uncertainty.samples) if uncertainty else None,
        uncertainty=uncertainty,
        region=None if bounds is None else raster.window_of(bounds),
        tile=1,  # no matter: it does not show in the result,
        stored=(),  # nor does the format, in the digest
    )
    if tags[f"{_PREFIX}FINGERPRINT"] == mark.digest:
        return ""
    for name, value in mark.facts.items():
        found = tags.get(_PREFIX + name.upper())
        if found not in (None, value):
            return f"was made with {name.replace('_', ' ')} {found}, not {value}"
    return "was made of another input, window, choice of bands or uncertainty"
