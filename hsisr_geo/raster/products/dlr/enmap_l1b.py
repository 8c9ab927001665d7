"""EnMAP L1B: the cube of one detector as the sensor saw it, placed by polynomials in the metadata.

"HSI Product Specification Level 1/Level 2", EN-PCV-ICD-2009-2, as EnPT reads it: VNIR and SWIR look
at the ground at different moments, so their cubes do not lie on each other. Each band has its own
rational polynomials, `product/navigation/RPC/bandID`; those of a detector differ by less than a
pixel, and a raster has room for one set: that of the band in the middle.
"""

import re
import xml.etree.ElementTree as ElementTree  # nosec B405 # for its types only
from pathlib import Path

from hsisr_geo.bands.lists import to_number
from hsisr_geo.errors import RasterError

_IMAGE = re.compile(r".*-SPECTRAL_IMAGE_(VNIR|SWIR)(_COG)?\.\w+", re.IGNORECASE)
_SCALARS = {"ROW": "LINE", "COL": "SAMP", "LAT": "LAT", "LONG": "LONG", "HEIGHT": "HEIGHT"}
_POLYNOMIALS = {"ROW_NUM": "LINE_NUM_COEFF", "ROW_DEN": "LINE_DEN_COEFF",
                "COL_NUM": "SAMP_NUM_COEFF", "COL_DEN": "SAMP_DEN_COEFF"}  # fmt: skip
_TERMS = 20


def detector_of(image: Path | None, metadata: Path) -> str:
    """Return the detector whose cube an image is, "VNIR" or "SWIR".

    Raises
    ------
    RasterError : no image was named, and there are two
    """
    found = _IMAGE.fullmatch(image.name) if image else None
    if found:
        return found[1].upper()
    stem = metadata.name[: -len("METADATA.XML")]
    names = " or ".join(f"{stem}SPECTRAL_IMAGE_{name}.TIF" for name in ("VNIR", "SWIR"))
    raise RasterError(
        f"{metadata}: EnMAP L1B has two cubes, each in the geometry of its detector: give {names}"
    )


def vnir_bands(root: ElementTree.Element) -> int | None:
    """Return how many of the bands are of the VNIR detector, None where nothing tells."""
    for key in ("product/image/vnir/channels", "specific/numberOfVNIRBands"):
        text = (root.findtext(key) or "").strip()
        if text.isdecimal():
            return int(text)
    return None


def polynomials(root: ElementTree.Element, places: range) -> dict[str, str] | None:
    """Return the rational polynomials of the band in the middle, as GDAL names them.

    None where the metadata tell none, or not all of them.

    Parameters
    ----------
    places : of the detector's bands among all
    """
    bands = root.findall("product/navigation/RPC/bandID")
    if len(bands) < places.stop or not places:
        return None
    told = {node.tag.upper(): to_number(node.text) for node in bands[places[len(places) // 2]]}
    found: dict[str, str] = {}
    for end in ("OFF", "SCALE"):
        for theirs, name in _SCALARS.items():
            found[f"{name}_{end}"] = _text(told.get(f"{theirs}_{end}"))
    for theirs, name in _POLYNOMIALS.items():
        terms = [_text(told.get(f"{theirs}_{number}")) for number in range(1, _TERMS + 1)]
        found[name] = " ".join(terms) if all(terms) else ""
    return found if all(found.values()) else None


def _text(number: float | None) -> str:
    return "" if number is None else repr(number)
