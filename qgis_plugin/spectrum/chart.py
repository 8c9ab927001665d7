"""Draws the spectra of pixels: the input dashed, the result solid, ± its deviation as a band."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

from ..i18n import tr
from .axis import span, text, ticks
from .readings import curve

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # of Okabe and Ito
LEFT, TOP, RIGHT, BOTTOM = 62, 30, 14, 40  # margins in pixels
GAP_NM = 60.0  # a line is not drawn over what no band saw
DEVIATIONS = 1.0


class Chart(QWidget):
    """A picture of `pixels`; the last one may be the one under the mouse."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.pixels = []
        self.setMinimumSize(320, 180)

    def show_pixels(self, pixels):
        """Draw other pixels."""
        self.pixels = list(pixels)
        self.update()

    def paintEvent(self, event):
        painter = QPainter(self)
        draw(painter, QRectF(self.rect()), self.pixels)
        painter.end()

    def picture(self, width=1400, height=700):
        """Return the chart as an image, twice as fine as a screen."""
        image = QImage(width, height, QImage.Format.Format_ARGB32)
        painter = QPainter(image)
        painter.scale(2, 2)
        draw(painter, QRectF(0, 0, width / 2, height / 2), self.pixels)
        painter.end()
        return image


def draw(painter, whole, pixels) -> None:
    """Draw axes, bad bands, lines and a legend into a rectangle."""
    painter.fillRect(whole, QColor("white"))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    area = whole.adjusted(LEFT, TOP, -RIGHT, -BOTTOM)
    spectra = [each for pixel in pixels for each in (pixel.before, pixel.after) if each]
    if not spectra:
        painter.setPen(QColor("#666666"))
        hint = tr("Click on the map: the spectrum of the pixel appears here.")
        painter.drawText(whole, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, hint)
        return
    scale = _Scale(area, spectra)
    _bad_bands(painter, area, scale, spectra)
    _axes(painter, area, scale, spectra[0].in_nm)
    painter.save()
    painter.setClipRect(area)
    for number, pixel in enumerate(pixels):
        _lines(painter, scale, pixel, QColor(COLORS[number % len(COLORS)]))
    painter.restore()
    _legend(painter, whole, pixels)


class _Scale:
    """From wavelength and value to a point of the picture; bad bands do not stretch it."""

    def __init__(self, area, spectra):
        self.area = area
        places = [at for each in spectra for at in each.at]
        self.low, self.high = span(places, 0.02)
        self.bottom, self.top = span(
            [v for each in spectra for _, v, bad in curve(each) if not bad]
        )

    def __call__(self, at, value):
        x = self.area.left() + (at - self.low) / (self.high - self.low) * self.area.width()
        up = (value - self.bottom) / (self.top - self.bottom) * self.area.height()
        return QPointF(x, self.area.bottom() - up)


def _bad_bands(painter, area, scale, spectra) -> None:
    points = curve(spectra[0])
    for index, (at, _, bad) in enumerate(points):
        if not bad:
            continue
        before = points[max(index - 1, 0)][0]
        after = points[min(index + 1, len(points) - 1)][0]
        left, right = scale((at + before) / 2, 0).x(), scale((at + after) / 2, 0).x()
        painter.fillRect(
            QRectF(left, area.top(), max(right - left, 1), area.height()), QColor("#e4e4e4")
        )


def _axes(painter, area, scale, in_nm) -> None:
    measure = painter.fontMetrics()
    painter.setPen(QPen(QColor("#d0d0d0"), 1))
    for at in ticks(scale.low, scale.high):
        painter.drawLine(scale(at, scale.bottom), scale(at, scale.top))
    for value in ticks(scale.bottom, scale.top, 5):
        painter.drawLine(scale(scale.low, value), scale(scale.high, value))
    painter.setPen(QColor("#333333"))
    painter.drawRect(area)
    middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
    for at in ticks(scale.low, scale.high):
        x = scale(at, scale.bottom).x()
        painter.drawText(QRectF(x - 40, area.bottom() + 3, 80, 18), middle, text(at))
    aside = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for value in ticks(scale.bottom, scale.top, 5):
        y = scale(scale.low, value).y()
        painter.drawText(QRectF(area.left() - LEFT, y - 9, LEFT - 6, 18), aside, text(value))
    title = tr("wavelength (nm)") if in_nm else tr("band")
    bottom = QRectF(area.left(), area.bottom() + 18, area.width(), measure.height() + 4)
    painter.drawText(bottom, middle, title)


def _lines(painter, scale, pixel, color) -> None:
    if pixel.after is not None and pixel.deviation is not None:
        _band(painter, scale, pixel, color)
    for spectrum, style, width in (
        (pixel.before, Qt.PenStyle.DashLine, 1.3),
        (pixel.after, Qt.PenStyle.SolidLine, 1.8),
    ):
        if spectrum is None:
            continue
        painter.setPen(QPen(color, width, style))
        for stretch in stretches(spectrum):
            painter.drawPolyline(QPolygonF([scale(at, value) for at, value in stretch]))


def stretches(spectrum):
    """Return the lines of a spectrum: broken where a band is bad, empty, or far from the last."""
    lines, last = [[]], None
    for at, value, bad in curve(spectrum):
        if bad or math.isnan(value):
            last = None
            continue
        if last is None or (spectrum.in_nm and at - last > GAP_NM):
            lines.append([])
        lines[-1].append((at, value))
        last = at
    return [line for line in lines if line]


def _band(painter, scale, pixel, color) -> None:
    deviation = dict(zip(pixel.deviation.at, pixel.deviation.values))
    if len(deviation) == 1:  # the mean over all bands
        deviation = dict.fromkeys(pixel.after.at, next(iter(deviation.values())))
    fill = QColor(color)
    fill.setAlpha(50)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    for line in stretches(pixel.after):
        known = [(at, v, DEVIATIONS * deviation.get(at, math.nan)) for at, v in line]
        known = [each for each in known if math.isfinite(each[2])]
        upper = [scale(at, value + width) for at, value, width in known]
        lower = [scale(at, value - width) for at, value, width in reversed(known)]
        if upper:
            painter.drawPolygon(QPolygonF(upper + lower))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _legend(painter, whole, pixels) -> None:
    """Name the lines above the chart: style first, then the pixels by colour."""
    x, y = whole.left() + LEFT, whole.top() + 15
    entries = [("#333333", Qt.PenStyle.DashLine, tr("before"))]
    if any(pixel.after for pixel in pixels):
        entries.append(("#333333", Qt.PenStyle.SolidLine, tr("after")))
    if any(pixel.deviation for pixel in pixels):
        entries.append(("#bbbbbb", Qt.PenStyle.SolidLine, tr("± standard deviation")))
    for number, pixel in enumerate(pixels):
        place = f"{number + 1}: {pixel.x:.0f}, {pixel.y:.0f}"
        entries.append((COLORS[number % len(COLORS)], Qt.PenStyle.SolidLine, place))
    for color, style, words in entries:
        width = 28 + painter.fontMetrics().boundingRect(words).width() + 16
        if x + width > whole.right():
            return  # no room: the table of an export has them all
        painter.setPen(QPen(QColor(color), 2, style))
        painter.drawLine(QPointF(x, y), QPointF(x + 22, y))
        painter.setPen(QColor("#333333"))
        painter.drawText(QPointF(x + 28, y + 5), words)
        x += width
