"""The provider `hsisr` and its one setting: where the `hsisr-geo` executable is."""

from __future__ import annotations

import os

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .adapt import Adapt
from .assess import Assess
from .engine import EXECUTABLE_SETTING
from .evaluate import Evaluate
from .info import Info
from .superresolve import SuperResolve

ICON = os.path.join(os.path.dirname(__file__), "icon.svg")


class HsisrProvider(QgsProcessingProvider):
    """Everything that the plugin adds to the toolbox."""

    def id(self):
        return "hsisr"

    def name(self):
        return "Hyperspectral super-resolution"

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
            "hsisr-geo executable (empty: look on the PATH)",
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
