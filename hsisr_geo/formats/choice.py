"""Which format an output has: by the ending of its name."""

import os
from pathlib import Path

from hsisr_geo.errors import OutputError
from hsisr_geo.formats.envi import Envi
from hsisr_geo.formats.format import Format
from hsisr_geo.formats.geotiff import GeoTiff

_ENDINGS = {
    ".tif": "GTiff", ".tiff": "GTiff", ".img": "ENVI", ".bsq": "ENVI", ".dat": "ENVI",
}  # fmt: skip


def choose_format(path: str | os.PathLike[str], *, compress: str = "zstd") -> Format:
    """Choose the format of the output at `path`.

    Parameters
    ----------
    compress : of a GeoTIFF

    Raises
    ------
    OutputError : the ending of the name stands for no format
    """
    ending = Path(path).suffix
    name = _ENDINGS.get(ending.lower())
    if name is None:
        known = " ".join(_ENDINGS)
        raise OutputError(f"{path}: no format for the ending {ending!r}: use one of {known}")
    return GeoTiff(compress) if name == "GTiff" else Envi()
