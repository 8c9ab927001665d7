"""What an output's tags say of how it was made: HSISR_VERSION, HSISR_MODEL and so on."""

import os

from hsisr_geo import __version__
from hsisr_geo.cube.consistency import Consistency
from hsisr_geo.fingerprint import Fingerprint
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import source_files
from hsisr_geo.resolver.protocol import Resolver


def provenance_tags(
    raster: Raster, resolver: Resolver, mark: Fingerprint, found: Consistency
) -> dict[str, str]:
    """Say how the output was made; not the tiling, as the result does not depend on it."""
    measured = {
        "consistency_rms": found.rms,
        "consistency_max": found.maximum,
        "consistency_relative": found.relative,
    }
    items = {
        "version": __version__,
        "model": resolver.name,
        "upscale": str(resolver.upscale),
        "source": os.path.basename(raster.path),
        "fingerprint": mark.digest,
        **source_files(raster),
        **resolver.provenance(),
        **{name: f"{value:.4g}" for name, value in measured.items() if value is not None},
    }
    return as_tags(items)


def as_tags(items: dict[str, str]) -> dict[str, str]:
    """Name items as tags: upper case, with the program's prefix."""
    return {f"HSISR_{name.upper()}": value for name, value in items.items()}
