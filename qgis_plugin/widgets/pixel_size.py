"""The factor as a choice of pixel sizes: '×2: 30 m → 15 m', as soon as the raster is known."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsUnitTypes,
)
from qgis.PyQt.QtWidgets import QComboBox

from .field import Field

RASTER = "INPUT"


class PixelSizeWrapper(Field):
    """A box whose values are the factors and whose words tell what becomes of the pixels."""

    def createWidget(self):
        self.source = None
        box = QComboBox()
        for factor in self.parameterDefinition().options():
            box.addItem(f"×{factor}", factor)
        return box

    def setValue(self, value):
        place = self.widget.findData(str(value))
        self.widget.setCurrentIndex(max(place, 0))

    def value(self):
        return self.widget.currentData()

    def postInitialize(self, wrappers):
        """Follow the box of the raster; QGIS calls this once all are there."""
        for wrapper in wrappers:
            if wrapper.parameterDefinition().name() == RASTER:
                self.source = wrapper
                wrapper.widgetValueHasChanged.connect(self._follow)
                self._follow()

    def _follow(self, *unused):
        layer = _layer(self.source)
        for index in range(self.widget.count()):
            factor = self.widget.itemData(index)
            self.widget.setItemText(index, described(factor, layer))


def described(factor, layer) -> str:
    """Return e.g. '×2: 30 m → 15 m', and '×2' for a raster without a place."""
    if layer is None or not layer.isValid() or not layer.crs().isValid():
        return f"×{factor}"
    size = layer.rasterUnitsPerPixelX()
    unit = QgsUnitTypes.toAbbreviatedString(layer.crs().mapUnits())
    return f"×{factor}: {size:.4g} {unit} → {size / int(factor):.4g} {unit}"


def _layer(wrapper):
    """Return the raster that is chosen, a file's, too; None without one."""
    value = wrapper.parameterValue()
    if isinstance(value, QgsProcessingFeatureSourceDefinition) or not value:
        return None
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    found = QgsProcessingUtils.mapLayerFromString(str(value), context)
    if not isinstance(found, QgsRasterLayer):
        return None
    if context.temporaryLayerStore().mapLayer(found.id()) is not None:  # it goes with the context
        return context.temporaryLayerStore().takeMapLayer(found)
    return found
