"""Shows one band from low to high: an uncertainty has no colour of its own."""

from __future__ import annotations

import math

from qgis.core import (
    QgsColorRampShader,
    QgsGradientColorRamp,
    QgsGradientStop,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterMinMaxOrigin,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from ..layers import gdal_name
from .group import group_soon
from .stretch import limits_of
from .truecolor import RED_GREEN_BLUE_NM
from .wavelengths import band_wavelengths_nm

LOW, MIDDLE, HIGH = "#fff7ec", "#fc8d59", "#7f0000"  # light to dark, also in print
DEVIATION_OF = "hsisr/deviation-of"  # property of a layer: whose result it is the deviation of
LEFT_OUT = 0.02  # of the pixels at each end


def shown_band(wavelengths_nm: list[float | None]) -> int:
    """Return the number (from 1) of the band to show: the one nearest to green, else the first."""
    green = RED_GREEN_BLUE_NM[1]
    away = {i + 1: abs(nm - green) for i, nm in enumerate(wavelengths_nm) if nm is not None}
    return min(away, key=away.get, default=1)


def show_in_shades(layer) -> None:
    """Style a GDAL layer by one band, with a 2-98 % stretch."""
    band, provider = shown_band(band_wavelengths_nm(gdal_name(layer))), layer.dataProvider()
    low, high = provider.cumulativeCut(band, LEFT_OUT, 1 - LEFT_OUT)
    if not math.isfinite(low + high):
        low, high = limits_of(gdal_name(layer), band) or (0.0, 1.0)
    ramp = QgsGradientColorRamp(
        QColor(LOW), QColor(HIGH), False, [QgsGradientStop(0.5, QColor(MIDDLE))]
    )
    renderer = QgsSingleBandPseudoColorRenderer(provider, band)
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    interpolated = QgsColorRampShader.Type.Interpolated
    continuous = QgsColorRampShader.ClassificationMode.Continuous
    renderer.createShader(ramp, interpolated, continuous)
    origin = QgsRasterMinMaxOrigin()
    origin.setLimits(QgsRasterMinMaxOrigin.Limits.CumulativeCut)
    renderer.setMinMaxOrigin(origin)
    layer.setRenderer(renderer)


class Sequential(QgsProcessingLayerPostProcessorInterface):
    """Styles an uncertainty when QGIS puts it on the map (in the main thread)."""

    def __init__(self, before="", crs=None):
        super().__init__()
        self.before, self.crs = before, crs  # identifier of the input's layer

    def postProcessLayer(self, layer, context, feedback):
        """Style the layer; QGIS calls this in the main thread, once the layer exists."""
        if self.crs is not None:
            layer.setCrs(self.crs)
        show_in_shades(layer)
        layer.setCustomProperty(DEVIATION_OF, self.before)
        group_soon(QgsProject.instance(), layer.id(), self.before)
