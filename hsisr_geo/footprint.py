"""The outline of a raster on the globe, as GeoJSON in WGS 84."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.rpc import RPC
from rasterio.transform import AffineTransformer, GCPTransformer, RPCTransformer
from rasterio.warp import transform_geom

from hsisr_geo.raster import Raster

_GLOBE = CRS.from_epsg(4326)
_EDGE = 8  # stretches of an edge: straight lines on a map are curves on the globe
Geometry = dict[str, Any]


def footprint(raster: Raster) -> Geometry | None:
    """Return the outline, a MultiPolygon where it crosses the antimeridian; None without a place.

    From the geotransform, else from control points, else from RPCs, at their mean height.
    """
    found = _transformer(raster)
    if found is None:
        return None
    transformer, crs = found
    rows, cols = zip(*_outline(raster.rows, raster.cols), strict=True)
    try:
        with transformer:
            xs, ys = transformer.xy(rows, cols, offset="ul")
        ring = [[float(x), float(y)] for x, y in zip(xs, ys, strict=True)]
        polygon = {"type": "Polygon", "coordinates": [ring]}
        return _rounded(transform_geom(crs, _GLOBE, polygon, antimeridian_cutting=True))
    except (RasterioError, ValueError):  # the projection has no answer there
        return None


def bounding_box(geometry: Geometry) -> list[float]:
    """Return [west, south, east, north]; west is larger than east across the antimeridian."""
    rings = [ring for polygon in _polygons(geometry) for ring in polygon]
    lats = [point[1] for ring in rings for point in ring]
    spans = [(min(p[0] for p in ring), max(p[0] for p in ring)) for ring in rings]
    west, east = min(s[0] for s in spans), max(s[1] for s in spans)
    if len(spans) > 1 and west <= -180 and east >= 180:
        west = min(s[0] for s in spans if s[1] >= 180)
        east = max(s[1] for s in spans if s[0] <= -180)
    return [west, min(lats), east, max(lats)]


def _transformer(raster: Raster) -> tuple[Any, CRS] | None:
    if raster.has_transform:
        if raster.crs is None:
            return None
        return AffineTransformer(raster.transform), CRS.from_wkt(raster.crs)
    if raster.gcps and raster.gcp_crs:
        points = [GroundControlPoint(row=p.row, col=p.col, x=p.x, y=p.y) for p in raster.gcps]
        return GCPTransformer(points), CRS.from_wkt(raster.gcp_crs)
    if raster.rpcs is not None:
        rpcs = RPC.from_gdal(dict(raster.rpcs))
        return RPCTransformer(rpcs, rpc_height=rpcs.height_off), _GLOBE
    return None


def _outline(rows: int, cols: int) -> list[tuple[float, float]]:
    """Return points (row, col) along the edges, counterclockwise on a map with north up."""
    corners = [(0, 0), (rows, 0), (rows, cols), (0, cols), (0, 0)]
    points: list[tuple[float, float]] = []
    for (r0, c0), (r1, c1) in pairwise(corners):
        shares = [i / _EDGE for i in range(_EDGE)]
        points += [(r0 + s * (r1 - r0), c0 + s * (c1 - c0)) for s in shares]
    return [*points, (0, 0)]


def _polygons(geometry: Geometry) -> Sequence[Any]:
    one = geometry["type"] == "Polygon"
    return [geometry["coordinates"]] if one else list(geometry["coordinates"])


def _rounded(geometry: Geometry) -> Geometry:
    """Keep centimetres: seven decimals of a degree."""
    polygons = [
        [[[round(x, 7), round(y, 7)] for x, y, *_ in ring] for ring in polygon]
        for polygon in _polygons(geometry)
    ]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}
