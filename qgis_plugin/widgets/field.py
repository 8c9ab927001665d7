"""A field of our own in dialogs and batches, and QGIS's own in the model designer."""

from __future__ import annotations

from processing.gui.wrappers import WidgetWrapper
from qgis.gui import QgsGui


class Field(WidgetWrapper):
    """What our fields derive from.

    QGIS's field in the designer also takes a model's inputs, outputs of its steps and expressions;
    one of ours would leave nothing but a value typed there.
    """

    def __new__(cls, parameter, dialog, *place, **options):
        if type(dialog).__name__ != "ModelerParametersDialog":
            return super().__new__(cls, parameter, dialog, *place, **options)
        made = QgsGui.processingGuiRegistry().createModelerParameterWidget(
            dialog.model, dialog.childId, parameter, dialog.context
        )
        made.setDialog(dialog)
        return made
