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
        """Register the provider; the desktop calls this."""
        self.initProcessing()

    def unload(self):
        """Remove the provider, which deletes it."""
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
