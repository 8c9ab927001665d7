"""Registers the provider when QGIS or qgis_process starts, and takes it away again."""

from __future__ import annotations

from qgis.core import QgsApplication

from .i18n import install_translator
from .provider import HsisrProvider


class HsisrPlugin:
    """The object that QGIS keeps for the plugin."""

    def __init__(self, iface):
        self.iface = iface
        self.provider = None
        self.desktop = None
        self.translator = install_translator()

    def initProcessing(self):
        """Register the provider; qgis_process calls only this."""
        if self.provider is not None:
            return
        provider = HsisrProvider()
        # A refused provider (an id taken twice) is deleted by QGIS: keep only an accepted one.
        if QgsApplication.processingRegistry().addProvider(provider):
            self.provider = provider

    def initGui(self):
        """Register the provider and add what the desktop shows; the desktop calls this."""
        self.initProcessing()
        if self.iface is not None and self.desktop is None:
            from .desktop.desktop import Desktop  # widgets: not for qgis_process

            self.desktop = Desktop(self.iface)

    def unload(self):
        """Remove what the desktop shows, and the provider, which that deletes."""
        if self.desktop is not None:
            self.desktop.remove()
            self.desktop = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
