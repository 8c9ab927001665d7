"""A map without a desktop, and rasters to put on it."""

import time

from osgeo import gdal
from qgis.core import QgsApplication
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtWidgets import QMainWindow

NM = (460, 550, 640, 860)


class Window:
    """The part of QGIS's interface that the map's actions use."""

    def __init__(self):
        self.main, self.active = QMainWindow(), None
        self.canvas, self.bar = QgsMapCanvas(self.main), QgsMessageBar(self.main)
        self.canvas.resize(400, 300)

    def mainWindow(self):
        return self.main

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def activeLayer(self):
        return self.active


def raster(path, values, *, pixel=None, west=0.0, north=0.0, nodata=None, scale=None):
    """Write values (band, row, col); without `pixel` nothing tells where they lie."""
    count, rows, cols = values.shape
    made = gdal.GetDriverByName("GTiff").Create(str(path), cols, rows, count, gdal.GDT_Float32)
    if pixel is not None:
        made.SetProjection("EPSG:32633")
        made.SetGeoTransform((500000 + west, pixel, 0, 5800000 - north, 0, -pixel))
    for index in range(count):
        band = made.GetRasterBand(index + 1)
        band.SetMetadata(
            {"wavelength": str(NM[index]), "wavelength_units": "nm", "bbl": str(int(index != 3))}
        )
        if nodata is not None:
            band.SetNoDataValue(nodata)
        if scale is not None:
            band.SetScale(scale)
        band.WriteArray(values[index])
    del made
    return str(path)


def until(condition, seconds=20):
    """Serve events until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        QgsApplication.processEvents()
        assert time.monotonic() < end
        time.sleep(0.01)
