"""The pictures that go with the algorithms: their icon, and one in the help."""

from __future__ import annotations

import html
import os

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl

ICON = os.path.join(os.path.dirname(__file__), "icon.svg")
PICTURE = os.path.join(os.path.dirname(__file__), "help.png")


def picture(caption: str) -> str:
    """Return HTML for the help panel; nothing for `qgis_process help`, which prints the text."""
    if QgsApplication.platform() == "qgis_process" or not os.path.exists(PICTURE):
        return ""
    address = QUrl.fromLocalFile(PICTURE).toString()
    return f'<p><img src="{address}" width="220"><br><i>{html.escape(caption)}</i></p>'
