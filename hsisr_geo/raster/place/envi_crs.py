"""The CRS of an ENVI header whose `coordinate system string` GDAL does not take as it is written.

GDAL reads it only where it follows the brace at once; after a blank, as Spectral Python writes it,
GDAL falls back to what it makes of `map info`, which may be another datum.
"""

from collections.abc import Mapping
from typing import Any

from rasterio.errors import RasterioError

from hsisr_geo.raster.datasets import opened_in_memory

_LAYOUT = "samples = 1\nlines = 1\nbands = 1\nheader offset = 0\ndata type = 1\ninterleave = bsq\n"


def crs_of_header(fields: Mapping[str, str]) -> Any:
    """Return rasterio's CRS; None where the header tells none, or GDAL reads it as it stands."""
    told = fields.get("coordinate_system_string", "")
    text = told.strip().strip("{}").strip()
    if not text or told == f"{{{text}}}":
        return None
    place = f"map info = {_braced(fields.get('map_info', ''))}\n" if "map_info" in fields else ""
    header = f"ENVI\n{_LAYOUT}byte order = 0\n{place}coordinate system string = {{{text}}}\n"
    try:
        with opened_in_memory({"crs.hdr": header.encode(), "crs.img": bytes(16)}) as dataset:
            return dataset.crs
    except RasterioError:
        return None


def _braced(text: str) -> str:
    return "{" + text.strip().strip("{}").strip() + "}"
