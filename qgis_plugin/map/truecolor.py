"""Shows a raster in the colours an eye would see, from the wavelengths of its bands."""

from __future__ import annotations

from qgis.core import (
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsRasterMinMaxOrigin,
)

from ..layers import gdal_name
from .stretch import repair
from .wavelengths import band_wavelengths_nm

RED_GREEN_BLUE_NM = (640.0, 550.0, 470.0)
FARTHEST_NM = 60.0  # a band farther from its colour than this does not stand for it


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


def show_in_true_color(layer, like=None, bands=None) -> bool:
    """Style a GDAL layer with its red, green and blue bands.

    Parameters
    ----------
    like : a layer in true colour whose stretch is taken over; else it is 2-98 % of the layer
    bands : numbers of the bands where the file does not tell their wavelengths

    Returns
    -------
    Whether there are such bands; without them nothing is changed.
    """
    bands = true_color_bands(band_wavelengths_nm(gdal_name(layer))) or bands
    if bands is None:
        return False
    stretch = None if like is None else stretch_of(like)
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), *bands)
    layer.setRenderer(renderer)
    if stretch is None:
        layer.setContrastEnhancement(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
            QgsRasterMinMaxOrigin.Limits.CumulativeCut,
        )
        repair(layer)
    else:
        red, green, blue = (QgsContrastEnhancement(each) for each in stretch)
        renderer.setRedContrastEnhancement(red)
        renderer.setGreenContrastEnhancement(green)
        renderer.setBlueContrastEnhancement(blue)
    layer.triggerRepaint()
    return True


def shown_bands(layer) -> tuple[int, int, int] | None:
    """Return the numbers of the bands that a layer shows in red, green and blue."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsMultiBandColorRenderer):
        return None
    return renderer.redBand(), renderer.greenBand(), renderer.blueBand()


def stretch_of(layer) -> tuple[QgsContrastEnhancement, ...] | None:
    """Return the stretch of red, green and blue, None where a layer has none."""
    if shown_bands(layer) is None:
        return None
    renderer = layer.renderer()
    found = (
        renderer.redContrastEnhancement(),
        renderer.greenContrastEnhancement(),
        renderer.blueContrastEnhancement(),
    )
    return found if all(found) else None


def is_styled_by_qgis(layer) -> bool:
    """Tell whether a raster still looks as QGIS opens one: nobody's choice is in it."""
    return shown_bands(layer) in ((1, 2, 3), None) and layer.renderer().type() in (
        "multibandcolor",
        "singlebandgray",
    )
