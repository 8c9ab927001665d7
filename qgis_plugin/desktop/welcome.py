"""The first word after installing: a line in the message bar with Set up… and a scene to try."""

from __future__ import annotations

from qgis.core import Qgis, QgsSettings
from qgis.PyQt.QtWidgets import QPushButton

from ..engine.program import NotSetUp
from ..i18n import tr
from ..settings.engine_choice import executable
from ..version import version

GREETED = "hsisr/greeted"  # the version that a person has been greeted by


def greet_once(iface, open_set_up, try_sample):
    """Show the line once for each version, while there is no engine; return it or None.

    `open_set_up` and `try_sample` are what its two buttons do.
    """
    if QgsSettings().value(GREETED, "") == version():
        return None
    try:
        executable()
    except NotSetUp:
        pass
    else:
        return None
    bar = iface.messageBar()
    line = bar.createMessage(
        tr("Hyperspectral super-resolution"), tr("One more step: its engine has to be set up.")
    )
    for text, action in ((tr("Set up…"), open_set_up), (tr("Try a sample scene"), try_sample)):
        button = QPushButton(text)
        button.clicked.connect(lambda _checked=False, action=action: (line.dismiss(), action()))
        line.layout().addWidget(button)
    bar.pushWidget(line, Qgis.MessageLevel.Info)
    QgsSettings().setValue(GREETED, version())
    return line
