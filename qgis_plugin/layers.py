"""Under which name another process can open a layer of QGIS, or why it cannot."""

from __future__ import annotations

from qgis.core import QgsProcessingException, QgsProviderRegistry

from .i18n import tr

# What GDAL opens and what is still no file: databases, web services, descriptions as text.
_NOT_A_FILE = ("PG:", "WMS:", "WCS:", "WMTS:", "<")
_IN_MEMORY = ("/vsimem/", "MEM:")


def layer_path(layer) -> str:
    """Path or GDAL name under which another process can open the layer.

    Raises
    ------
    QgsProcessingException
        For a layer that is not on disk: web services, databases, virtual and memory rasters.
    """
    source = layer.source()
    if layer.providerType() != "gdal" or source.startswith(_NOT_A_FILE):
        origin = _ORIGINS.get(layer.providerType(), layer.providerType())
        raise QgsProcessingException(
            tr(
                "'{layer}' is not a file but comes from elsewhere ({origin}). Export it "
                "(right-click on the layer, Export › Save As…, Raw data) and use the file."
            ).format(layer=layer.name(), origin=origin)
        )
    if source.startswith(_IN_MEMORY):
        raise QgsProcessingException(
            tr(
                "'{layer}' is held in the memory of QGIS. Export it (right-click on the layer, "
                "Export › Save As…, Raw data) and use the file."
            ).format(layer=layer.name())
        )
    if "|" in source:  # path|option:NAME=VALUE
        parts = QgsProviderRegistry.instance().decodeUri("gdal", source)
        source = parts.get("path") or source
    return source


_ORIGINS = {
    "gdal": "GDAL",
    "postgresraster": "PostGIS raster",
    "virtualraster": "virtual raster",
    "wcs": "WCS",
    "wms": "WMS/WMTS/XYZ",
    "arcgismapserver": "ArcGIS map server",
}
