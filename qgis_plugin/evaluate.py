"""Evaluate against reference: `hsisr-geo evaluate` with the scores as numeric outputs."""

from __future__ import annotations

import json

from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterRasterLayer

from .command import evaluate_arguments
from .engine import EngineAlgorithm

# output name -> (key in the engine's JSON, description)
SCORES = {
    "MPSNR": ("mpsnr", "Mean PSNR over bands (dB)"),
    "MSSIM": ("mssim", "Mean structural similarity over bands"),
    "CC": ("cc", "Mean correlation over bands"),
    "RMSE": ("rmse", "Root mean square error, in the unit of the rasters"),
    "SAM": ("sam_deg", "Mean spectral angle (degrees)"),
    "ERGAS": ("ergas", "ERGAS with the true ratio"),
    "ERGAS4": ("ergas4", "ERGAS with ratio 4"),
}


class Evaluate(EngineAlgorithm):
    """Scores of a super-resolved raster against the truth."""

    def name(self):
        return "evaluate"

    def displayName(self):
        return "Evaluate against reference"

    def tags(self):
        return ["hyperspectral", "psnr", "ssim", "sam", "ergas", "rmse", "accuracy"]

    def shortHelpString(self):
        return (
            "<p>Compares a super-resolved raster with a reference on the same grid, over the "
            "pixels and good bands that both have. Higher is better for PSNR, SSIM and CC, lower "
            "for RMSE, SAM and ERGAS.</p>"
        )

    def initAlgorithm(self, config=None):
        self.addParameter(QgsProcessingParameterRasterLayer("SR", "Super-resolved raster"))
        self.addParameter(QgsProcessingParameterRasterLayer("REFERENCE", "Reference raster"))
        for name, (_, description) in SCORES.items():
            self.addOutput(QgsProcessingOutputNumber(name, description))

    def processAlgorithm(self, parameters, context, feedback):
        sr = self.source_path(parameters, "SR", context)
        reference = self.source_path(parameters, "REFERENCE", context)
        finished = self.call_engine(evaluate_arguments(sr, reference), feedback)
        if finished is None:
            return {}
        found = json.loads(finished.text)
        for name, (key, description) in SCORES.items():
            feedback.pushInfo(f"{name} {found.get(key)}: {description}")
        # An undefined score (null) is left out of the results.
        return {name: found[key] for name, (key, _) in SCORES.items() if found.get(key) is not None}
