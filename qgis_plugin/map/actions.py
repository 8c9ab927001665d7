"""What a person can ask of layers on the map: true colour, swipe, difference."""

from __future__ import annotations

import os
import tempfile

from qgis.core import (
    Qgis,
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
)

from ..i18n import tr
from ..layers import layer_path
from .difference import write_difference
from .group import group
from .pair import BEFORE, pair_of, times_finer
from .swipe import Swipe
from .truecolor import show_in_true_color, shown_bands

SPREAD = 3.0  # standard deviations at which the colours of a difference end


class MapActions:
    """The actions on one map window; `say` tells a person why one cannot be done."""

    def __init__(self, iface):
        self.iface = iface
        self.swipe = None

    def true_color(self):
        """Show the chosen raster layers, or the active one, in true colour."""
        chosen = [
            layer
            for layer in self.iface.layerTreeView().selectedLayers() or [self.iface.activeLayer()]
            if isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal"
        ]
        if not chosen:
            self._say(tr("Choose a raster layer first."))
        for layer in chosen:
            if show_in_true_color(layer):
                self.iface.layerTreeView().refreshLayerSymbology(layer.id())
            else:
                self._say(
                    tr("'{layer}' has no bands with visible wavelengths.").format(
                        layer=layer.name()
                    )
                )

    def toggle_swipe(self):
        """Begin to compare input and result by a line, or end it; return whether it is on."""
        canvas = self.iface.mapCanvas()
        if self.swipe is not None and canvas.mapTool() is self.swipe:
            canvas.unsetMapTool(self.swipe)
            self.swipe = None
            return False
        pair = self._pair()
        if pair is None:
            return False
        times = times_finer(*pair)
        if times is None:
            self._say(tr("Neither raster tells where it lies, and the result is a part."))
            return False
        root = QgsProject.instance().layerTreeRoot()
        for layer in pair:
            root.findLayer(layer.id()).setItemVisibilityCheckedParentRecursive(True)
        self.swipe = Swipe(canvas, *pair, times)
        canvas.setMapTool(self.swipe)
        return True

    def difference(self):
        """Put the difference between result and input on the map; return its layer."""
        pair = self._pair()
        if pair is None:
            return None
        before, after = pair
        of_after, of_before = shown_bands(after), shown_bands(before)
        if of_after is None or of_before is None:
            of_after = of_before = (1, 1, 1)
        path = _beside(layer_path(after))
        try:
            write_difference(
                layer_path(after), layer_path(before), path, list(zip(of_after, of_before))
            )
        except (OSError, ValueError) as error:
            self._say(str(error))
            return None
        name = tr("Difference: {result}").format(result=after.name())
        layer = QgsRasterLayer(path, name, "gdal")
        layer.setCrs(after.crs())
        _gray_is_nothing(layer)
        layer.setCustomProperty(f"{BEFORE}-difference", before.id())
        QgsProject.instance().addMapLayer(layer)
        group(QgsProject.instance(), layer.id(), after.id())
        return layer

    def remove(self):
        """End what is under way."""
        if self.swipe is not None:
            self.iface.mapCanvas().unsetMapTool(self.swipe)
            self.swipe = None

    def _pair(self):
        pair = pair_of(self.iface.activeLayer()) or _newest_pair()
        if pair is None:
            self._say(tr("There is no result on the map yet: run 'Super-resolve raster' first."))
        return pair

    def _say(self, words):
        bar = self.iface.messageBar()
        bar.pushMessage(tr("Hyperspectral super-resolution"), words, Qgis.MessageLevel.Info, 6)


def _newest_pair():
    for node in QgsProject.instance().layerTreeRoot().findLayers():
        pair = pair_of(node.layer())
        if pair is not None:
            return pair
    return None


def _beside(path):
    """Return where the difference is written: beside the result, or where that cannot be."""
    folder = os.path.dirname(path)
    stem = os.path.splitext(os.path.basename(path))[0]
    if not os.access(folder or ".", os.W_OK):
        folder = tempfile.mkdtemp(prefix="hsisr-")
    return os.path.join(folder, f"{stem}-difference.vrt")


def _gray_is_nothing(layer):
    """Stretch three bands alike around 0: grey where nothing was added, colours where it was."""
    provider = layer.dataProvider()
    widest = 0.0
    for number in (1, 2, 3):
        widest = max(widest, provider.bandStatistics(number, sampleSize=250_000).stdDev)
    limit = SPREAD * widest or 1.0
    renderer = QgsMultiBandColorRenderer(provider, 1, 2, 3)
    algorithm = QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    for number, give in enumerate(
        (
            renderer.setRedContrastEnhancement,
            renderer.setGreenContrastEnhancement,
            renderer.setBlueContrastEnhancement,
        ),
        start=1,
    ):
        stretch = QgsContrastEnhancement(provider.dataType(number))
        stretch.setContrastEnhancementAlgorithm(algorithm)
        stretch.setMinimumValue(-limit)
        stretch.setMaximumValue(limit)
        give(stretch)
    layer.setRenderer(renderer)
