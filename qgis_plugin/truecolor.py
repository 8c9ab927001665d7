"""Shows a raster in the colours an eye would see, from the wavelengths of its bands."""

from __future__ import annotations

from osgeo import gdal
from qgis.core import (
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsProcessingLayerPostProcessorInterface,
    QgsRasterMinMaxOrigin,
)

from .i18n import tr

RED_GREEN_BLUE_NM = (640.0, 550.0, 470.0)
FARTHEST_NM = 60.0  # a band farther from its colour than this does not stand for it

_NM_PER_UNIT = {"nanometers": 1.0, "nm": 1.0, "micrometers": 1000.0, "um": 1000.0, "µm": 1000.0}


def band_wavelengths_nm(path: str) -> list[float | None]:
    """Wavelength of each good band in nm, None where it has none or is marked bad."""
    dataset = gdal.Open(path)
    if dataset is None:
        return []
    tags = [dataset.GetRasterBand(i + 1).GetMetadata() for i in range(dataset.RasterCount)]
    return [None if tag.get("bbl") == "0" else _wavelength_nm(tag) for tag in tags]


def _wavelength_nm(tags: dict[str, str]) -> float | None:
    factor = _NM_PER_UNIT.get(tags.get("wavelength_units", "nanometers").lower())
    try:
        return float(tags["wavelength"]) * factor
    except (KeyError, TypeError, ValueError):
        return None


def true_color_bands(wavelengths_nm: list[float | None]) -> tuple[int, int, int] | None:
    """Band numbers (from 1) for red, green and blue, or None if a colour has no band near it.

    e.g. [460, 560, 650, 860] -> (3, 2, 1)
    """
    chosen = []
    for color in RED_GREEN_BLUE_NM:
        away = {i + 1: abs(nm - color) for i, nm in enumerate(wavelengths_nm) if nm is not None}
        nearest = min(away, key=away.get, default=None)
        if nearest is None or away[nearest] > FARTHEST_NM:
            return None
        chosen.append(nearest)
    return tuple(chosen)


def show_in_true_color(layer) -> bool:
    """Style a GDAL layer with its red, green and blue bands and a 2-98 % stretch."""
    bands = true_color_bands(band_wavelengths_nm(layer.source()))
    if bands is None:
        return False
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *bands))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )
    return True


class TrueColor(QgsProcessingLayerPostProcessorInterface):
    """Styles the result when QGIS puts it on the map (in the main thread)."""

    def postProcessLayer(self, layer, context, feedback):
        """Style the layer; QGIS calls this in the main thread, once the layer exists."""
        if not show_in_true_color(layer):
            feedback.pushInfo(
                tr("No bands with visible wavelengths: the colours are QGIS's choice.")
            )
