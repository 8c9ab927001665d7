"""What the plugin adds to the desktop: a menu, two buttons, a dock, a page of options."""

from __future__ import annotations

import os

import processing
import qgis.utils
from processing.gui.ContextAction import ContextAction
from processing.gui.ProviderActions import ProviderContextMenuActions
from qgis.core import QgsApplication, QgsProcessingAlgorithm
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QApplication

from ..help import ICON
from ..i18n import tr
from ..map.actions import MapActions
from ..spectrum.dock import SpectrumDock
from .entries import Entries
from .options_page import OptionsFactory
from .sample import NAME, make_sample
from .setup_dialog import SetupDialog
from .welcome import greet_once


class Desktop:
    """Adds it when made, takes it away with `remove`."""

    def __init__(self, iface):
        self.iface = iface
        self.dialog = None
        self.menu = tr("Hyperspectral super-resolution")
        self.map, self.spectra, self.greeting = MapActions(iface), None, None
        self.entries = Entries(iface, self.menu, self._entries())
        self.context = [_context_action(self.open_set_up)]
        ProviderContextMenuActions.registerProviderContextMenuActions(self.context)
        self.options = OptionsFactory(self.open_set_up)
        # After the page of Processing, below which ours is: QGIS starts plugins in any order.
        self.waiting = "processing" not in qgis.utils.plugins
        if self.waiting:
            iface.initializationCompleted.connect(self._add_options)
        else:
            self._add_options()

    def _add_options(self):
        if self.waiting:
            self.iface.initializationCompleted.disconnect(self._add_options)
            self.waiting = False
        self.greeting = greet_once(self.iface, self.open_set_up, self.open_sample)
        self.iface.registerOptionsWidgetFactory(self.options)

    def open_set_up(self):
        """Show the dialog, which looks at the machine anew."""
        if self.dialog is None:
            self.dialog = SetupDialog(self.iface.mainWindow())
            self.dialog.set_up_changed.connect(refresh_algorithms)
        self.dialog.look()
        if QApplication.activeModalWidget() is not None:  # the options: they would keep it inert
            self.dialog.exec()
        else:
            self.dialog.show()
            self.dialog.raise_()
            self.dialog.activateWindow()
        return self.dialog

    def open_sample(self):
        """Put the made-up scene on the map, in true colour; return its layer."""
        folder = os.path.join(QgsApplication.qgisSettingsDirPath(), "hsisr-geo", "sample")
        layer = self.iface.addRasterLayer(make_sample(folder), NAME)
        self.iface.setActiveLayer(layer)
        self.map.true_color()
        return layer

    def open_spectra(self):
        """Show the dock with the spectra, or hide it."""
        if self.spectra is None:
            self.spectra = SpectrumDock(self.iface)
            self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.spectra)
        else:
            self.spectra.setVisible(not self.spectra.isVisible())
        return self.spectra

    def _entries(self):
        def dialog(name):
            return lambda: processing.execAlgorithmDialog(f"hsisr:{name}", {})

        return (
            (tr("Set up…"), self.open_set_up),
            (tr("Open a sample scene"), self.open_sample),
            None,
            (tr("Super-resolve raster…"), dialog("superresolve")),
            (tr("Assess on this scene…"), dialog("assess")),
            (tr("Adapt model to scene…"), dialog("adapt")),
            (tr("Spectral index with its deviation…"), dialog("spectralindex")),
            (tr("Evaluate against reference…"), dialog("evaluate")),
            (tr("Estimate the sensor's blur…"), dialog("psf")),
            (tr("Hyperspectral raster info…"), dialog("info")),
            None,
            (tr("Show in true colour"), self.map.true_color),
            (tr("Swipe between before and after"), self.map.toggle_swipe),
            (tr("Difference between before and after"), self.map.difference),
            (tr("Spectra before and after"), self.open_spectra),
        )

    def remove(self):
        """Take everything away; a set-up that is under way is cancelled."""
        self.entries.remove()
        self.map.remove()
        if self.spectra is not None:
            self.spectra.leave()
            self.iface.removeDockWidget(self.spectra)
            self.spectra.deleteLater()
            self.spectra = None
        ProviderContextMenuActions.deregisterProviderContextMenuActions(self.context)
        if self.waiting:
            self.iface.initializationCompleted.disconnect(self._add_options)
        self.iface.unregisterOptionsWidgetFactory(self.options)
        if self.dialog is not None:
            self.dialog.leave()
            self.dialog = None


def _context_action(open_set_up):
    """Return "Set up…" for a right click on one of our algorithms in the toolbox."""

    class SetUp(ContextAction):
        def __init__(self):
            super().__init__()
            self.name = tr("Set up…")

        def isEnabled(self):
            return (
                isinstance(self.itemData, QgsProcessingAlgorithm)
                and self.itemData.provider().id() == "hsisr"
            )

        def execute(self):
            open_set_up()

        def icon(self):
            return QIcon(ICON)

    return SetUp()


def refresh_algorithms():
    """Let the toolbox ask anew which algorithms can run."""
    provider = QgsApplication.processingRegistry().providerById("hsisr")
    if provider is not None:
        provider.refreshAlgorithms()
