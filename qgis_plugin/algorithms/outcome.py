"""What a run gave, or would take, in words for the log."""

from __future__ import annotations

import os

from osgeo import gdal

from ..engine.timeleft import rounded
from ..i18n import tr

FEW = 1e-5  # a share of values that is not worth a line; the engine has the same


def summary(path, told):
    """Return what a person wants to know at the end: pixel size, agreement with the input, time."""
    dataset = gdal.Open(path) if os.path.exists(path) else None
    if dataset is not None:
        _, across, *_, down = dataset.GetGeoTransform()
        yield tr(
            "Pixels: {across:.6g} × {down:.6g} in units of the CRS, {rows} rows × {cols}"
        ).format(
            across=abs(across), down=abs(down), rows=dataset.RasterYSize, cols=dataset.RasterXSize
        )
    share = told.get("consistency_relative")
    if share is not None:
        yield tr(
            "Degraded again it is {share:.2f} % of a band's standard deviation from the input"
        ).format(share=100 * share)
    if (told.get("values_cut") or 0) >= FEW:
        yield tr("{share:.2g} % of the values were held to what the input allows").format(
            share=100 * told["values_cut"]
        )
    if told.get("seconds") is not None:
        yield tr("Time: {seconds:.1f} s").format(seconds=told["seconds"])


def estimate(plan):
    """Return what a run would take, in words; `plan` is what the engine says of a dry run."""
    number, unit = rounded(plan["seconds"])
    yield tr("Time: about {number} {unit}, {tiles} tiles").format(
        number=number, unit=unit, tiles=plan["tiles"]
    )
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
