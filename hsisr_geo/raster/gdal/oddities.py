"""What a user may take for otherwise than it is read: told in words."""

import os
from collections.abc import Mapping
from typing import Any

from affine import Affine

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.metadata import ALPHA, header_beside
from hsisr_geo.raster.place.envi_crs import guessed_datum


def oddities(dataset: Any, bands: Bands, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Say what a user may take for otherwise than it is read; "" for what is as usual."""
    return (
        _spare_points(dataset),
        _odd_alpha(bands),
        _unread_pages(dataset),
        _unseen_header(dataset, bands),
        guessed_datum(fields, dataset.crs),
    )


def _spare_points(dataset: Any) -> str:
    """Say so where control points stand beside a geotransform; formats keep one or the other."""
    count = len(dataset.gcps[0])
    if not count or dataset.transform == Affine.identity():
        return ""
    return f"its {count} control points stand beside a geotransform, which alone is kept"


def _odd_alpha(bands: Bands) -> str:
    """Say so where a band counts as alpha, though it was measured: GDAL writes four bytes so."""
    for number, band in enumerate(bands, start=1):
        if band.color == ALPHA and band.wavelength_nm is not None:
            return (
                f"band {number} has a wavelength, but is an alpha band: where it is 0, no band has "
                f"a value; if that is wrong, gdal_edit.py -colorinterp_{number} undefined"
            )
    return ""


def _unread_pages(dataset: Any) -> str:
    """Say so where a TIFF has further pages, as tifffile and scikit-image write bands."""
    pages = len(dataset.subdatasets)
    if dataset.driver != "GTiff" or pages < 2 or dataset.name.startswith("GTIFF_DIR"):
        return ""
    name = os.path.basename(dataset.name)
    return (
        f"it has {pages} pages, of which the first alone is read: if they are bands, gdalbuildvrt "
        f"-separate cube.vrt GTIFF_DIR:1:{name} GTIFF_DIR:2:{name} … makes one raster of them"
    )


def _unseen_header(dataset: Any, bands: Bands) -> str:
    """Say so where wavelengths may stand in an ENVI header that only GDAL can reach."""
    told = any(band.wavelength_nm is not None for band in bands)
    reached = header_beside(dataset) is not None or dataset.name.startswith("/vsimem/")
    if dataset.driver != "ENVI" or told or reached:
        return ""
    return (
        "its header is no plain file, and GDAL stops at lines of 10000 characters: if it tells "
        "wavelengths, unpack it, or name it in a zip, by /vsizip/"
    )
