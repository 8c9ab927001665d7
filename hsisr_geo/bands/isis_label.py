"""The label of an ISIS cube, as GDAL hands it on: what its group BandBin says of the bands.

USGS Isis keeps there the centres and widths of CRISM, M3 and VIMS, among others.
"""

import json
from collections.abc import Mapping
from typing import Any

from hsisr_geo.bands.envi_header import join_list

_DOMAIN = "json:ISIS3"
_FIELDS = {
    "wavelength": ("center", "wavelength", "wavelengths", "filtercenter"),
    "fwhm": ("width", "fwhm", "bandwidth", "filterwidth"),
    "wavelength_units": ("unit", "units", "bandbinunit"),
}


def label_fields(dataset: Any) -> dict[str, str]:
    """Return what the label of an ISIS cube says of its bands, as fields of an ENVI header.

    {} of another raster.
    """
    if dataset.driver != "ISIS3":
        return {}
    group = {name.lower(): value for name, value in _band_bin(dataset).items()}
    told = {field: next((group[n] for n in names if n in group), None)
            for field, names in _FIELDS.items()}  # fmt: skip
    unit = next((v["unit"] for v in told.values() if isinstance(v, dict) and "unit" in v), None)
    fields = {field: _as_text(value) for field, value in told.items()}
    fields["wavelength_units"] = fields["wavelength_units"] or _as_text(unit)
    return {field: text for field, text in fields.items() if text}


def _band_bin(dataset: Any) -> Mapping[str, Any]:
    """Return the group; {} where there is none."""
    # rasterio cuts any text of a domain at its first colon, as if it were a name and a value
    text = "".join(":".join(item) for item in dataset.tags(ns=_DOMAIN).items())
    try:
        found = json.loads(text)["IsisCube"]["BandBin"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _as_text(value: Any) -> str:
    """Return a number or a list, with its unit or without, as headers have it."""
    bare = value.get("value") if isinstance(value, dict) else value
    if isinstance(bare, list):
        return join_list([_as_text(item) for item in bare])
    return "" if bare is None else str(bare)
