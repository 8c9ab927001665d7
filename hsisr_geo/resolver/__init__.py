"""The seam: a method as a value; interpolation; which models there are, and how one is loaded."""

from hsisr_geo.resolver.catalogue import ModelInfo
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.load import Recipe, load_resolver
from hsisr_geo.resolver.protocol import Resolver

__all__ = ["ModelConfig", "ModelInfo", "Recipe", "Resolver", "load_resolver"]
