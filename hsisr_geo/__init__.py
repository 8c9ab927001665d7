"""Super-resolution of georeferenced hyperspectral rasters.

>>> from hsisr_geo import super_resolve
>>> super_resolve("scene.tif", "scene_x4.tif", ...)

Nothing is imported before it is used: `hsisr-geo --help` pays for none of it.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "super_resolve"]


def __getattr__(name: str) -> Any:
    """Import `super_resolve` at its first use (PEP 562)."""
    if name == "super_resolve":
        from hsisr_geo.pipeline import super_resolve

        return super_resolve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
