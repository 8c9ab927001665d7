"""Finished tiles on disk, in a locked folder; blocks of an output put together from them."""

from hsisr_geo.journal.folder import WorkFolder
from hsisr_geo.journal.index import TileIndex
from hsisr_geo.journal.layout import Layout

__all__ = ["Layout", "TileIndex", "WorkFolder"]
