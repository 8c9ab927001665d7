"""Super-resolve raster: `hsisr-geo run` as a Processing algorithm."""

from __future__ import annotations

import os

from qgis.core import (
    QgsProcessingException,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from .command import run_arguments
from .engine import EngineAlgorithm, layer_path
from .truecolor import TRUE_COLOR

DEFAULT_MODEL = "default"


class SuperResolve(EngineAlgorithm):
    """A finer grid for every band of a hyperspectral raster."""

    def name(self):
        return "superresolve"

    def displayName(self):
        return "Super-resolve raster"

    def tags(self):
        return ["hyperspectral", "super-resolution", "upscale", "sharpen", "diffusion", "resample"]

    def shortHelpString(self):
        return (
            "<p>Makes the grid of a hyperspectral raster 2, 3 or 4 times finer, band by band, with "
            "a network trained on hyperspectral scenes. Place, band names, wavelengths, nodata and "
            "units stay as they are.</p>"
            "<p><b>Detail</b> 0 gives the most likely image, and always the same one. Towards 1 "
            "the network draws plausible texture that the sensor did not see: it looks sharper "
            "and is less true. <b>Seed</b> chooses the draw.</p>"
            "<p><b>Model</b>: <i>default</i>, <i>bicubic</i> (interpolation only, a baseline), or "
            "the path of a checkpoint.</p>"
            "<p>The finer pixels are an estimate. Do not measure on them what the original pixels "
            "do not support.</p>"
        )

    def initAlgorithm(self, config=None):
        number = QgsProcessingParameterNumber
        tile = number(
            "TILE",
            "Tile size in input pixels (smaller needs less memory)",
            number.Type.Integer,
            optional=True,
            minValue=8,
        )
        tile.setFlags(tile.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        for parameter in (
            QgsProcessingParameterRasterLayer("INPUT", "Hyperspectral raster"),
            QgsProcessingParameterEnum(
                "UPSCALE",
                "Upscale",
                options=["2", "3", "4"],
                defaultValue="2",
                usesStaticStrings=True,
            ),
            QgsProcessingParameterString("MODEL", "Model", defaultValue=DEFAULT_MODEL),
            number(
                "DETAIL",
                "Detail (0: most likely image, 1: sampled texture)",
                number.Type.Double,
                defaultValue=0.0,
                minValue=0.0,
                maxValue=1.0,
            ),
            number("SEED", "Seed", number.Type.Integer, defaultValue=0, minValue=0),
            QgsProcessingParameterExtent("EXTENT", "Only this extent", optional=True),
            tile,
            QgsProcessingParameterRasterDestination("OUTPUT", "Super-resolved"),
        ):
            self.addParameter(parameter)

    def checkParameterValues(self, parameters, context):
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if layer is not None:
            try:
                layer_path(layer)
            except QgsProcessingException as error:
                return False, str(error)
        return super().checkParameterValues(parameters, context)

    def processAlgorithm(self, parameters, context, feedback):
        source = self.source_path(parameters, "INPUT", context)
        destination = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        if os.path.exists(destination) and os.path.samefile(source, destination):
            raise QgsProcessingException("OUTPUT is the file of INPUT: choose another file.")
        arguments = run_arguments(
            source,
            destination,
            upscale=int(self.parameterAsEnumString(parameters, "UPSCALE", context)),
            model=self.model(parameters, context),
            detail=self.parameterAsDouble(parameters, "DETAIL", context),
            seed=self.parameterAsInt(parameters, "SEED", context),
            tile=self.tile(parameters, context),
            bounds=self.bounds(parameters, context),
        )
        if self.call_engine(arguments, feedback) is None:
            return {}
        self.style_when_loaded(destination, context)
        return {"OUTPUT": destination}

    def model(self, parameters, context):
        """Name or path of the model, empty for the engine's own choice."""
        model = self.parameterAsString(parameters, "MODEL", context).strip()
        return "" if model == DEFAULT_MODEL else model

    def tile(self, parameters, context):
        """Tile size, None for the engine's own choice."""
        if parameters.get("TILE") is None:
            return None
        return self.parameterAsInt(parameters, "TILE", context)

    def bounds(self, parameters, context):
        """Extent as (xmin, ymin, xmax, ymax) in the raster's CRS, None for all of it."""
        if parameters.get("EXTENT") in (None, ""):
            return None
        crs = self.parameterAsRasterLayer(parameters, "INPUT", context).crs()
        extent = self.parameterAsExtent(parameters, "EXTENT", context, crs)
        if extent.isEmpty():
            raise QgsProcessingException("EXTENT is empty: give XMIN,XMAX,YMIN,YMAX, or nothing.")
        return extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()

    def style_when_loaded(self, destination, context):
        """Let the result appear in true colour if QGIS is going to load it."""
        if context.willLoadLayerOnCompletion(destination):
            details = context.layerToLoadOnCompletionDetails(destination)
            details.setPostProcessor(TRUE_COLOR)
