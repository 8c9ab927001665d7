"""Whether two texts mean one coordinate system: formats spell the same one differently."""

from rasterio.crs import CRS


def same_crs(one: str | None, other: str | None) -> bool:
    """Compare two WKT texts; None, for no CRS, is the same as None only."""
    if one is None or other is None:
        return one == other
    return one == other or bool(CRS.from_wkt(one) == CRS.from_wkt(other))
