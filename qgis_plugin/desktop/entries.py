"""The entries of Raster › Hyperspectral super-resolution, in the order in which they stand."""

from __future__ import annotations

from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from ..help import ICON


class Entries:
    """Adds actions to our menu when made, takes them away with `remove`.

    `entries` are (text, function), and None where a line is drawn.
    """

    def __init__(self, iface, menu, entries):
        self.iface, self.menu, self.actions = iface, menu, []
        for entry in entries:
            self._add(*(entry or ("", None)))

    def _add(self, text, action):
        made = QAction(self.iface.mainWindow())
        if action is None:
            made.setSeparator(True)
        else:
            made.setText(text)
            made.setIcon(QIcon(ICON))
            made.triggered.connect(lambda _checked=False: action())
        self.iface.addPluginToRasterMenu(self.menu, made)
        self.actions.append(made)

    def remove(self):
        """Take all of them away."""
        for action in self.actions:
            self.iface.removePluginRasterMenu(self.menu, action)
        self.actions = []
