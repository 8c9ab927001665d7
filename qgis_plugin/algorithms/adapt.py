"""Adapt model to scene: `hsisr-geo adapt`, whose model file is a MODEL of the other algorithms."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterFileDestination

from ..engine.command import adapt_arguments
from ..i18n import tr
from . import parameters as fields
from .scene import SceneAlgorithm

SCORES = {"GAIN": "gain_db", "STANDARD_ERROR": "standard_error_db"}  # output -> key in the card


class Adapt(SceneAlgorithm):
    """A model fine-tuned on the user's own scene, or the reason why there is none."""

    def name(self):
        return "adapt"

    def displayName(self):
        return tr("Adapt model to scene")

    def shortDescription(self):
        return tr("Fine-tunes a model on a raster, or refuses where that does not pay.")

    def tags(self):
        return ["hyperspectral", "super-resolution", "fine-tune", "train", "model"]

    def shortHelpString(self):
        return tr(
            "<p>Fine-tunes a model on a raster, for that scene and its neighbours, at one upscale "
            "only. No finer data are needed: the raster is degraded, and the model learns to undo "
            "that. Give the model file as <b>Model file</b> to <i>Super-resolve raster</i>.</p>"
            "<p>A block of the raster is held out. Where the result is not better there than the "
            "model it started from, beyond chance, the algorithm <b>ends with an error that says "
            "so and writes nothing</b>. On small scenes that is the normal case: use the model as "
            "it is.</p>"
            "<p>At least 20 times the upscale of pixels a side without holes are needed. It ends "
            "after so many <b>minutes</b>, or when nothing gets better.</p>"
        )

    def initAlgorithm(self, config=None):
        self.add_scene_parameters()
        minutes = fields.decimal("MINUTES", tr("Minutes to learn in"), 5.0, minValue=0.01)
        minutes.setMetadata({"widget_wrapper": {"decimals": 2}})
        self.add(fields.helped(minutes, tr("It ends sooner when nothing gets better.")))
        self.add(
            *(fields.model_file(), *fields.bands(), *fields.facts(), fields.again()),
            fields.device(),
            advanced=True,
        )
        kind = f"{tr('Model files')} (*.safetensors)"
        self.addParameter(QgsProcessingParameterFileDestination("OUT", tr("Adapted model"), kind))
        gain = tr("PSNR over the model it started from, on the held-out block (dB)")
        self.addOutput(QgsProcessingOutputNumber("GAIN", gain))
        error = tr("Standard error of the gain (dB)")
        self.addOutput(QgsProcessingOutputNumber("STANDARD_ERROR", error))

    def processAlgorithm(self, parameters, context, feedback):
        destination = self.parameterAsFileOutput(parameters, "OUT", context)
        arguments = adapt_arguments(
            self.scene(parameters, context, feedback).path,
            destination,
            self.scene_call(parameters, context),
            minutes=self.parameterAsDouble(parameters, "MINUTES", context),
        )
        finished = self.call_engine(arguments, feedback)
        if finished is None:
            return {}
        scores = finished.result["card"]["scores"]
        message = tr("Adapted. Give {file} as Model file to Super-resolve raster.")
        feedback.pushInfo(message.format(file=destination))
        return {"OUT": destination, **{name: scores[key] for name, key in SCORES.items()}}
