"""The provider `hsisr`: what the plugin adds to the toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .algorithms.adapt import Adapt
from .algorithms.assess import Assess
from .algorithms.evaluate import Evaluate
from .algorithms.index import SpectralIndex
from .algorithms.info import Info
from .algorithms.psf import Psf
from .algorithms.superresolve import SuperResolve
from .help import ICON
from .i18n import tr
from .version import version

# What the engine writes: GeoTIFF, then ENVI, then Zarr and netCDF.
EXTENSIONS = ("tif", "tiff", "img", "bsq", "bil", "bip", "dat", "zarr", "nc")


class HsisrProvider(QgsProcessingProvider):
    """Everything that the plugin adds to the toolbox."""

    def id(self):
        return "hsisr"

    def name(self):
        return tr("Hyperspectral super-resolution")

    def longName(self):
        return self.name()

    def versionInfo(self):
        return version()

    def defaultRasterFileExtension(self):
        return EXTENSIONS[0]

    def supportedOutputRasterLayerExtensions(self):
        return list(EXTENSIONS)

    def icon(self):
        return QIcon(ICON)

    def svgIconPath(self):
        return ICON

    def loadAlgorithms(self):
        ours = SuperResolve, Assess, Adapt, SpectralIndex, Evaluate, Psf, Info
        for algorithm in ours:
            self.addAlgorithm(algorithm())
