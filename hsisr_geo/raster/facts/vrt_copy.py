"""A dataset's VRT: the exact text of what rasterio rounds or leaves out."""

from typing import Any
from xml.etree import ElementTree as ET  # nosec B405 # reads what GDAL has just written

import rasterio.shutil
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile


def vrt_of(dataset: Any) -> ET.Element | None:
    """Return the VRT that GDAL makes of an open dataset, None where it makes none."""
    try:
        with MemoryFile(ext=".vrt") as memory:
            rasterio.shutil.copy(dataset, memory.name, driver="VRT")
            return ET.fromstring(memory.read())  # nosec B314 # GDAL's own
    except (RasterioError, ET.ParseError, ValueError):
        return None
