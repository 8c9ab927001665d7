"""The stale copy of an ENVI header, which GDAL still believes when the header says otherwise.

Statistics, as QGIS asks for them, make GDAL write `NAME.aux.xml` with nodata, gains and offsets of
the header beside them. It is read before the header ever after, so that a correction there does
nothing (findings/gdal-believes-its-copy-of-an-envi-header.sh). A copy that does not agree with the
header is older; a value that somebody put there on purpose leaves the copy as it is.
"""

import os
from typing import Any

from hsisr_geo.bands.envi_header import read_header
from hsisr_geo.bands.metadata import header_beside
from hsisr_geo.raster.facts.remarks import SIDECAR

_COPIED = ("data_ignore_value", "data_gain_values", "data_offset_values")


def stale_copy(dataset: Any) -> str:
    """Say what an ENVI header says and GDAL's older copy of it does not; "" where they agree."""
    header = header_beside(dataset) if dataset.driver == "ENVI" else None
    kept = next((name for name in dataset.files if name.lower().endswith(SIDECAR)), None)
    if header is None or kept is None:
        return ""
    copy, now = dataset.tags(ns="ENVI"), read_header(header)
    for key in _COPIED if copy else ():
        if _plain(copy.get(key)) != _plain(now.get(key)):
            before, after = (_plain(said.get(key)) or "none" for said in (copy, now))
            return (
                f"{os.path.basename(kept)} keeps an older {header.name} "
                f"({key.replace('_', ' ')} {before}, now {after}), which GDAL and QGIS believe: "
                "the header counts here; delete that file, and it does everywhere"
            )
    return ""


def _plain(text: str | None) -> str:
    """Return a field without brackets and blanks, in which GDAL's spelling differs."""
    return "".join((text or "").split()).strip("{}")
