"""Estimate the sensor's blur: `hsisr-geo psf` as a Processing algorithm."""

from __future__ import annotations

import json

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFileDestination,
)

from ..engine.command import psf_arguments
from ..i18n import tr
from . import parameters as fields
from .call import EngineAlgorithm
from .selection import selection_of

AXES = {"MTF_ROWS": "rows", "MTF_COLS": "cols"}  # output -> key in the engine's JSON


class Psf(EngineAlgorithm):
    """What blurred a raster, and how sure that is."""

    def name(self):
        return "psf"

    def displayName(self):
        return tr("Estimate the sensor's blur")

    def shortDescription(self):
        return tr("Tells what blurred a raster, and how sure that is.")

    def tags(self):
        return ["hyperspectral", "psf", "mtf", "blur", "sharpness", "kernel"]

    def shortHelpString(self):
        return tr(
            "<p>Tells which blur <i>Super-resolve raster</i> assumes by itself, and how sure that "
            "is: what the file says, else what is known of its sensor, else what its pixels tell, "
            "else <i>bicubic</i>.</p>"
            "<p>The MTF is the modulation that is left at the Nyquist frequency of the pixels: "
            "small is soft. In brackets are the bounds that the truth exceeds in one of ten cases "
            "each. <b>PSF</b>, among the outputs, can be given to <i>Super-resolve raster</i>.</p>"
        )

    def initAlgorithm(self, config=None):
        self.add(fields.raster("INPUT", tr("Hyperspectral raster")))
        self.add(*fields.bands(), *fields.facts(), advanced=True)
        plot = QgsProcessingParameterFileDestination(
            "PLOT", tr("Drawing of the blur"), "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)",
            optional=True, createByDefault=False,
        )  # fmt: skip
        self.add(plot)
        self.addOutput(QgsProcessingOutputString("PSF", tr("The sensor's blur")))
        self.addOutput(QgsProcessingOutputString("SOURCE", tr("What tells it")))
        for name, label in _axes().items():
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def processAlgorithm(self, parameters, context, feedback):
        source = self.scene(parameters, context, feedback).path
        plot = self.parameterAsFileOutput(parameters, "PLOT", context)
        selection = selection_of(self, parameters, context)
        arguments = psf_arguments(source, plot=plot, selection=selection)
        finished = self.call_engine(arguments, feedback)
        if finished is None:
            return {}
        found = json.loads(finished.text)
        feedback.pushInfo(tr("The sensor's blur: {psf} (PSF)").format(psf=found["psf"]))
        feedback.pushInfo(found["told"])
        return {
            "PSF": found["psf"],
            "SOURCE": found["source"],
            **_middles(found["estimate"]),
            **({"PLOT": plot} if plot else {}),
        }


def _axes():
    """Return what the MTFs are, in the user's language."""
    return {
        "MTF_ROWS": tr("MTF at the Nyquist frequency from row to row, where pixels tell it"),
        "MTF_COLS": tr("MTF at the Nyquist frequency from column to column, where pixels tell it"),
    }


def _middles(estimate):
    """Return the MTFs that were estimated; none where nobody asked the pixels."""
    return {} if estimate is None else {n: estimate[key]["middle"] for n, key in AXES.items()}
