"""A GDAL dataset made anew: its grid, tags and bands, and then its pixels, block by block."""

from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import rasterio
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.rpc import RPC
from rasterio.windows import Window

from hsisr_geo.bands.metadata import write_bands, write_tags
from hsisr_geo.output.formats.format import Content
from hsisr_geo.raster.datasets import opening_quietly
from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.raster import Raster

# Files that GDAL would read together with a raster of that name.
_POINT = "AREA_OR_POINT"
_SIDECARS = (".aux.xml", ".ovr", ".msk")


def sidecars(path: Path) -> list[Path]:
    """Return the files that GDAL may keep beside `path`."""
    return [path.with_name(path.name + ending) for ending in _SIDECARS]


def write_dataset(part: Path, content: Content, profile: dict[str, Any], deep: int) -> None:
    """Write a raster with the driver and the creation options of `profile`.

    `deep` is how many of its bands lie together.
    """
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        closing(create(part, content, profile)) as dataset,
    ):
        _write_pixels(dataset, content, deep)
        write_findings(dataset, content)


def create(part: Path, content: Content, profile: dict[str, Any]) -> Any:
    """Open a new dataset with its grid and bands."""
    raster = content.raster
    with opening_quietly():
        dataset = rasterio.open(part, "w", **_common_profile(raster), **profile)
    _write_place(dataset, raster)
    write_bands(dataset, raster.bands)
    return dataset


def write_findings(dataset: Any, content: Content) -> None:
    """Write what is known only when all pixels are: tags and statistics."""
    write_tags(dataset, content.raster.tags, content.tags)
    for number, summary in enumerate(content.summaries, start=1):
        dataset.update_tags(number, **summary.items())


def _write_pixels(dataset: Any, content: Content, deep: int) -> None:
    for rows, cols in content.blocks.blocks(content.raster.shape):
        window = Window.from_slices(rows, cols)
        for bands, dn, valid in content.read(rows, cols, deep):
            dataset.write(dn, dataset.indexes[bands], window=window)
            if content.needs_mask:
                dataset.write_mask(valid, window=window)
            del dn, valid  # or two would be there at a time


def _common_profile(raster: Raster) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "height": raster.rows,
        "width": raster.cols,
        "count": len(raster.bands),
        "dtype": raster.dtype,
        "nodata": raster.bands.nodata,
    }
    if raster.crs:
        profile["crs"] = CRS.from_wkt(raster.crs)
    if raster.has_transform:
        profile["transform"] = raster.transform
    return profile


def _write_place(dataset: Any, raster: Raster) -> None:
    if raster.gcps and not raster.has_transform:
        is_point = raster.tags.get("", {}).get(_POINT) == "Point"
        shift = _point_shift() if is_point and dataset.driver == "GTiff" else 0.0
        crs = CRS.from_wkt(raster.gcp_crs) if raster.gcp_crs else CRS()
        dataset.gcps = ([_control_point(p, shift) for p in raster.gcps], crs)
    if raster.rpcs is not None:
        dataset.rpcs = RPC.from_gdal(dict(raster.rpcs))


@cache
def _point_shift() -> float:
    """Return by how many pixels GDAL moves control points of a GeoTIFF of AREA_OR_POINT=Point.

    It adds half a pixel when they are set, and once more when they are read (3.10, 3.12), which
    gdal_translate does not; so it is asked rather than known.
    """
    point = GroundControlPoint(row=8, col=8, x=0, y=0)
    size = {"width": 16, "height": 16, "count": 1, "dtype": "uint8"}
    with opening_quietly(), MemoryFile() as memory:
        with memory.open(driver="GTiff", **size) as dataset:
            dataset.gcps = ([point], CRS.from_epsg(32633))
            dataset.update_tags(**{_POINT: "Point"})
        with memory.open() as dataset:
            moved: float = dataset.gcps[0][0].row - point.row
            return moved


def _control_point(p: Gcp, shift: float) -> GroundControlPoint:
    return GroundControlPoint(
        row=p.row - shift, col=p.col - shift, x=p.x, y=p.y, z=p.z, id=p.id, info=p.info
    )
