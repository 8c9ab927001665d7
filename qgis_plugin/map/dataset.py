"""A raster as GDAL opens it, and where a place of the map lies in it. Plain Python over GDAL."""

from __future__ import annotations

import math

from osgeo import gdal


def dataset_of(path: str) -> gdal.Dataset | None:
    """Open a raster; None where that fails.

    GDAL raises instead once somebody in the process has asked it to, as Processing does from
    QGIS 3.36 on.
    """
    try:
        return gdal.Open(path)
    except RuntimeError:
        return None


def is_without_place(dataset: gdal.Dataset) -> bool:
    """Tell whether nothing says where a raster lies: such as an unprojected swath."""
    placed = dataset.GetGeoTransform(can_return_null=True) is not None
    return not placed and dataset.GetGCPCount() == 0


def pixel_at(dataset: gdal.Dataset, x: float, y: float) -> tuple[int, int] | None:
    """Return (column, row) at a place in the raster's CRS, None outside of it.

    A raster without a place lies where QGIS puts it: a pixel is a unit, rows go down from 0.
    """
    if is_without_place(dataset):
        at = x, -y
    elif dataset.GetGeoTransform(can_return_null=True) is None:  # by its ground control points
        _, found = gdal.Transformer(dataset, None, []).TransformPoint(True, x, y)
        at = found[0], found[1]
    else:
        at = gdal.ApplyGeoTransform(gdal.InvGeoTransform(dataset.GetGeoTransform()), x, y)
    col, row = (math.floor(value) for value in at)
    inside = 0 <= col < dataset.RasterXSize and 0 <= row < dataset.RasterYSize
    return (col, row) if inside else None


def times_wider(fine: tuple[int, int], coarse: tuple[int, int]) -> int | None:
    """Return how many columns of a result are one of its input's, of (columns, rows) of both.

    None where that is no whole number, or another of rows: the result is a part.
    """
    across, down = (one / other for one, other in zip(fine, coarse, strict=True))
    return int(across) if across == down and across.is_integer() else None
