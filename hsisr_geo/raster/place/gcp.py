"""Ground control points, and which pixels they place in a box."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rasterio import Env
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

Bounds = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax in CRS units

_CORNERS = 4
_ALONG = 21  # points of each side of a box: a side is bent where points are no plane
_SPLINE = 10, 400  # points from which, and up to which, a thin plate spline is taken


@dataclass(frozen=True)
class Gcp:
    """A ground control point: pixel (row, col) lies at (x, y, z)."""

    row: float
    col: float
    x: float
    y: float
    z: float | None = None
    id: str | None = None
    info: str | None = None


def corners_first(gcps: Sequence[Gcp]) -> tuple[Gcp, ...]:
    """Return the points, those nearest to the corners of what they span before the others.

    Upper left, upper right, lower left, lower right; a few points stay in their order.
    """
    if len(gcps) <= _CORNERS:
        return tuple(gcps)
    left = list(gcps)
    rows, cols = [p.row for p in gcps], [p.col for p in gcps]
    ends = [(row, col) for row in (min(rows), max(rows)) for col in (min(cols), max(cols))]
    first = []
    for row, col in ends:
        nearest = min(left, key=lambda p: abs(p.row - row) + abs(p.col - col))
        left.remove(nearest)
        first.append(nearest)
    return (*first, *left)


def pixels_by_gcps(gcps: Sequence[Gcp], bounds: Bounds) -> tuple[list[float], list[float]]:
    """Return columns and rows of points along the rim of a box, in the CRS of the points.

    By a polynomial, as gdalwarp does, or through the points themselves where there are many, as
    those of a swath are.
    """
    xmin, ymin, xmax, ymax = bounds
    xs, ys = np.linspace(xmin, xmax, _ALONG), np.linspace(ymin, ymax, _ALONG)
    rim_x = np.concatenate([xs, xs, np.full(_ALONG, xmin), np.full(_ALONG, xmax)])
    rim_y = np.concatenate([np.full(_ALONG, ymin), np.full(_ALONG, ymax), ys, ys])
    points = [GroundControlPoint(p.row, p.col, p.x, p.y, p.z or 0.0) for p in gcps]
    spline = _SPLINE[0] <= len(points) <= _SPLINE[1]
    with Env(), GCPTransformer(points, tps=spline) as transformer:
        rows, cols = transformer.rowcol(rim_x, rim_y, op=float)
    return [float(c) for c in cols], [float(r) for r in rows]
