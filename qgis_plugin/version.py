"""The plugin's version, which is also that of the engine it sets up. Plain Python."""

from __future__ import annotations

import configparser
import os
from functools import lru_cache


@lru_cache
def version() -> str:
    """Return the version out of the plugin's metadata, empty where there are none."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(os.path.join(os.path.dirname(__file__), "metadata.txt"), encoding="utf-8")
    return metadata.get("general", "version", fallback="")
