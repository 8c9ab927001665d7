"""What the plugin adds to the desktop: "Set up…" in menu and toolbox, and a page of options."""

from __future__ import annotations

import qgis.utils
from processing.gui.ContextAction import ContextAction
from processing.gui.ProviderActions import ProviderContextMenuActions
from qgis.core import QgsApplication, QgsProcessingAlgorithm
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QApplication

from .i18n import tr
from .options_page import OptionsFactory
from .provider import ICON
from .setup_dialog import SetupDialog


class Desktop:
    """Adds it when made, takes it away with `remove`."""

    def __init__(self, iface):
        self.iface = iface
        self.dialog = None
        self.menu = tr("Hyperspectral super-resolution")
        self.action = QAction(QIcon(ICON), tr("Set up…"), iface.mainWindow())
        self.action.triggered.connect(lambda: self.open_set_up())
        iface.addPluginToRasterMenu(self.menu, self.action)
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

    def remove(self):
        """Take everything away; a set-up that is under way is cancelled."""
        self.iface.removePluginRasterMenu(self.menu, self.action)
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
