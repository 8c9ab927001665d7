"""A result beside its input: the same colours and stretch.

The result's layer remembers its input's, in the project, too; the swipe, the difference and the
spectra go by that.
"""

from __future__ import annotations

from qgis.core import QgsProcessingLayerPostProcessorInterface, QgsProject

from ..i18n import tr
from .dataset import times_wider
from .group import group_soon
from .sequential import DEVIATION_OF
from .truecolor import is_styled_by_qgis, show_in_true_color, shown_bands, stretch_of

BEFORE = "hsisr/before"  # property of a result's layer: identifier of its input's


class BesideInput(QgsProcessingLayerPostProcessorInterface):
    """Styles a result and its input alike when QGIS puts it on the map (in the main thread)."""

    def __init__(self, before, crs=None):
        super().__init__()
        self.before, self.crs = before, crs

    def postProcessLayer(self, layer, context, feedback):
        """Style the layers; QGIS calls this in the main thread, once the layer exists."""
        project = QgsProject.instance()
        before = project.mapLayer(self.before)
        if self.crs is not None:
            layer.setCrs(self.crs)
        if not dress_alike(layer, before):
            feedback.pushInfo(
                tr("No bands with visible wavelengths: the colours are QGIS's choice.")
            )
        if before is None:
            return
        layer.setCustomProperty(BEFORE, before.id())
        group_soon(project, layer.id(), self.before)


def dress_alike(after, before) -> bool:
    """Show both in true colour with the stretch of the input; False without visible bands.

    An input that somebody has styled keeps its style. If that is true colour, the result takes its
    stretch.
    """
    if before is None or not hasattr(before, "renderer"):
        return show_in_true_color(after)
    if not show_in_true_color(after):
        return False
    if is_styled_by_qgis(before):
        same = before.bandCount() == after.bandCount()
        show_in_true_color(before, bands=shown_bands(after) if same else None)
    if stretch_of(before) is not None and not is_styled_by_qgis(before):
        show_in_true_color(after, like=before)
    return True


def pair_of(layer):
    """Return (input, result) where the layer is either of them, None where it is neither.

    Of several results of one input the newest counts.
    """
    if layer is None:
        return None
    project = QgsProject.instance()
    before = project.mapLayer(layer.customProperty(BEFORE, "") or "")
    if before is not None:
        return before, layer
    made = [
        each for each in project.mapLayers().values() if each.customProperty(BEFORE) == layer.id()
    ]
    order = [node.layerId() for node in project.layerTreeRoot().findLayers()]
    made.sort(key=lambda each: order.index(each.id()) if each.id() in order else len(order))
    return (layer, made[0]) if made else None


def times_finer(before, after) -> int | None:
    """Return how many pixels of the result are one of the input's where neither has a place.

    QGIS lays such rasters on the map by their pixels, so that the result is that many times as
    wide. 1 where they lie over each other, None where the result is a part: of which, nothing
    tells.
    """
    if before.rasterUnitsPerPixelX() != after.rasterUnitsPerPixelX():
        return 1
    return times_wider(*((each.width(), each.height()) for each in (after, before)))


def deviation_of(before):
    """Return the layer of the standard deviation that belongs to an input, None without one."""
    for layer in QgsProject.instance().mapLayers().values():
        if layer.customProperty(DEVIATION_OF) == before.id():
            return layer
    return None
