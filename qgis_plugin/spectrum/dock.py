"""The dock with the spectra of the pixels that are clicked on, and of the one under the mouse."""

from __future__ import annotations

import os
from functools import lru_cache

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
)
from qgis.gui import QgsMapToolEmitPoint, QgsVertexMarker
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDockWidget,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from ..layers import gdal_name
from ..map.dataset import dataset_of
from ..map.pair import deviation_of, pair_of, times_finer
from .chart import COLORS, Chart
from .readings import Pixel, read_spectrum, write_csv

MOST = len(COLORS)  # pixels that are kept; the oldest goes
PATIENCE_MS = 40  # between two readings under the mouse
KEPT_OPEN_MS = 1500  # then files are let go: somebody may want to replace them


class SpectrumDock(QDockWidget):
    """Shows input and result of one pair of layers, or a single raster, over wavelength."""

    def __init__(self, iface):
        super().__init__(tr("Spectra before and after"), iface.mainWindow())
        self.setObjectName("HsisrSpectra")
        self.iface, self.kept, self.hovered, self.marks = iface, [], None, []
        self.chart = Chart()
        self.what = QLabel()
        self.follow = QCheckBox(tr("follow the mouse"))
        self.tool = _Pick(iface.mapCanvas(), self)
        self.waiting, self.release = QTimer(self), QTimer(self)
        for timer, span, action in (
            (self.waiting, PATIENCE_MS, self._read_hovered),
            (self.release, KEPT_OPEN_MS, _opened.cache_clear),
        ):
            timer.setSingleShot(True)
            timer.setInterval(span)
            timer.timeout.connect(action)
        self._lay_out()
        self.visibilityChanged.connect(self._shown)

    def pick(self, point):
        """Keep the pixel at a point of the map; beyond six the oldest goes."""
        pixel = self.read(point)
        if pixel is not None:
            self.kept = [*self.kept, pixel][-MOST:]
            self.hovered = None
            self._show()

    def hover(self, point):
        """Show the pixel under the mouse, if that is wanted."""
        if self.follow.isChecked():
            self.hovered_at = point
            if not self.waiting.isActive():
                self.waiting.start()

    def read(self, point):
        """Return the pixel at a point of the map, None where no layer has one."""
        canvas, layers = self.iface.mapCanvas(), self.layers()
        places = _places(point, *layers[:2], canvas)
        read = [_read(layer, place, canvas) for layer, place in zip(layers, places)]
        self.release.start()
        if read[0] is None and read[1] is None:
            return None
        return Pixel(point.x(), point.y(), *read)

    def layers(self):
        """Return (input, result, deviation) by the active layer; what is missing is None."""
        active = self.iface.activeLayer()
        if not isinstance(active, QgsRasterLayer):
            active = _first_pair()
        pair = pair_of(active)
        if pair is None:
            return active, None, None
        return (*pair, deviation_of(pair[0]))

    def clear(self):
        """Forget all pixels."""
        self.kept, self.hovered = [], None
        self._show()

    def save_csv(self, path=""):
        """Write the kept pixels as a table; asks where without a path."""
        path = path or _asked(self, tr("Save the spectra"), "spectra.csv", "CSV (*.csv)")
        if path:
            self._say(path, lambda: write_csv(self.kept, path))

    def save_picture(self, path=""):
        """Write the chart as a picture; asks where without a path."""
        path = path or _asked(self, tr("Save the picture"), "spectra.png", "PNG (*.png)")

        def save():
            if not self.chart.picture().save(path):
                raise OSError(tr("it cannot be written"))

        if path:
            self._say(path, save)

    def leave(self):
        """Take away what is on the map; the plugin is unloaded."""
        self.clear()
        self.iface.mapCanvas().unsetMapTool(self.tool)
        _opened.cache_clear()

    def _say(self, path, save):
        try:
            save()
            self.what.setText(tr("Saved: {path}").format(path=path))
        except OSError as error:
            self.what.setText(f"{path}: {error}")

    def _read_hovered(self):
        self.hovered = self.read(self.hovered_at)
        self._show()

    def _show(self):
        self.chart.show_pixels([*self.kept, *([self.hovered] if self.hovered else [])])
        self._unmark()
        self.marks = [
            _mark(self.iface.mapCanvas(), pixel, COLORS[i % len(COLORS)])
            for i, pixel in enumerate(self.kept)
        ]
        before, after, deviation = self.layers()
        names = [layer.name() for layer in (before, after, deviation) if layer is not None]
        self.what.setText(" · ".join(names))
        for button in self.needing:
            button.setEnabled(bool(self.kept))

    def _unmark(self):
        for mark in self.marks:
            self.iface.mapCanvas().scene().removeItem(mark)
        self.marks = []

    def _shown(self, visible):
        canvas = self.iface.mapCanvas()
        if visible:
            canvas.setMapTool(self.tool)
            self._show()
        elif not self.isVisible():
            canvas.unsetMapTool(self.tool)
            self._unmark()

    def _lay_out(self):
        row = QHBoxLayout()
        self.buttons = {}
        for name, words, action in (
            ("pick", tr("Pick pixels"), lambda: self.iface.mapCanvas().setMapTool(self.tool)),
            ("clear", tr("Clear"), self.clear),
            ("csv", tr("Save as CSV…"), self.save_csv),
            ("picture", tr("Save as picture…"), self.save_picture),
        ):
            button = self.buttons[name] = QPushButton(words)
            button.clicked.connect(lambda _checked=False, action=action: action())
            row.addWidget(button)
        self.needing = [self.buttons[name] for name in ("clear", "csv", "picture")]
        row.addWidget(self.follow)
        row.addStretch(1)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.addWidget(self.what)
        layout.addWidget(self.chart, 1)
        layout.addLayout(row)
        self.setWidget(inside)


class _Pick(QgsMapToolEmitPoint):
    """Tells the dock where the map is clicked on, and where the mouse is."""

    def __init__(self, canvas, dock):
        super().__init__(canvas)
        self.dock = dock

    def canvasReleaseEvent(self, event):
        self.dock.pick(self.toMapCoordinates(event.pos()))

    def canvasMoveEvent(self, event):
        self.dock.hover(self.toMapCoordinates(event.pos()))


def _places(point, before, after, canvas):
    """Return the points at which input, result and deviation are read, None where not known.

    They are one point, but for rasters without a place: what is seen there is the result's, or the
    input's while the result is switched off.
    """
    times = 1 if before is None or after is None else times_finer(before, after)
    if times == 1:
        return point, point, point
    if after not in canvas.layers():
        other = times and QgsPointXY(point.x() * times, point.y() * times)
        return point, other, other
    return times and QgsPointXY(point.x() / times, point.y() / times), point, point


def _read(layer, point, canvas):
    """Return the spectrum of a layer on disk at a point of the map."""
    if layer is None or point is None or layer.providerType() != "gdal":
        return None
    transform = QgsCoordinateTransform(
        canvas.mapSettings().destinationCrs(), layer.crs(), QgsProject.instance()
    )
    try:
        place = transform.transform(QgsPointXY(point))
    except QgsCsException:
        return None
    dataset = _opened(gdal_name(layer))
    return None if dataset is None else read_spectrum(dataset, place.x(), place.y())


@lru_cache(maxsize=6)
def _opened(source):
    return dataset_of(source)


def _first_pair():
    for node in QgsProject.instance().layerTreeRoot().findLayers():
        if isinstance(node.layer(), QgsRasterLayer):
            return node.layer()
    return None


def _mark(canvas, pixel, color):
    mark = QgsVertexMarker(canvas)
    mark.setCenter(QgsPointXY(pixel.x, pixel.y))
    mark.setColor(QColor(color))
    mark.setIconSize(12)
    mark.setPenWidth(3)
    return mark


def _asked(parent, title, name, kinds):
    folder = QgsProject.instance().homePath() or os.path.expanduser("~")
    return QFileDialog.getSaveFileName(parent, title, os.path.join(folder, name), kinds)[0]
