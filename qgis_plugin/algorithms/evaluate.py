"""Evaluate against reference: `hsisr-geo evaluate` with the scores as numeric outputs."""

from __future__ import annotations

import json

from qgis.core import QgsProcessingOutputNumber

from ..engine.command import evaluate_arguments
from ..i18n import tr
from . import parameters as fields
from .call import EngineAlgorithm

SCORES = {  # output -> key in the engine's JSON
    "MPSNR": "mpsnr",
    "MSSIM": "mssim",
    "CC": "cc",
    "RMSE": "rmse",
    "SAM": "sam_deg",
    "ERGAS": "ergas",
    "ERGAS4": "ergas4",
}


def descriptions():
    """Return what the scores are, in the user's language."""
    return {
        "MPSNR": tr("Mean PSNR over bands (dB)"),
        "MSSIM": tr("Mean structural similarity over bands"),
        "CC": tr("Mean correlation over bands"),
        "RMSE": tr("Root mean square error, in the unit of the rasters"),
        "SAM": tr("Mean spectral angle (degrees)"),
        "ERGAS": tr("ERGAS with the true ratio"),
        "ERGAS4": tr("ERGAS with ratio 4"),
    }


def of_the_scores():
    """Return ALL_BANDS and DATA_RANGE."""
    return [
        fields.helped(
            fields.yes_or_no("ALL_BANDS", tr("Count bad bands, too")),
            tr("Else bands that either raster marks as bad are left out."),
        ),
        fields.helped(
            fields.decimal("DATA_RANGE", tr("Peak value of PSNR and SSIM")),
            tr("In the unit of the rasters. Empty: below it lie 99.9 % of the reference's values."),
        ),
    ]


class Evaluate(EngineAlgorithm):
    """Scores of a super-resolved raster against the truth."""

    def name(self):
        return "evaluate"

    def displayName(self):
        return tr("Evaluate against reference")

    def shortDescription(self):
        return tr("Scores of a super-resolved raster against the truth.")

    def tags(self):
        return ["hyperspectral", "psnr", "ssim", "sam", "ergas", "rmse", "accuracy"]

    def shortHelpString(self):
        return tr(
            "<p>Compares a super-resolved raster with a reference on the same grid, over the "
            "pixels and good bands that both have. Higher is better for PSNR, SSIM and CC, lower "
            "for RMSE, SAM and ERGAS.</p>"
        )

    def initAlgorithm(self, config=None):
        self.add(fields.raster("SR", tr("Super-resolved raster")))
        self.add(fields.raster("REFERENCE", tr("Reference raster")))
        self.add(*of_the_scores(), advanced=True)
        for name, description in descriptions().items():
            self.addOutput(QgsProcessingOutputNumber(name, description))

    def processAlgorithm(self, parameters, context, feedback):
        sr = self.source(parameters, "SR", context).path
        reference = self.source(parameters, "REFERENCE", context).path
        arguments = evaluate_arguments(
            sr,
            reference,
            all_bands=self.parameterAsBoolean(parameters, "ALL_BANDS", context),
            data_range=self.decimal(parameters, "DATA_RANGE", context),
        )
        finished = self.call_engine(arguments, feedback)
        if finished is None:
            return {}
        found = json.loads(finished.text)
        for name, description in descriptions().items():
            score = found.get(SCORES[name])
            told = tr("undefined") if score is None else f"{score:.6g}"
            feedback.pushInfo(f"{description}: {told} ({name})")
        # An undefined score (null) is left out of the results.
        return {name: found[key] for name, key in SCORES.items() if found.get(key) is not None}
