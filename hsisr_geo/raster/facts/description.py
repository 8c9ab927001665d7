"""`description`: what a raster says of itself, as a hash; two that say the same are read alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields

from hsisr_geo.raster.raster import Raster

_PLACE = ("path", "files", "source", "clouds")


def description(raster: Raster) -> str:
    """Hash all that a raster says of itself but where it lies, and how it is read."""
    told = [f.name for f in fields(raster) if f.compare and f.name not in _PLACE]
    said = [f"{name}={getattr(raster, name)!r}" for name in told]
    said += [f"clouds={name}" for name in clouds_masked(raster).values()]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def clouds_masked(raster: Raster) -> Mapping[str, str]:
    """Tell which mask of clouds was made holes."""
    clouds = raster.clouds
    return {"clouds_masked": clouds.name} if clouds is not None and clouds.masked else {}
