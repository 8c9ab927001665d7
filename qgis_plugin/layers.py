"""Under which name another process can open a layer of QGIS, or why it cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingException,
    QgsProviderRegistry,
    QgsRectangle,
)

from .i18n import tr


@dataclass(frozen=True)
class Shown:
    """What a layer says of its raster: a copy, as it may be taken off the map during a run.

    `crs_is_own` where somebody gave it the CRS in place of its file's; `nodata` are values, and
    ranges as `1…5`, that are no data by the layer's properties only.
    """

    identifier: str
    cols: int
    rows: int
    extent: QgsRectangle
    crs: QgsCoordinateReferenceSystem
    crs_is_own: bool
    nodata: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A raster by the name that the engine opens, and as QGIS shows it; None where it does not.

    QGIS opens less: a product's file or folder, a Zarr store, and that in a zip, go by their path.
    `name` is what a person calls it.
    """

    path: str
    name: str
    shown: Shown | None = None


def source_of(layer) -> Source:
    """Return what a layer shows; raises as `layer_path` does."""
    crs = layer.crs()
    shown = Shown(
        *(layer.id(), layer.width(), layer.height(), layer.extent(), crs),
        crs_is_own=crs.isValid() and crs != layer.dataProvider().crs(),
        nodata=_own_nodata(layer),
    )
    return Source(layer_path(layer), layer.name(), shown)


# What GDAL opens and what is still no file: databases, web services, descriptions as text.
_NOT_A_FILE = ("PG:", "WMS:", "WCS:", "WMTS:", "<")
_IN_MEMORY = re.compile("MEM:|.*/vsimem/")


def layer_path(layer) -> str:
    """Path or GDAL name under which another process can open the layer.

    Raises
    ------
    QgsProcessingException
        For a layer that is not on disk: web services, databases, virtual and memory rasters.
    """
    source = gdal_name(layer)
    if layer.providerType() != "gdal" or source.startswith(_NOT_A_FILE):
        origin = _ORIGINS.get(layer.providerType(), layer.providerType())
        raise QgsProcessingException(
            tr(
                "'{layer}' is not a file but comes from elsewhere ({origin}). Export it "
                "(right-click on the layer, Export › Save As…, Raw data) and use the file."
            ).format(layer=layer.name(), origin=origin)
        )
    if _IN_MEMORY.match(source):
        raise QgsProcessingException(
            tr(
                "'{layer}' is held in the memory of QGIS. Export it (right-click on the layer, "
                "Export › Save As…, Raw data) and use the file."
            ).format(layer=layer.name())
        )
    return source


def gdal_name(layer) -> str:
    """Name under which GDAL opens the layer: its source, without the options that QGIS adds."""
    source = layer.source()
    if "|" in source:  # path|option:NAME=VALUE
        parts = QgsProviderRegistry.instance().decodeUri("gdal", source)
        source = parts.get("path") or source
    return source


def _own_nodata(layer) -> tuple[str, ...]:
    provider = layer.dataProvider()
    found = {
        (each.min(), each.max())
        for band in range(1, layer.bandCount() + 1)
        for each in provider.userNoDataValues(band)
    }
    return tuple(
        f"{low:.9g}" if low == high else f"{low:.9g}…{high:.9g}" for low, high in sorted(found)
    )


_ORIGINS = {
    "gdal": "GDAL",
    "postgresraster": "PostGIS raster",
    "virtualraster": "virtual raster",
    "wcs": "WCS",
    "wms": "WMS/WMTS/XYZ",
    "arcgismapserver": "ArcGIS map server",
}
