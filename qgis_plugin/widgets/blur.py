"""The sensor's blur as a list to choose from, or to type over."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QComboBox

from ..i18n import tr
from ..settings.engine_choice import default_psf
from .field import Field


class PsfWrapper(Field):
    """A box that takes any text; what the engine does of its own accord comes first."""

    def createWidget(self):
        box = QComboBox()
        box.setEditable(True)
        for words, spec in choices(default_psf()):
            box.addItem(words, spec)
        return box

    def setValue(self, value):
        self.setComboValue("" if value is None else str(value))

    def value(self):
        return self.comboValue()


def choices(default):
    """Return (words, value of --psf) for each entry, the engine's own choice first.

    Parameters
    ----------
    default : what the engine takes without being told, empty for what its model was trained for
    """
    own = tr("auto: as the file, its sensor or its pixels tell")
    own = own if default == "auto" else tr("as the model was trained: bicubic")
    return [
        (own, ""),
        (tr("bicubic: crisp pixels"), "bicubic"),
        (tr("gaussian:0.3 (blur by the sensor's MTF at Nyquist)"), "gaussian:0.3"),
        (tr("gaussian:0.2 (more blur)"), "gaussian:0.2"),
        (tr("gaussian:0.1 (much blur)"), "gaussian:0.1"),
    ]
