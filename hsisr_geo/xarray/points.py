"""Control points of an array in the geometry of a sensor: written into its labels, and read there.

rioxarray keeps them as GeoJSON in an attribute of the grid mapping. Where longitude and latitude of
every pixel are coordinates, points are those of some of the pixels, also of a part of the array.
"""

import json
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.products.place import (
    LATITUDES,
    LONGITUDES,
    WGS84,
    control_points,
    lattice,
    wkt_of,
)
from hsisr_geo.xarray.axes import Axes


def feature(point: Gcp) -> dict[str, Any]:
    """Return a control point as GeoJSON, with the properties that rioxarray gives it."""
    properties = {"id": point.id, "info": point.info, "row": point.row, "col": point.col}
    position = [v for v in (point.x, point.y, point.z) if v is not None]
    geometry = {"type": "Point", "coordinates": position}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def points_of(
    array: xr.DataArray, axes: Axes, mapping: Mapping[Hashable, Any], crs: str | None
) -> tuple[tuple[Gcp, ...], str | None]:
    """Return the control points of an array, and their CRS; () and None where it has none.

    Parameters
    ----------
    mapping, crs : attributes of its grid mapping, and the CRS that they tell
    """
    lon, lat = (_of_pixels(array, axes, names) for names in (LONGITUDES, LATITUDES))
    if lon is not None and lat is not None:
        rows, cols = lattice(lon.shape)
        places = lon[rows][:, cols], lat[rows][:, cols]
        return control_points(rows.tolist(), cols.tolist(), *places), wkt_of(WGS84, "the array")
    told = mapping.get("gcps")
    if not told:
        return (), None
    features = (json.loads(told) if isinstance(told, str) else told)["features"]
    return tuple(map(_point, features)), crs


def _of_pixels(
    array: xr.DataArray, axes: Axes, names: tuple[str, ...]
) -> NDArray[np.floating] | None:
    """Return a coordinate (row, col) by its standard name or its own."""
    for name, coordinate in array.coords.items():
        called = {str(coordinate.attrs.get("standard_name", "")), str(name).lower()}
        if not called.isdisjoint(names) and set(coordinate.dims) == {axes.y, axes.x}:
            return np.asarray(coordinate.transpose(axes.y, axes.x).values, float)
    return None


def _point(told: Mapping[str, Any]) -> Gcp:
    properties, (x, y, *z) = told["properties"], told["geometry"]["coordinates"]
    return Gcp(
        float(properties["row"]), float(properties["col"]), float(x), float(y),
        float(z[0]) if z else None, properties.get("id"), properties.get("info"),
    )  # fmt: skip
