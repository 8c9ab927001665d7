"""What goes with the algorithms: their icon, a picture, and the page that Help opens."""

from __future__ import annotations

import html
import os

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl

ICON = os.path.join(os.path.dirname(__file__), "icon.svg")
PAGES = os.path.join(os.path.dirname(__file__), "pages")  # written by tools/write_qgis_help.py
PICTURE = os.path.join(os.path.dirname(__file__), "help.png")


def picture(caption: str) -> str:
    """Return HTML for the help panel; nothing for `qgis_process help`, which prints the text."""
    if QgsApplication.platform() == "qgis_process" or not os.path.exists(PICTURE):
        return ""
    address = QUrl.fromLocalFile(PICTURE).toString()
    return f'<p><img src="{address}" width="220"><br><i>{html.escape(caption)}</i></p>'


def page(name: str) -> str:
    """Return the address of a page that came with the plugin, empty where it is not there."""
    path = os.path.join(PAGES, f"{name}.html")
    return QUrl.fromLocalFile(path).toString() if os.path.exists(path) else ""
