"""Assess on this scene: `hsisr-geo assess`, its page for the results viewer and its verdict."""

from __future__ import annotations

import json
import os

from qgis.core import (
    QgsProcessingException,
    QgsProcessingOutputHtml,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
)

from .command import assess_arguments
from .scene import SceneAlgorithm

# output name -> (key in the verdict of the engine's JSON, description)
WORDS = {
    "VERDICT": ("headline", "Verdict"),
    "KIND": ("kind", "Kind of verdict: better, worse, mixed or tie"),
    "WINNER": ("winner", "Method to use on this scene"),
}
# output name -> (what the model is held against, key in that duel, description)
GAINS = {
    "PSNR_GAIN": ("bicubic", "psnr_gain_db", "PSNR over bicubic (dB)"),
    "ANGLE_RATIO": ("bicubic", "angle_ratio", "Spectral angle over bicubic's"),
    "NETWORK_GAIN": ("back-projection", "psnr_gain_db", "PSNR over back-projection (dB)"),
    "NETWORK_ANGLE_RATIO": (
        "back-projection",
        "angle_ratio",
        "Spectral angle over back-projection's",
    ),
}


class Assess(SceneAlgorithm):
    """How well a model does on the user's own scene."""

    def name(self):
        return "assess"

    def displayName(self):
        return "Assess on this scene"

    def tags(self):
        return ["hyperspectral", "super-resolution", "accuracy", "report", "psnr", "wald"]

    def shortHelpString(self):
        return (
            "<p>Tells how well a model does on a raster: the raster is degraded, super-resolved, "
            "and compared with itself, beside nearest, bilinear, bicubic and back-projection. The "
            "report, a page to read and its numbers as JSON, says which of them wins, in which "
            "metrics and bands. The page is in the <b>results viewer</b> when it is done.</p>"
            "<p>Of a large raster at most 512 × 512 pixels are looked at; <b>Only this extent</b> "
            "says where. The smallest has 8 times the upscale a side.</p>"
            "<p>It tests one step coarser than you use: how well 60 m becomes 30 m says something "
            "about how well 30 m becomes 15 m, no more.</p>"
        )

    def initAlgorithm(self, config=None):
        self.add_scene_parameters()
        self.add_extent_parameter()
        self.addParameter(
            QgsProcessingParameterBoolean(
                "OVERWRITE", "Replace a report that is in the folder", defaultValue=False
            )
        )
        self.addParameter(QgsProcessingParameterFolderDestination("REPORT", "Folder of the report"))
        self.addOutput(QgsProcessingOutputHtml("PAGE", "Report: assess on this scene"))
        for name, (_, description) in WORDS.items():
            self.addOutput(QgsProcessingOutputString(name, description))
        for name, (_, _, description) in GAINS.items():
            self.addOutput(QgsProcessingOutputNumber(name, description))

    def processAlgorithm(self, parameters, context, feedback):
        source = self.source_path(parameters, "INPUT", context)
        folder = self.parameterAsString(parameters, "REPORT", context)
        overwrite = self.parameterAsBoolean(parameters, "OVERWRITE", context)
        if not overwrite and os.path.isdir(folder) and os.listdir(folder):
            raise QgsProcessingException(
                f"{folder} is not empty: choose another folder, or switch on 'Replace a report "
                "that is in the folder' (OVERWRITE)."
            )
        arguments = assess_arguments(
            source,
            folder,
            upscale=self.upscale(parameters, context),
            model=self.model(parameters, context),
            bounds=self.bounds(parameters, context),
            overwrite=overwrite,
        )
        finished = self.call_engine(arguments, feedback)
        if finished is None:
            return {}
        verdict = json.loads(finished.text)["verdict"]
        for line in (verdict["headline"], *verdict["statements"]):
            feedback.pushInfo(line)
        return {"REPORT": folder, "PAGE": finished.result["path"], **figures(verdict)}


def figures(verdict):
    """Return the outputs that follow from the verdict, without those that are undefined (null).

    e.g. {"headline": "A tie: …", "kind": "tie", "winner": "bicubic", "duels": […]}
    """
    duels = {duel["other"]: duel for duel in verdict["duels"]}
    found = {name: verdict[key] for name, (key, _) in WORDS.items()}
    for name, (other, key, _) in GAINS.items():
        found[name] = duels.get(other, {}).get(key)  # back-projection has no duel with itself
    return {name: value for name, value in found.items() if value is not None}
