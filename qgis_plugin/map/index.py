"""Shows an index in grey: the second of its two bands, its deviation, is no colour beside it."""

from __future__ import annotations

from qgis.core import QgsProcessingLayerPostProcessorInterface, QgsProject

from .group import group_soon


class InGrey(QgsProcessingLayerPostProcessorInterface):
    """Styles an index as the file beside it says, which Processing leaves out."""

    def __init__(self, result=""):
        super().__init__()
        self.result = result  # identifier of the layer that it is an index of

    def postProcessLayer(self, layer, context, feedback):
        """Style the layer; QGIS calls this in the main thread, once the layer exists."""
        layer.loadDefaultStyle()
        group_soon(QgsProject.instance(), layer.id(), self.result)
