"""The outline of a raster on the globe, as GeoJSON in WGS 84."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.rpc import RPC
from rasterio.transform import AffineTransformer, GCPTransformer, RPCTransformer
from rasterio.warp import transform

from hsisr_geo.raster.raster import Raster

_GLOBE = "EPSG:4326"
_STRETCHES = 8  # stretches of an edge: straight lines on a map are curves on the globe
_DECIMALS = 7  # of a degree: a centimetre
Geometry = dict[str, Any]
Ring = list[tuple[float, float]]  # (lon, lat); the last point is the first one


def outline(raster: Raster) -> Geometry | None:
    """Return the outline, a MultiPolygon where it crosses the antimeridian; None without a place.

    From the geotransform, else from control points, else from RPCs, at their mean height.
    """
    found = _transformer(raster)
    if found is None:
        return None
    transformer, crs = found
    rows, cols = zip(*_edge(raster.rows, raster.cols), strict=True)
    try:
        with transformer:
            xs, ys = transformer.xy(rows, cols, offset="ul")
        lons, lats = transform(crs, _GLOBE, xs, ys)
    except (RasterioError, ValueError):
        return None
    if not all(map(math.isfinite, [*lons, *lats])):  # the projection has no answer there
        return None
    rings = _cut(_unwrapped(list(zip(lons, lats, strict=True))))
    polygons = [[[[round(v, _DECIMALS) for v in point] for point in ring]] for ring in rings]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def bounding_box(geometry: Geometry) -> list[float]:
    """Return [west, south, east, north]; west is larger than east across the antimeridian."""
    one = geometry["type"] == "Polygon"
    polygons = [geometry["coordinates"]] if one else geometry["coordinates"]
    spans = [(min(p[0] for p in ring), max(p[0] for p in ring)) for (ring,) in polygons]
    lats = [point[1] for (ring,) in polygons for point in ring]
    west, east = min(low for low, _ in spans), max(high for _, high in spans)
    if len(spans) > 1:
        west = min(low for low, high in spans if high == 180)
        east = max(high for low, high in spans if low == -180)
        if west <= east:  # all the way round
            west, east = -180, 180
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


def _edge(rows: int, cols: int) -> list[tuple[float, float]]:
    """Return points (row, col) along the edge, counterclockwise on a map with north up."""
    corners = [(0, 0), (rows, 0), (rows, cols), (0, cols), (0, 0)]
    points: list[tuple[float, float]] = []
    for (r0, c0), (r1, c1) in pairwise(corners):
        shares = [i / _STRETCHES for i in range(_STRETCHES)]
        points += [(r0 + s * (r1 - r0), c0 + s * (c1 - c0)) for s in shares]
    return [*points, (0, 0)]


def _unwrapped(ring: Ring) -> Ring:
    """Let longitudes run on over 180 degrees; what goes round a pole is closed over it."""
    lon = ring[0][0]
    points = [ring[0]]
    for x, y in ring[1:]:
        lon += math.remainder(x - lon, 360)
        points.append((lon, y))
    if abs(points[-1][0] - points[0][0]) > 180:
        pole = math.copysign(90, sum(y for _, y in points))
        points += [(points[-1][0], pole), (points[0][0], pole), points[0]]
    return points


def _cut(ring: Ring) -> list[Ring]:
    """Cut a ring at the antimeridian, and bring the pieces to -180 .. 180."""
    low, high = min(x for x, _ in ring), max(x for x, _ in ring)
    pieces = []
    for turn in range(math.floor((low + 180) / 360), math.ceil((high + 180) / 360)):
        shifted = [(x - 360 * turn, y) for x, y in ring]
        piece = _west_of_antimeridian(shifted)
        piece = [(-x, y) for x, y in _west_of_antimeridian([(-x, y) for x, y in piece])]
        if piece:
            pieces.append(piece)
    return pieces


def _west_of_antimeridian(ring: Sequence[tuple[float, float]]) -> Ring:
    """Return the part of a ring with x <= 180 (Sutherland and Hodgman 1974)."""
    kept: Ring = []
    limit = 180.0
    for (x0, y0), (x1, y1) in pairwise(ring):
        if x0 <= limit:
            kept.append((x0, y0))
        if (x0 < limit < x1) or (x1 < limit < x0):
            kept.append((limit, y0 + (y1 - y0) * (limit - x0) / (x1 - x0)))
    return [*kept, kept[0]] if len(kept) > 2 else []
