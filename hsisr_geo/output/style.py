"""A QGIS style (.qml) that shows a raster in true colour when it is first opened.

QGIS (3.22 to 3.44) shows bands 1, 2 and 3 of a raster of many, whatever their colour
interpretation, and of two the first as red and the second as green; only a style beside the file,
under its name, says otherwise. Its limits also spare QGIS the statistics that it would compute and
keep in a .aux.xml.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET  # nosec B405 # see `raster_of_style`

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.truecolor import PERCENTILES, choose_colors
from hsisr_geo.output.formats.summary import BandSummary

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_RASTER = "hsisr-geo-raster"  # the attribute that names the raster, which QGIS does not look at
_CHANNELS = ("red", "green", "blue")


def style_text(name: str, bands: Bands, summaries: Sequence[BandSummary]) -> str | None:
    """Return the style of the raster of that name; None where QGIS would choose as well by itself.

    That is where there is one band, where there are three without wavelengths, or where one of
    those to be shown has no contrast. Of two, as an index and its standard deviation, the first is
    shown in grey.
    """
    colors = choose_colors(bands)
    if len(bands) == 1 or (len(bands) == 3 and not colors.true):
        return None
    shown = dict(zip(_CHANNELS, colors.bands, strict=True)) if len(bands) > 2 else {"gray": 0}
    limits = {channel: _limits(bands[i], summaries[i]) for channel, i in shown.items()}
    if not all(low < high for low, high in limits.values()):
        return None
    qgis = ET.Element("qgis", {"version": "3.22", "styleCategories": "Symbology", _RASTER: name})
    pipe = ET.SubElement(qgis, "pipe")
    kind = "multibandcolor" if len(shown) > 1 else "singlebandgray"
    renderer = ET.SubElement(pipe, "rasterrenderer", type=kind, opacity="1")
    for channel, index in shown.items():
        renderer.set(f"{channel}Band", str(index + 1))
    _add_origin(renderer)
    for channel, (low, high) in limits.items():
        enhancement = f"{channel}ContrastEnhancement" if len(shown) > 1 else "contrastEnhancement"
        stretch = ET.SubElement(renderer, enhancement)
        ET.SubElement(stretch, "minValue").text = f"{low:.9g}"
        ET.SubElement(stretch, "maxValue").text = f"{high:.9g}"
        ET.SubElement(stretch, "algorithm").text = "StretchToMinimumMaximum"
    ET.indent(qgis)
    return _HEAD + ET.tostring(qgis, encoding="unicode") + "\n"


def raster_of_style(text: str) -> str | None:
    """Return the name of the raster that a style was made for here; None for any other style."""
    if "<!ENTITY" in text:  # which could grow without end, and no style has
        return None
    try:
        return ET.fromstring(text).get(_RASTER)  # nosec B314 # without entities
    except ET.ParseError:
        return None


def _limits(band: Band, summary: BandSummary) -> tuple[float, float]:
    """Return the stretch in physical values, as QGIS applies scale and offset."""
    ends = [value * band.scale + band.offset for value in (summary.low, summary.high)]
    return min(ends), max(ends)


def _add_origin(renderer: ET.Element) -> None:
    """Say what the limits are, so that QGIS's dialog shows it."""
    origin = ET.SubElement(renderer, "minMaxOrigin")
    items = {
        "limits": "CumulativeCut",
        "extent": "WholeRaster",
        "statAccuracy": "Estimated",
        "cumulativeCutLower": f"{PERCENTILES[0] / 100:g}",
        "cumulativeCutUpper": f"{PERCENTILES[1] / 100:g}",
        "stdDevFactor": "2",
    }
    for name, text in items.items():
        ET.SubElement(origin, name).text = text
