"""An asset of a STAC item: data type, scaling, and every band of one of its files."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rasterio.crs import CRS

from hsisr_geo.bands.bands import Band
from hsisr_geo.output.formats.summary import BandSummary
from hsisr_geo.raster.raster import Raster

_COMMON_NAMES = frozenset({"red", "green", "blue"})
Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Made:
    """A raster that was made.

    Attributes
    ----------
    file : its name, in the folder of the item
    media_type : of the file
    raster : as it is stored
    tags : how it was made: provenance tags
    summaries : one for each band
    """

    file: str
    media_type: str
    raster: Raster
    tags: Mapping[str, str]
    summaries: Sequence[BandSummary]


def describe_asset(made: Made, roles: list[str], title: str) -> Json:
    """Describe a file; what all bands have in common stands once."""
    raster = made.raster
    first = raster.bands[0]
    asset: Json = {
        "href": f"./{quote(made.file)}",
        "type": made.media_type,
        "title": title,
        "roles": roles,
        "data_type": raster.dtype,
        "raster:sampling": _sampling(raster),
    }
    if first.nodata is not None:
        asset["nodata"] = _json_number(first.nodata)
    if len({band.unit for band in raster.bands}) == 1 and first.unit:
        asset["unit"] = first.unit
    size = _pixel_size_m(raster)
    if size:
        asset["raster:spatial_resolution"] = size
    pairs = zip(raster.bands, made.summaries, strict=True)
    asset["bands"] = [_band(n, band, summary) for n, (band, summary) in enumerate(pairs, 1)]
    return asset


def _sampling(raster: Raster) -> str:
    return "point" if raster.tags.get("", {}).get("AREA_OR_POINT") == "Point" else "area"


def _pixel_size_m(raster: Raster) -> float | None:
    """Return the side of a pixel in metres, None on a grid of degrees."""
    if not raster.crs or not raster.has_transform:
        return None
    crs = CRS.from_wkt(raster.crs)
    if not crs.is_projected:
        return None
    t = raster.transform
    return round(float(math.sqrt(abs(t.determinant)) * crs.linear_units_factor[1]), 9)


def _band(number: int, band: Band, summary: BandSummary) -> Json:
    """Describe a band; wavelengths in micrometres, as STAC has them."""
    fields: Json = {"name": band.label or f"band {number}"}
    if band.wavelength_nm is not None:
        fields["eo:center_wavelength"] = round(band.wavelength_nm / 1e3, 9)
    if band.fwhm_nm is not None:
        fields["eo:full_width_half_max"] = round(band.fwhm_nm / 1e3, 9)
    if band.color in _COMMON_NAMES:
        fields["eo:common_name"] = band.color
    if (band.scale, band.offset) != (1.0, 0.0):
        fields |= {"raster:scale": band.scale, "raster:offset": band.offset}
    if not band.good:
        fields["hsisr:good"] = False
    if summary.valid:
        fields["statistics"] = _statistics(summary)
    return fields


def _statistics(summary: BandSummary) -> Json:
    figures = {
        "minimum": summary.minimum,
        "maximum": summary.maximum,
        "mean": summary.mean,
        "stddev": summary.deviation,
    }
    rounded = {name: float(f"{value:.9g}") for name, value in figures.items()}
    return rounded | {"valid_percent": round(100 * summary.valid / summary.pixels, 4)}


def _json_number(value: float) -> Any:
    """Spell what JSON has no number for as STAC does."""
    if math.isnan(value):
        return "nan"
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")
