"""Spectral index with its deviation: `hsisr-geo index` as a Processing algorithm."""

from __future__ import annotations

import json

from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterRasterDestination

from ..engine.command import INDICES, index_arguments
from ..i18n import tr
from ..map.result import show_index
from . import parameters as fields
from .call import EngineAlgorithm

MEANS = {"MEAN": "mean", "DEVIATION": "deviation"}  # output -> key in the engine's JSON


class SpectralIndex(EngineAlgorithm):
    """An index of a super-resolved raster, and how far it may be off."""

    def name(self):
        return "spectralindex"

    def displayName(self):
        return tr("Spectral index with its deviation")

    def shortDescription(self):
        return tr("Makes an index of a super-resolved raster, with its standard deviation.")

    def tags(self):
        return ["hyperspectral", "ndvi", "pri", "red edge", "absorption", "uncertainty"]

    def shortHelpString(self):
        return tr(
            "<p>Makes a raster of two bands: an index of a super-resolved raster, and how far it "
            "may be off, as a standard deviation. It needs the <b>uncertainty</b> of all bands "
            "that <i>Super-resolve raster</i> wrote beside the result.</p>"
            "<p><i>ndvi</i> and <i>pri</i>: vegetation; <i>rep</i>: the position of the red edge, "
            "in nm; <i>depth:2200</i> and <i>depth:900</i>: depths of absorption bands, of clay "
            "and of iron. Each takes the good bands nearest to its wavelengths, at most 10 nm "
            "away.</p>"
            "<p>The deviation is to first order, with the correlation that the detail of the "
            "result's bands has.</p>"
        )

    def initAlgorithm(self, config=None):
        sigma = fields.raster("SIGMA", tr("Its uncertainty"))
        index = fields.choice("INDEX", tr("Index"), INDICES)
        self.add(
            fields.raster("RESULT", tr("Super-resolved raster")),
            fields.helped(sigma, tr("Of all bands, as it was written beside the result.")),
            fields.helped(index, tr("Of vegetation, the red edge, or the depth of an absorption.")),
            QgsProcessingParameterRasterDestination("OUTPUT", tr("Index and its deviation")),
        )
        self.addOutput(QgsProcessingOutputNumber("MEAN", tr("Mean of the index")))
        self.addOutput(QgsProcessingOutputNumber("DEVIATION", tr("Mean of its deviation")))

    def processAlgorithm(self, parameters, context, feedback):
        result = self.source(parameters, "RESULT", context)
        sigma = self.source(parameters, "SIGMA", context)
        index = self.parameterAsEnumString(parameters, "INDEX", context)
        path = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        arguments = index_arguments(result.path, sigma.path, index, path)
        finished = self.call_engine(arguments, feedback, [path])
        if finished is None:
            return {}
        found = json.loads(finished.text)
        means = {name: found[key] for name, key in MEANS.items() if found[key] is not None}
        feedback.pushInfo(_summary(found))
        show_index(path, result, index, self.label("OUTPUT"), context)
        return {"OUTPUT": path, **means}


def _summary(found) -> str:
    """Return of which bands it was made, and its means."""
    waves = ", ".join(f"{nm:g}" for nm in found["wavelengths_nm"])
    if found["mean"] is None:
        told = tr("No pixel has a value of {index} (bands at {waves} nm)")
        return told.format(index=found["index"], waves=waves)
    unknown = found["deviation"] is None
    deviation = tr("unknown") if unknown else f"{found['deviation']:.3g}"
    told = tr("{index} of the bands at {waves} nm: {mean:.4g} in the mean, deviation {deviation}")
    return told.format(index=found["index"], waves=waves, mean=found["mean"], deviation=deviation)
