"""Step 2 of the new user, by clicking: the button in the message bar."""

import os
import time
from pathlib import Path

from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QPushButton, QSplitter, QTreeView
from qgis.utils import iface, plugins

PICTURES = Path(os.environ["NEW_USER_PICTURES"])
WHEELS = os.environ["NEW_USER_WHEELS"]
FOLDER_ONLY = 2  # of "Packages from"


def steps():
    """Set up from the internet, or from NEW_USER_WHEELS; yield what is waited for."""
    _button().click()
    dialog = plugins["hsisr_geo_qgis"].desktop.dialog
    dialog.move(200, 80)
    yield lambda: dialog.task is None
    yield from _moment()
    _grab(dialog, "qgis-setup.png")
    if WHEELS:
        dialog.choices.source.setCurrentIndex(FOLDER_ONLY)
        dialog.choices.wheels.setFilePath(WHEELS)
    assert dialog.buttons["set_up"].isEnabled(), dialog.step.text()
    dialog.buttons["set_up"].click()
    yield lambda: dialog.task is None
    assert "Ready" in dialog.state.text(), dialog.log.toPlainText()
    yield from _moment()
    _grab(dialog, "qgis-setup-done.png")
    dialog.close()
    yield from _options()


def _button():
    """Return the button in the message bar, which came with the plugin."""
    for button in iface.messageBar().findChildren(QPushButton):
        if button.text() == "Set up…":
            return button
    raise AssertionError("no line in the message bar leads to Set up…")


def _options():
    """Open Settings › Options at our page, and close it: it is modal, so from a timer."""
    QTimer.singleShot(0, lambda: iface.showOptionsDialog(iface.mainWindow(), "hsisr"))
    yield lambda: QApplication.activeModalWidget() is not None
    options = QApplication.activeModalWidget()
    options.resize(1000, 560)
    options.findChild(QSplitter).setSizes([320, 680])  # whole names
    tree = options.findChild(QTreeView, "mOptionsTreeView")
    yield from _moment()
    tree.scrollTo(tree.currentIndex())
    yield from _moment()
    _grab(options, "qgis-options.png")
    options.reject()
    yield lambda: QApplication.activeModalWidget() is None


def _moment(seconds=1.0):
    until = time.monotonic() + seconds
    yield lambda: time.monotonic() > until


def _grab(widget, name):
    QApplication.processEvents()
    widget.grab().save(str(PICTURES / name))
