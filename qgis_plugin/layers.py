"""Under which name another process can open a layer of QGIS, or why it cannot."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from qgis.core import QgsProcessingException, QgsProviderRegistry, QgsRasterLayer

from .i18n import tr


@dataclass(frozen=True)
class Source:
    """A raster by the name that the engine opens, with its layer; None where QGIS opens none.

    QGIS opens less: a product's file or folder, a Zarr store, and that in a zip, go by their path.
    """

    path: str
    layer: QgsRasterLayer | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.layer.name() if self.layer else os.path.basename(os.path.normpath(self.path))

    @property
    def identifier(self) -> str:
        """Identifier of the layer in a project, empty without one."""
        return self.layer.id() if self.layer else ""


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


def own_crs(layer):
    """Return the CRS that somebody gave the layer in place of its file's, None without one."""
    given = layer.crs()
    return given if given.isValid() and given != layer.dataProvider().crs() else None


def own_nodata(layer) -> list[str]:
    """Return what is no data by the layer's properties only: values, and ranges as `1…5`."""
    provider = layer.dataProvider()
    found = {
        (each.min(), each.max())
        for band in range(1, layer.bandCount() + 1)
        for each in provider.userNoDataValues(band)
    }
    return [f"{low:.9g}" if low == high else f"{low:.9g}…{high:.9g}" for low, high in sorted(found)]


_ORIGINS = {
    "gdal": "GDAL",
    "postgresraster": "PostGIS raster",
    "virtualraster": "virtual raster",
    "wcs": "WCS",
    "wms": "WMS/WMTS/XYZ",
    "arcgismapserver": "ArcGIS map server",
}
