"""A map tool that shows the input left of a line and the result right of it."""

from __future__ import annotations

from qgis.core import QgsMapRendererParallelJob, QgsMapSettings, QgsRectangle
from qgis.gui import QgsMapCanvasItem, QgsMapTool
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QPen

from ..i18n import tr

GRIP = 9  # radius of the handle, in pixels


class Swipe(QgsMapTool):
    """Draws one layer over the map up to a line that follows the mouse.

    `before` and `after` are switched on, and what lies over them on the map stays to be seen right
    of the line only. `times`: how many units of the map the result has for one of the input's.
    """

    def __init__(self, canvas, before, after, times=1):
        super().__init__(canvas)
        self.before, self.after, self.times = before, after, times
        self.curtain = None
        self.setCursor(Qt.CursorShape.SplitHCursor)
        for layer in (before, after):
            layer.willBeDeleted.connect(self._end)

    def activate(self):
        super().activate()
        self.curtain = _Curtain(self.canvas(), self.before, self.times)

    def deactivate(self):
        if self.curtain is not None:
            self.curtain.remove()
            self.curtain = None
        super().deactivate()

    def _end(self):
        """End with the first of the layers that is taken off the project."""
        self.canvas().unsetMapTool(self)

    def canvasMoveEvent(self, event):
        """Put the line where the mouse is."""
        if self.curtain is not None:
            self.curtain.draw_to(event.pos().x())

    def canvasPressEvent(self, event):
        self.canvasMoveEvent(event)


class _Curtain(QgsMapCanvasItem):
    """The picture of `before`, up to the line."""

    def __init__(self, canvas, before, times):
        super().__init__(canvas)
        self.view, self.before, self.times = canvas, before, times
        self.at = canvas.width() // 2
        self.picture, self.job = None, None
        canvas.mapCanvasRefreshed.connect(self.render_again)
        self.render_again()

    def render_again(self):
        """Draw `before` for the extent that the map has now, beside QGIS's thread."""
        self._stop()
        settings = QgsMapSettings(self.view.mapSettings())
        settings.setLayers([self.before])
        settings.setExtent(_divided(settings.extent(), self.times))
        settings.setBackgroundColor(self.view.canvasColor())
        self.job = QgsMapRendererParallelJob(settings)
        self.job.finished.connect(self._drawn)
        self.job.start()

    def draw_to(self, x):
        """Put the line at a column of the map's window."""
        self.at = min(max(x, 0), self.view.width())
        self.update()

    def remove(self):
        """Take it off the map."""
        self.view.mapCanvasRefreshed.disconnect(self.render_again)
        self._stop()
        self.view.scene().removeItem(self)

    def _stop(self):
        if self.job is not None:
            self.job.finished.disconnect(self._drawn)
            self.job.cancelWithoutBlocking()
            self.job = None

    def _drawn(self):
        self.picture = self.job.renderedImage()
        self.setRect(self.view.extent())
        self.update()

    def boundingRect(self):
        return QRectF(0, 0, self.view.width(), self.view.height())

    def paint(self, painter, *unused):
        if self.picture is None:
            return
        height = self.view.height()
        painter.save()
        painter.setClipRect(QRectF(0, 0, self.at, height))
        painter.drawImage(QPointF(0, 0), self.picture)
        painter.restore()
        for color, width in ((QColor(0, 0, 0, 120), 4), (QColor("white"), 2)):
            painter.setPen(QPen(color, width))
            painter.drawLine(QPointF(self.at, 0), QPointF(self.at, height))
        painter.setBrush(QColor("white"))
        painter.setPen(QPen(QColor(0, 0, 0, 150), 1))
        painter.drawEllipse(QPointF(self.at, height / 2), GRIP, GRIP)
        self._labels(painter)

    def _labels(self, painter):
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        measure = painter.fontMetrics()
        for text, left in ((tr("before"), True), (tr("after"), False)):
            width = measure.boundingRect(text).width() + 12
            x = self.at - width - 8 if left else self.at + 8
            top = self.view.height() - measure.height() - 14  # messages lie over the upper edge
            box = QRectF(x, top, width, measure.height() + 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 150))
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor("white"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _divided(extent, times):
    ends = extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()
    return QgsRectangle(*(end / times for end in ends))
