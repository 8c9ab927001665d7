"""What the algorithms that apply a model to a scene share: INPUT, UPSCALE, MODEL, EXTENT."""

from __future__ import annotations

import os

from qgis.core import (
    QgsProcessingException,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from .engine import EngineAlgorithm, layer_path

DEFAULT_MODEL = "default"


class SceneAlgorithm(EngineAlgorithm):
    """A call of `hsisr-geo` with a scene, a factor and a model."""

    def add_scene_parameters(self):
        """Add INPUT, UPSCALE and MODEL."""
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", "Hyperspectral raster"))
        self.addParameter(choice("UPSCALE", "Upscale", ["2", "3", "4"]))
        self.addParameter(QgsProcessingParameterString("MODEL", "Model", DEFAULT_MODEL))

    def add_extent_parameter(self):
        """Add EXTENT."""
        extent = QgsProcessingParameterExtent("EXTENT", "Only this extent", optional=True)
        self.addParameter(extent)

    def checkParameterValues(self, parameters, context):
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if layer is not None:
            try:
                layer_path(layer)
            except QgsProcessingException as error:
                return False, str(error)
        return super().checkParameterValues(parameters, context)

    def upscale(self, parameters, context):
        """Spatial factor."""
        return int(self.parameterAsEnumString(parameters, "UPSCALE", context))

    def model(self, parameters, context):
        """Name or path of the model, empty for the engine's own choice."""
        model = self.parameterAsString(parameters, "MODEL", context).strip()
        return "" if model == DEFAULT_MODEL else model

    def bounds(self, parameters, context):
        """Extent as (xmin, ymin, xmax, ymax) in the raster's CRS, None for all of it."""
        if parameters.get("EXTENT") in (None, ""):
            return None
        crs = self.parameterAsRasterLayer(parameters, "INPUT", context).crs()
        extent = self.parameterAsExtent(parameters, "EXTENT", context, crs)
        if extent.isEmpty():
            raise QgsProcessingException("EXTENT is empty: give XMIN,XMAX,YMIN,YMAX, or nothing.")
        return extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()


def choice(name, description, options):
    """Enum whose values are its words, in scripts too; the first is the default."""
    return QgsProcessingParameterEnum(
        name, description, options=options, defaultValue=options[0], usesStaticStrings=True
    )


def advanced(parameter):
    """Fold the parameter away in the dialog."""
    parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def check_not_the_input(source, destination, name):
    """Refuse a destination, the parameter `name`, that is the file of INPUT."""
    if os.path.exists(destination) and os.path.samefile(source, destination):
        raise QgsProcessingException(f"{name} is the file of INPUT: choose another file.")
