"""What a run gave, or would take, in words for the log."""

from __future__ import annotations

import math

from qgis.core import QgsCoordinateReferenceSystem, QgsUnitTypes

from ..engine.timeleft import rounded
from ..i18n import tr
from ..map.dataset import dataset_of


def summary(path, told):
    """Return what a person wants to know at the end: pixel size, agreement with the input, time."""
    dataset = dataset_of(path)
    if dataset is not None:
        yield tr("Pixels: {size}{rows} rows × {cols} columns").format(
            size=_pixel_size(dataset), rows=dataset.RasterYSize, cols=dataset.RasterXSize
        )
    share = told.get("consistency_relative")
    if share is not None:
        yield tr(
            "Degraded again it is {share:.2f} % of a band's standard deviation from the input"
        ).format(share=100 * share)
    if told.get("seconds") is not None:
        yield tr("Time: {seconds:.1f} s").format(seconds=told["seconds"])


def _pixel_size(dataset):
    """Return e.g. '15 × 15 m, ', and nothing for a raster without a place, as a swath is."""
    crs = QgsCoordinateReferenceSystem.fromWkt(dataset.GetProjection())
    place = dataset.GetGeoTransform(can_return_null=True)
    if place is None or not crs.isValid():
        return ""
    _, east, turned, _, other, south = place
    across, down = math.hypot(east, other), math.hypot(turned, south)
    return f"{across:.6g} × {down:.6g} {QgsUnitTypes.toAbbreviatedString(crs.mapUnits())}, "


def estimate(plan):
    """Return what a run would take, in words; `plan` is what the engine says of a dry run."""
    number, unit = rounded(plan["seconds"])
    time = tr("Time: about {number} {unit}").format(number=number, unit=unit)
    tiles = plan["tiles"]
    yield time + (tr(", {tiles} tiles").format(tiles=tiles) if tiles > 1 else "")
    yield tr("Memory: about {size}").format(size=in_bytes(plan["memory"]))
    disk = tr("Disk: {size} for the result, before compression; {scratch} beside it meanwhile")
    size = plan["size"] + plan["uncertainty_size"]
    yield disk.format(size=in_bytes(size), scratch=in_bytes(plan["scratch"]))
    yield tr("The result would have {rows} rows × {cols} columns and {bands} bands").format(
        rows=plan["rows"], cols=plan["cols"], bands=plan["bands"]
    )


def in_bytes(size):
    """Return bytes with the unit that suits them, e.g. 12.3 MB."""
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.3g} {unit}"
    return f"{size / 1000:.3g} GB"
