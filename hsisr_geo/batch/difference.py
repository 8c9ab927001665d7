"""`difference` between the raster that is there already and what a run would write."""

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.engine.provenance import fingerprint
from hsisr_geo.engine.request import Request
from hsisr_geo.raster.datasets import open_quietly
from hsisr_geo.raster.open import open_raster


def difference(request: Request) -> str:
    """Say why the raster at `request.dst` is not what a run would write; "" if it is.

    Its fingerprint decides, as that is over all that shows in a result: the input's content, window
    and bands, the model, its options, and the version. Other tags say what it is that differs.

    Raises
    ------
    RasterError : it cannot be read
    """
    with open_quietly(open_raster(request.dst).path) as dataset:
        tags = dataset.tags()
    if f"{PROVENANCE_PREFIX}FINGERPRINT" not in tags:
        return "does not say how it was made"
    mark = fingerprint(request, tile=1, stored=())  # neither shows in the digest
    if tags[f"{PROVENANCE_PREFIX}FINGERPRINT"] == mark.digest:
        return ""
    for name, value in mark.facts.items():
        found = tags.get(PROVENANCE_PREFIX + name.upper())
        if found not in (None, value):
            return f"was made with {name.replace('_', ' ')} {found}, not {value}"
    return "was made of another input, window, choice of bands or uncertainty"
