"""The seam: a method as a value; interpolation; which models there are, and how one is loaded."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hsisr_geo.resolver.catalogue import ModelInfo
    from hsisr_geo.resolver.config import ModelConfig
    from hsisr_geo.resolver.load import Recipe, load_resolver
    from hsisr_geo.resolver.protocol import Resolver

__all__ = ["ModelConfig", "ModelInfo", "Recipe", "Resolver", "load_resolver"]
_HOMES = {
    "ModelConfig": "config",
    "ModelInfo": "catalogue",
    "Recipe": "load",
    "Resolver": "protocol",
    "load_resolver": "load",
}


def __getattr__(name: str) -> Any:
    """Import a noun at its first use: who reads the header of a model file needs no numpy."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
