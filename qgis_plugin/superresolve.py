"""Super-resolve raster: `hsisr-geo run` as a Processing algorithm."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from .command import Uncertainty, run_arguments
from .scene import SceneAlgorithm, advanced, check_not_the_input, choice
from .truecolor import TRUE_COLOR


class SuperResolve(SceneAlgorithm):
    """A finer grid for every band of a hyperspectral raster."""

    counted = "tiles"

    def name(self):
        return "superresolve"

    def displayName(self):
        return "Super-resolve raster"

    def tags(self):
        return [
            *("hyperspectral", "super-resolution", "upscale", "sharpen", "diffusion", "resample"),
            *("uncertainty", "psf"),
        ]

    def shortHelpString(self):
        return (
            "<p>Makes the grid of a hyperspectral raster 2, 3 or 4 times finer, band by band, with "
            "a network trained on hyperspectral scenes. Place, band names, wavelengths, nodata and "
            "units stay as they are.</p>"
            "<p><b>Detail</b> 0 gives the most likely image, and always the same one. Towards 1 "
            "the network draws plausible texture that the sensor did not see: it looks sharper "
            "and is less true. <b>Seed</b> chooses the draw.</p>"
            "<p><b>Model</b>: <i>default</i>, <i>bicubic</i> or <i>back-projection</i> (without a "
            "network, baselines), or the path of a model file, such as <i>Adapt model to scene</i> "
            "makes.</p>"
            "<p><b>Uncertainty</b>, a second raster: the standard deviation over <b>samples</b> of "
            "Detail 1, per band or as one band with their mean. It goes with the error on the "
            "whole, not on every scene. A sample takes about as long as five images at Detail 0."
            "</p>"
            "<p><b>PSF</b>: what made the pixels of finer ones, <i>bicubic</i>, <i>gaussian:MTF</i>"
            " (the MTF at the Nyquist frequency, as in gaussian:0.3), or the path of a kernel file "
            "(text or .npy). The result is made consistent with it, unless that is switched off: "
            "then it is only measured. Empty: what the model was trained for.</p>"
            "<p>The finer pixels are an estimate. Do not measure on them what the original pixels "
            "do not support. <i>Assess on this scene</i> tells how good they are likely to be.</p>"
        )

    def initAlgorithm(self, config=None):
        self.add_scene_parameters()
        number = QgsProcessingParameterNumber
        self.addParameter(
            number(
                "DETAIL",
                "Detail (0: most likely image, 1: sampled texture)",
                number.Type.Double,
                defaultValue=0.0,
                minValue=0.0,
                maxValue=1.0,
            )
        )
        self.addParameter(number("SEED", "Seed", number.Type.Integer, 0, minValue=0))
        self.add_extent_parameter()
        for parameter in self.advanced_parameters():
            self.addParameter(advanced(parameter))
        destination = QgsProcessingParameterRasterDestination
        self.addParameter(destination("OUTPUT", "Super-resolved"))
        self.addParameter(
            destination("UNCERTAINTY", "Uncertainty", optional=True, createByDefault=False)
        )

    def advanced_parameters(self):
        """Return what most runs leave alone."""
        number = QgsProcessingParameterNumber
        psf = QgsProcessingParameterString(
            "PSF", "PSF: bicubic, gaussian:MTF or a kernel file (empty: the model's)", optional=True
        )
        psf.setHelp("What made the raster's pixels of finer ones; gaussian:0.3 for an MTF of 0.3.")
        return [
            psf,
            QgsProcessingParameterBoolean(
                "NO_CONSISTENCY",
                "Leave the result as the network made it, not made consistent with the PSF",
                defaultValue=False,
            ),
            number("SAMPLES", "Samples for the uncertainty", number.Type.Integer, 8, minValue=2),
            choice("UNCERTAINTY_BANDS", "Bands of the uncertainty", ["all", "mean"]),
            number(
                "TILE",
                "Tile size in input pixels (smaller needs less memory)",
                number.Type.Integer,
                optional=True,
                minValue=8,
            ),
        ]

    def processAlgorithm(self, parameters, context, feedback):
        source = self.source_path(parameters, "INPUT", context)
        results = {
            name: path
            for name in ("OUTPUT", "UNCERTAINTY")
            if (path := self.parameterAsOutputLayer(parameters, name, context))
        }
        for name, path in results.items():
            check_not_the_input(source, path, name)
        arguments = run_arguments(
            source,
            results["OUTPUT"],
            upscale=self.upscale(parameters, context),
            model=self.model(parameters, context),
            detail=self.parameterAsDouble(parameters, "DETAIL", context),
            seed=self.parameterAsInt(parameters, "SEED", context),
            psf=self.parameterAsString(parameters, "PSF", context).strip(),
            consistency=not self.parameterAsBoolean(parameters, "NO_CONSISTENCY", context),
            tile=self.tile(parameters, context),
            bounds=self.bounds(parameters, context),
            uncertainty=self.uncertainty(results.get("UNCERTAINTY"), parameters, context),
        )
        if self.call_engine(arguments, feedback) is None:
            return {}
        self.style_when_loaded(results["OUTPUT"], context)
        return results

    def tile(self, parameters, context):
        """Tile size, None for the engine's own choice."""
        if parameters.get("TILE") is None:
            return None
        return self.parameterAsInt(parameters, "TILE", context)

    def uncertainty(self, path, parameters, context):
        """Return the second raster, None where none is asked for."""
        if path is None:
            return None
        samples = self.parameterAsInt(parameters, "SAMPLES", context)
        bands = self.parameterAsEnumString(parameters, "UNCERTAINTY_BANDS", context)
        return Uncertainty(path, samples, bands)

    def style_when_loaded(self, destination, context):
        """Let the result appear in true colour if QGIS is going to load it."""
        if context.willLoadLayerOnCompletion(destination):
            details = context.layerToLoadOnCompletionDetails(destination)
            details.setPostProcessor(TRUE_COLOR)
