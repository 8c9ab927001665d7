"""Where a CF cube lies: its grid mapping, and coordinates of cell centres."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.products.place import WGS84, control_points, lattice, wkt_of
from hsisr_geo.raster.raster import Raster

_UNEVEN = 1e-3  # of a pixel by which spacings may differ: float32 coordinates do


def read_crs(dataset: Any, variable: Any, path: Path) -> str | None:
    """Return the CRS of a variable as WKT; WGS 84 where its coordinates are degrees untold."""
    mapping = _grid_mapping(dataset, variable)
    attributes = {} if mapping is None else mapping.attrs
    for key in ("crs_wkt", "spatial_ref"):
        if attributes.get(key):
            return wkt_of(str(attributes[key]), str(path))
    standard = [c.attrs.get("standard_name") for c in variable.coords.values() if c.ndim == 1]
    return wkt_of(WGS84, str(path)) if "longitude" in standard else None


def _grid_mapping(dataset: Any, variable: Any) -> Any:
    name = variable.attrs.get("grid_mapping") or variable.encoding.get("grid_mapping")
    names = [name] if name else ["spatial_ref", "crs"]
    return next((dataset[n] for n in names if n in dataset.variables), None)


def placed(raster: Raster, variable: Any, row: str, col: str, path: Path) -> Raster:
    """Place a raster by its coordinates of cell centres: along each axis, or of every pixel."""
    if row in variable.coords and col in variable.coords:
        x0, dx = _first_and_step(variable.coords[col].values, col, path)
        y0, dy = _first_and_step(variable.coords[row].values, row, path)
        return replace(raster, transform=Affine(dx, 0, x0 - dx / 2, 0, dy, y0 - dy / 2))
    places = {
        coordinate.attrs.get("standard_name", str(name)): coordinate
        for name, coordinate in variable.coords.items()
        if coordinate.dims == (row, col)
    }
    lon, lat = (
        places.get(a, places.get(b)) for a, b in (("longitude", "lon"), ("latitude", "lat"))
    )
    if lon is None or lat is None:
        return raster
    rows, cols = lattice(raster.shape)
    gcps = control_points(
        rows.tolist(), cols.tolist(), lon.values[rows][:, cols], lat.values[rows][:, cols]
    )
    return replace(raster, crs=None, gcps=gcps, gcp_crs=wkt_of(WGS84, str(path)))


def _first_and_step(centres: Any, name: str, path: Path) -> tuple[float, float]:
    values = np.asarray(centres, float)
    if len(values) == 1:
        raise RasterError(f"{path}: one {name} alone does not tell the size of a pixel")
    step = (values[-1] - values[0]) / (len(values) - 1)
    if step == 0 or np.abs(np.diff(values) - step).max() > max(_UNEVEN, 1e-9) * abs(step):
        raise RasterError(
            f"{path}: the coordinates {name} are not evenly spaced: interpolate it to a regular "
            "grid first"
        )
    return float(values[0]), float(step)
