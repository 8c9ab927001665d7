"""Super-resolution of georeferenced hyperspectral rasters.

>>> import hsisr_geo
>>> hsisr_geo.super_resolve("scene.tif", "fine.tif", upscale=4)

and for xarray, `import hsisr_geo.xarray`. Nothing is imported before it is used: `hsisr-geo --help`
pays for none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hsisr_geo._version import __version__
from hsisr_geo.errors import (
    AdaptationRefused,
    Canceled,
    HsisrError,
    ModelError,
    OptionError,
    OutputError,
    RasterError,
)

if TYPE_CHECKING:
    from hsisr_geo.api import super_resolve
    from hsisr_geo.engine.uncertainty import Uncertainty
    from hsisr_geo.output.formats.choice import WriteOptions
    from hsisr_geo.raster.open import open_raster
    from hsisr_geo.raster.read import read_window
    from hsisr_geo.resolver.catalogue import models
    from hsisr_geo.resolver.load import load_resolver

__all__ = [
    "AdaptationRefused",
    "Canceled",
    "HsisrError",
    "ModelError",
    "OptionError",
    "OutputError",
    "RasterError",
    "Uncertainty",
    "WriteOptions",
    "__version__",
    "load_resolver",
    "models",
    "open_raster",
    "read_window",
    "super_resolve",
]
_HOMES = {
    "super_resolve": "hsisr_geo.api",
    "open_raster": "hsisr_geo.raster.open",
    "read_window": "hsisr_geo.raster.read",
    "load_resolver": "hsisr_geo.resolver.load",
    "models": "hsisr_geo.resolver.catalogue",
    "Uncertainty": "hsisr_geo.engine.uncertainty",
    "WriteOptions": "hsisr_geo.output.formats.choice",
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
