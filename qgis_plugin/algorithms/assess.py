"""Assess on this scene: `hsisr-geo assess`, its page for the results viewer and its verdict."""

from __future__ import annotations

import json
import os

from qgis.core import (
    QgsProcessingException,
    QgsProcessingOutputHtml,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFolderDestination,
)
from qgis.PyQt.QtCore import QUrl

from ..engine.command import assess_arguments
from ..i18n import tr
from . import parameters as fields
from .scene import SceneAlgorithm

WORDS = {"VERDICT": "headline", "KIND": "kind", "WINNER": "winner"}  # output -> key in the verdict
GAINS = {  # output -> (what the model is held against, key in that duel)
    "PSNR_GAIN": ("bicubic", "psnr_gain_db"),
    "ANGLE_RATIO": ("bicubic", "angle_ratio"),
    "NETWORK_GAIN": ("back-projection", "psnr_gain_db"),
    "NETWORK_ANGLE_RATIO": ("back-projection", "angle_ratio"),
}


class Assess(SceneAlgorithm):
    """How well a model does on the user's own scene."""

    def name(self):
        return "assess"

    def displayName(self):
        return tr("Assess on this scene")

    def shortDescription(self):
        return tr("Degrades a raster and compares the super-resolved one with it, as a report.")

    def tags(self):
        return ["hyperspectral", "super-resolution", "accuracy", "report", "psnr", "wald"]

    def shortHelpString(self):
        return (
            tr(
                "<p>Tells how well a model does on a raster: the raster is degraded, "
                "super-resolved, and compared with itself, beside nearest, bilinear, bicubic and "
                "back-projection. The report, a page to read and its numbers as JSON, says which "
                "of them wins, in which metrics and bands. The page is in the <b>results "
                "viewer</b> when it is done, and the log has a link to it.</p>"
                "<p>Of a large raster at most <b>Window</b> pixels a side are looked at (512); "
                "<b>Only this extent</b> says where. The smallest has 8 times the upscale a side."
                "</p>"
                "<p>It tests one step coarser than you use: how well 60 m becomes 30 m says "
                "something about how well 30 m becomes 15 m, no more.</p>"
                "<h3>Model</h3>"
            )
            + self.models_described()
        )

    def initAlgorithm(self, config=None):
        self.add_scene_parameters()
        self.add_band_parameters()
        self.add(*fields.texture(), advanced=True)
        self.add(fields.yes_or_no("OVERWRITE", tr("Replace a report that is in the folder")))
        window = fields.whole("WINDOW", tr("Window (pixels a side)"), 512, minValue=16)
        self.add(
            *(fields.model_file(), *fields.bands(), *fields.facts(), fields.psf()),
            fields.helped(window, tr("The part with the fewest holes is taken.")),
            *(*fields.valid_range(), fields.again(), fields.tile(), fields.threads()),
            fields.device(),
            advanced=True,
        )
        folder = tr("Folder of the report")
        self.addParameter(QgsProcessingParameterFolderDestination("REPORT", folder))
        self.add_outputs()

    def add_outputs(self):
        """Add the page, and what the verdict says."""
        self.addOutput(QgsProcessingOutputHtml("PAGE", tr("Report: assess on this scene")))
        for name, description in (
            ("VERDICT", tr("Verdict")),
            ("KIND", tr("Kind of verdict: better, worse, mixed or tie")),
            ("WINNER", tr("Method to use on this scene")),
        ):
            self.addOutput(QgsProcessingOutputString(name, description))
        for name, description in (
            ("PSNR_GAIN", tr("PSNR over bicubic (dB)")),
            ("ANGLE_RATIO", tr("Spectral angle over bicubic's")),
            ("NETWORK_GAIN", tr("PSNR over back-projection (dB)")),
            ("NETWORK_ANGLE_RATIO", tr("Spectral angle over back-projection's")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, description))

    def processAlgorithm(self, parameters, context, feedback):
        source = self.scene(parameters, context, feedback).path
        folder = self.parameterAsString(parameters, "REPORT", context)
        overwrite = self.parameterAsBoolean(parameters, "OVERWRITE", context)
        if not overwrite and os.path.isdir(folder) and os.listdir(folder):
            message = tr("{folder} is not empty: choose another folder, or switch on {option}.")
            option = f"'{self.label('OVERWRITE')}' (OVERWRITE)"
            raise QgsProcessingException(message.format(folder=folder, option=option))
        arguments = assess_arguments(
            source,
            folder,
            self.result_call(parameters, context),
            window=self.number(parameters, "WINDOW", context),
            overwrite=overwrite,
        )
        finished = self.call_engine(arguments, feedback)
        if finished is None:
            return {}
        verdict = json.loads(finished.text)["verdict"]
        for line in (verdict["headline"], *verdict["statements"]):
            feedback.pushInfo(line)
        link_to(finished.result["path"], feedback)
        return {"REPORT": folder, "PAGE": finished.result["path"], **figures(verdict)}


def figures(verdict):
    """Return the outputs that follow from the verdict, without those that are undefined (null).

    e.g. {"headline": "A tie: …", "kind": "tie", "winner": "bicubic", "duels": […]}
    """
    duels = {duel["other"]: duel for duel in verdict["duels"]}
    found = {name: verdict[key] for name, key in WORDS.items()}
    for name, (other, key) in GAINS.items():
        found[name] = duels.get(other, {}).get(key)  # back-projection has no duel with itself
    return {name: value for name, value in found.items() if value is not None}


def link_to(page, feedback):
    """Put a link to a page in the log; its path where QGIS (before 3.36) shows no links there."""
    address = QUrl.fromLocalFile(page).toString()
    text = tr("Open the report")
    if hasattr(feedback, "pushFormattedMessage"):
        feedback.pushFormattedMessage(f'<a href="{address}">{text}</a>', f"{text}: {page}")
    else:
        feedback.pushInfo(f"{text}: {address}")
