"""How a grid lies beside the axes of its CRS, and its geotransform as an attribute."""

from affine import Affine

GEOTRANSFORM = "GeoTransform"


def is_turned(grid: Affine) -> bool:
    """Tell whether rows and columns are not along the axes."""
    return bool(grid.b or grid.d)


def written_geotransform(grid: Affine) -> dict[str, str]:
    """Return a geotransform as GDAL and rioxarray write it beside a CRS."""
    return {GEOTRANSFORM: " ".join(repr(float(v)) for v in grid.to_gdal())}
