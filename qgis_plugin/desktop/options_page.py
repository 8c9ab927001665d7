"""Settings › Options › Processing › Hyperspectral super-resolution: which engine is used."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QGroupBox, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from ..engine.program import NotSetUp
from ..help import ICON
from ..i18n import tr
from ..settings.engine_choice import EXECUTABLE_SETTING, engine, own_executable


class OptionsPage(QgsOptionsPageWidget):
    """The engine in use, one of the user's own, and the way to Set up."""

    def __init__(self, open_set_up, parent=None):
        super().__init__(parent)
        self.used = QLabel(_in_use())
        self.used.setWordWrap(True)
        self.executable = QgsFileWidget()
        self.executable.setDialogTitle(tr("hsisr-geo executable"))
        self.executable.setFilePath(own_executable())
        self.set_up = QPushButton(tr("Set up…"))
        self.set_up.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.set_up.clicked.connect(lambda: self._set_up(open_set_up))
        layout = QVBoxLayout(self)
        for title, note, widget in (
            (
                tr("Engine"),
                tr("The algorithms run in a Python of their own, beside QGIS."),
                self.used,
            ),
            (
                tr("Environment of this profile"),
                tr("Makes an environment with the engine in it, repairs or removes it."),
                self.set_up,
            ),
            (
                tr("An engine of your own"),
                tr(
                    "The executable of an installed hsisr-geo, used before all others. "
                    "Usually empty."
                ),
                self.executable,
            ),
        ):
            layout.addWidget(_group(title, note, widget))
        layout.addStretch(1)

    def _set_up(self, open_set_up):
        open_set_up()
        self.used.setText(_in_use())

    def apply(self):
        """QGIS calls this on OK."""
        chosen = self.executable.filePath().strip()
        QgsSettings().remove(EXECUTABLE_SETTING)
        if chosen:
            QgsSettings().setValue(EXECUTABLE_SETTING, chosen)


class OptionsFactory(QgsOptionsWidgetFactory):
    """Puts the page below that of Processing."""

    def __init__(self, open_set_up):
        super().__init__(tr("Hyperspectral super-resolution"), QIcon(ICON))
        if hasattr(self, "setKey"):  # not in QGIS 3.22; by it the page can be opened
            self.setKey("hsisr")
        self.open_set_up = open_set_up

    def path(self):
        # The page's own title, in the language in which Processing gives it.
        return [QCoreApplication.translate("ProcessingPlugin", "Processing")]

    def createWidget(self, parent):
        return OptionsPage(self.open_set_up, parent)


def _in_use():
    try:
        found = engine()
    except NotSetUp as error:
        return error.reason
    return tr("In use: {program}, named by {origin}.").format(
        program=found.program, origin=found.origin.value
    )


def _group(title, note, widget):
    group = QGroupBox(title)
    layout = QVBoxLayout(group)
    label = QLabel(note)
    label.setWordWrap(True)
    layout.addWidget(label)
    layout.addWidget(widget)
    return group
