"""Spectral indices of a result, and how far its uncertainty lets them be off."""

from hsisr_geo.cube.indices import NAMES, Index, find_index
from hsisr_geo.index.make import IndexReport, write_index

__all__ = ["NAMES", "Index", "IndexReport", "find_index", "write_index"]
