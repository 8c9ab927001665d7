"""Texts in the user's language: `tr` for every one that a person reads, and their file.

`i18n/hsisr_geo.ts` lists the texts (tools/write_translations.py keeps it), `hsisr_geo_LANGUAGE.ts`
translates them, and the `.qm` beside it is what QGIS loads. Without one, the texts are English.
"""

from __future__ import annotations

import os

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

CONTEXT = "hsisr_geo"
FOLDER = os.path.join(os.path.dirname(__file__), "i18n")


def tr(text: str) -> str:
    """Return the text in the language of QGIS; `text` is a literal, so that it can be listed."""
    return QCoreApplication.translate(CONTEXT, text)


def language() -> str:
    """Return the locale of QGIS's interface, e.g. `de` or `pt_BR`."""
    settings = QgsSettings()
    if settings.value("locale/overrideFlag", False, type=bool):
        return str(settings.value("locale/userLocale", "") or "")
    return QLocale().name()


def install_translator() -> QTranslator | None:
    """Load the texts of QGIS's language; None where there are none. Keep what is returned."""
    name = language()
    for found in (name, name.split("_")[0]):
        path = os.path.join(FOLDER, f"{CONTEXT}_{found}.qm")
        translator = QTranslator()
        if found and os.path.exists(path) and translator.load(path):
            QCoreApplication.installTranslator(translator)
            return translator
    return None
