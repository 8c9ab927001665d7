"""Hyperspectral raster info: `hsisr-geo info` as a report, HTML to read or JSON to use."""

from __future__ import annotations

import html
import json
import os

from qgis.core import (
    QgsApplication,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFileDestination,
)

from ..engine.command import info_arguments
from ..engine.words import in_words_of_the_dialog
from ..i18n import tr
from . import parameters as fields
from .call import EngineAlgorithm
from .selection import selection_of

NOTE = "note"  # the engine's name for what is odd
HEADS = {"wavelength_nm": "wavelength (nm)", "fwhm_nm": "width (nm)"}


class Info(EngineAlgorithm):
    """What the engine sees in a raster: grid, bands, wavelengths, nodata, bad bands."""

    def name(self):
        return "info"

    def displayName(self):
        return tr("Hyperspectral raster info")

    def shortDescription(self):
        return tr("Reports grid, bands, wavelengths and nodata of a raster.")

    def tags(self):
        return ["hyperspectral", "wavelength", "bands", "metadata", "fwhm"]

    def shortHelpString(self):
        return tr(
            "<p>Reports what <i>Super-resolve raster</i> will see in a raster: its grid and every "
            "band's name, wavelength, width, unit and whether it is marked bad. A file name that "
            "ends in .json gets the same as JSON.</p>"
        )

    def initAlgorithm(self, config=None):
        self.add(fields.raster("INPUT", tr("Hyperspectral raster")))
        self.add(*fields.bands(), *fields.facts(), advanced=True)
        self.addParameter(
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("Report on the raster"), "HTML (*.html);;JSON (*.json)"
            )
        )
        self.addOutput(QgsProcessingOutputNumber("BANDS", tr("Number of bands")))

    def processAlgorithm(self, parameters, context, feedback):
        source = self.scene(parameters, context, feedback).path
        destination = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        selection = selection_of(self, parameters, context)
        finished = self.call_engine(info_arguments(source, selection=selection), feedback)
        if finished is None:
            return {}
        found = json.loads(finished.text)
        is_json = destination.lower().endswith(".json")
        try:
            with open(destination, "w", encoding="utf-8") as file:
                file.write(finished.text if is_json else self.page(source, found))
        except OSError as error:
            raise QgsProcessingException(f"{destination}: {error.strerror}") from error
        return {"OUTPUT": destination, "BANDS": len(found["bands"])}

    def page(self, source: str, found: dict) -> str:
        """Return an HTML page: what is odd first, then the scene's facts, then its bands."""
        facts = [(name, self.words(text)) for name, text in found["told"]]
        notes = "".join(f"<li>{_text(text)}</li>" for name, text in facts if name == NOTE)
        bands = found["bands"]
        columns = list(bands[0]) if bands else []
        rows = [[band.get(column) for column in columns] for band in bands]
        return (
            "<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>"
            f"<h2>{_text(os.path.basename(source))}</h2>{notes and f'<ul>{notes}</ul>'}"
            f"{_table([], [fact for fact in facts if fact[0] != NOTE])}"
            f"<h3>{len(bands)} bands</h3>{_table([HEADS.get(c, c) for c in columns], rows)}"
            "</body></html>\n"
        )

    def words(self, text: str) -> str:
        """Return what the engine says of options in the words of the dialog that has them."""
        other = QgsApplication.processingRegistry().algorithmById("hsisr:superresolve")

        def label(name):
            parameter = None if other is None else other.parameterDefinition(name)
            return self.label(name) if parameter is None else parameter.description()

        return in_words_of_the_dialog(text, label)


def _table(columns, rows) -> str:
    head = "".join(f"<th align='left'>{_text(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(value)}</td>" for value in row) + "</tr>\n" for row in rows
    )
    return f"<table cellpadding='3'><tr>{head}</tr>\n{body}</table>"


def _text(value) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return "" if value is None else html.escape(str(value))
