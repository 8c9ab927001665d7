"""The provider `hsisr` and its one setting: where the `hsisr-geo` executable is."""

from __future__ import annotations

import configparser
import os

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .adapt import Adapt
from .assess import Assess
from .engine import EXECUTABLE_SETTING
from .evaluate import Evaluate
from .i18n import tr
from .info import Info
from .superresolve import SuperResolve

EXTENSIONS = ("tif", "tiff", "img", "bsq", "dat")  # what the engine writes; the last three are ENVI
ICON = os.path.join(os.path.dirname(__file__), "icon.svg")


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
        for algorithm in (SuperResolve(), Assess(), Adapt(), Evaluate(), Info()):
            self.addAlgorithm(algorithm)

    def load(self):
        # Imported here: the Python half of Processing is itself a plugin, found at run time.
        from processing.core.ProcessingConfig import ProcessingConfig, Setting

        ProcessingConfig.settingIcons[self.name()] = self.icon()
        setting = Setting(
            self.name(),
            "HSISR_EXECUTABLE",
            tr("hsisr-geo executable (empty: look on the PATH)"),
            "",
            valuetype=Setting.FILE,
        )
        setting.qname = EXECUTABLE_SETTING  # where it is stored, in place of Processing/…/NAME
        ProcessingConfig.addSetting(setting)
        ProcessingConfig.readSettings()
        self.refreshAlgorithms()
        return True

    def unload(self):
        from processing.core.ProcessingConfig import ProcessingConfig

        ProcessingConfig.removeSetting("HSISR_EXECUTABLE")


def version() -> str:
    """Version of the plugin, as its metadata tell it."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(os.path.join(os.path.dirname(__file__), "metadata.txt"), encoding="utf-8")
    return metadata.get("general", "version", fallback="")
