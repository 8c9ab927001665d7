"""Super-resolve raster: `hsisr-geo run` as a Processing algorithm."""

from __future__ import annotations

import os

from qgis.core import QgsProcessingParameterRasterDestination, QgsProcessingUtils

from ..engine.command import Uncertainty, run_arguments
from ..help import picture
from ..i18n import tr
from ..map.result import show_result, show_uncertainty
from . import parameters as fields
from .outcome import estimate, summary
from .scene import SceneAlgorithm

FORMATS = {"gtiff": ".tif", "cog": ".tif", "envi": ".img", "zarr": ".zarr", "netcdf": ".nc"}
PRECISIONS = ["float32", "bfloat16"]


class SuperResolve(SceneAlgorithm):
    """A finer grid for every band of a hyperspectral raster."""

    counted = True

    def name(self):
        return "superresolve"

    def displayName(self):
        return tr("Super-resolve raster")

    def shortDescription(self):
        return tr("Makes a hyperspectral raster 2, 3 or 4 times finer.")

    def tags(self):
        return [
            *("hyperspectral", "super-resolution", "upscale", "sharpen", "diffusion", "resample"),
            *("uncertainty", "psf"),
        ]

    def shortHelpString(self):
        return (
            picture(tr("Before and after: AVIRIS Indian Pines, twice as fine"))
            + tr(
                "<p>Makes the grid of a hyperspectral raster 2, 3 or 4 times finer, band by band, "
                "with a network trained on hyperspectral scenes. Place, band names, wavelengths, "
                "nodata and units stay as they are.</p>"
                "<p>The finer pixels are an estimate. Do not measure on them what the original "
                "pixels do not support. <i>Assess on this scene</i> tells how good they are likely "
                "to be.</p>"
                "<h3>Model</h3>"
            )
            + self.models_described()
            + tr(
                "<p><i>bicubic</i> and <i>back-projection</i> have no network: they are what the "
                "models are compared with. <b>Model file</b>, among the advanced parameters, takes "
                "one of your own, such as <i>Adapt model to scene</i> makes.</p>"
                "<h3>Detail</h3>"
                "<p>0 gives the most likely image, and always the same one. Towards 1 the network "
                "draws plausible texture that the sensor did not see: it looks sharper and is less "
                "true. <b>Seed</b> chooses the draw.</p>"
                "<h3>Uncertainty</h3>"
                "<p>A second raster: how far the result may be off, as a standard deviation, per "
                "band or as one band with their mean. It is predicted of what is seen around a "
                "pixel; about two of three errors are smaller. With <b>samples</b> it is their "
                "standard deviation at detail 1 instead; a sample takes about as long as five "
                "images at detail 0.</p>"
                "<h3>The sensor's blur</h3>"
                "<p>Its PSF, which made the pixels of finer ones: <i>bicubic</i>, "
                "<i>gaussian:MTF</i> (the MTF at the Nyquist frequency, as in gaussian:0.3), or "
                "the path of a kernel file (text or .npy). The result is made consistent with it, "
                "unless that is switched off: then it is only measured. <i>auto</i>, which comes "
                "first: as the file, its "
                "sensor or its pixels tell.</p>"
            )
        )

    def initAlgorithm(self, config=None):
        self.add_scene_parameters()
        self.add_band_parameters()
        self.add(
            *(*fields.texture(), fields.model_file(), *fields.bands(), *fields.facts()),
            *(*of_the_result(), *of_the_uncertainty(), *of_the_format()),
            *(*fields.valid_range(), fields.again(), *of_the_run()),
            advanced=True,
        )
        destination = QgsProcessingParameterRasterDestination
        self.add(
            destination("OUTPUT", tr("Super-resolved")),
            destination("UNCERTAINTY", tr("Uncertainty"), optional=True, createByDefault=False),
        )

    def processAlgorithm(self, parameters, context, feedback):
        source = self.scene(parameters, context, feedback)
        format = self.parameterAsEnumString(parameters, "FORMAT", context)
        results = {
            name: _with_ending(path, FORMATS.get(format), context)
            for name in ("OUTPUT", "UNCERTAINTY")
            if (path := self.parameterAsOutputLayer(parameters, name, context))
        }
        _forget_unnamed(context)
        arguments = self.arguments(source, results, parameters, context)
        finished = self.call_engine(arguments, feedback, results.values())
        if finished is None:
            return {}
        if self.parameterAsBoolean(parameters, "DRY_RUN", context):
            for line in estimate(finished.result):
                feedback.pushInfo(line)
            context.setLayersToLoadOnCompletion({})  # there are none
            return {}
        for line in summary(results["OUTPUT"], finished.result):
            feedback.pushInfo(line)
        cut = parameters.get("EXTENT") not in (None, "")
        crs = self._crs_on_map(source, parameters, context, feedback)
        for name, show in (("OUTPUT", show_result), ("UNCERTAINTY", show_uncertainty)):
            if name in results:
                show(results[name], source, self.label(name), context, cut=cut, crs=crs)
        return results

    def _crs_on_map(self, source, parameters, context, feedback):
        """Return the CRS that the result has on the map in place of its file's, None for that."""
        own = source.shown is not None and source.shown.crs_is_own
        if not own or self.parameterAsBoolean(parameters, "ORTHORECTIFY", context):
            return None
        message = tr(
            "'{layer}' has {crs} in QGIS and another CRS, or none, in its file. So has the "
            "result: {crs} on the map, in its file what the input's file says."
        )
        crs = source.shown.crs
        feedback.pushWarning(message.format(layer=source.name, crs=crs.userFriendlyIdentifier()))
        return crs

    def arguments(self, source, results, parameters, context):
        """Return the arguments of the engine."""
        return run_arguments(
            source.path,
            results["OUTPUT"],
            self.result_call(parameters, context),
            consistency=not self.parameterAsBoolean(parameters, "NO_CONSISTENCY", context),
            precision=self.precision(parameters, context),
            memory=self.parameterAsString(parameters, "MEMORY", context).strip(),
            uncertainty=self.uncertainty(results.get("UNCERTAINTY"), parameters, context),
            dry_run=self.parameterAsBoolean(parameters, "DRY_RUN", context),
            **self.format(parameters, context),
        )

    def precision(self, parameters, context):
        """Return the precision of the network, empty for the engine's own choice."""
        precision = self.parameterAsEnumString(parameters, "PRECISION", context)
        return "" if precision == PRECISIONS[0] else precision

    def format(self, parameters, context):
        """Return how the result is stored."""
        format = self.parameterAsEnumString(parameters, "FORMAT", context)
        creation = self.parameterAsString(parameters, "CREATION", context).split("|")
        return {
            "format": "" if format == "auto" else format,
            "creation": [option.strip() for option in creation if option.strip()],
        }

    def uncertainty(self, path, parameters, context):
        """Return the second raster, None where none is asked for."""
        if path is None:
            return None
        samples = self.parameterAsInt(parameters, "SAMPLES", context)
        bands = self.parameterAsEnumString(parameters, "UNCERTAINTY_BANDS", context)
        return Uncertainty(path, samples, bands)


def _with_ending(path, ending, context):
    """Return the path of an output; a temporary one, which nobody named, ends as its format does.

    QGIS calls them all .tif.
    """
    name, given = os.path.splitext(path)
    if ending in (None, given) or not path.startswith(QgsProcessingUtils.tempFolder()):
        return path
    asked = context.layersToLoadOnCompletion()
    if path in asked:
        asked[name + ending] = asked.pop(path)
        context.setLayersToLoadOnCompletion(asked)
    return name + ending


def _forget_unnamed(context):
    """Load no layer without a path: a batch asks for one where an optional output is left empty."""
    asked = context.layersToLoadOnCompletion()
    if "" in asked:
        del asked[""]
        context.setLayersToLoadOnCompletion(asked)


def of_the_result():
    """Return PSF and NO_CONSISTENCY."""
    as_made = tr("Leave the result as the network made it, not made consistent with the blur")
    return [
        fields.psf(),
        fields.helped(
            fields.yes_or_no("NO_CONSISTENCY", as_made),
            tr("How far it is from the input, degraded again, is measured all the same."),
        ),
    ]


def of_the_uncertainty():
    """Return SAMPLES and UNCERTAINTY_BANDS."""
    return [
        fields.helped(
            fields.whole("SAMPLES", tr("Samples for the uncertainty"), 0, minValue=0),
            tr("Time grows with them."),
        ),
        fields.helped(
            fields.choice("UNCERTAINTY_BANDS", tr("Bands of the uncertainty"), ["all", "mean"]),
            tr("mean: one band, the mean over all of them."),
        ),
    ]


def of_the_format():
    """Return FORMAT, and CREATION with QGIS's own field for it."""
    creation = fields.text("CREATION", tr("Creation options of the format"))
    creation.setMetadata({"widget_wrapper": {"widget_type": "rasteroptions"}})
    return [
        fields.helped(
            fields.choice("FORMAT", tr("Format of the result"), ["auto", *FORMATS]),
            tr("auto: by the ending of the name, where .tif is a plain GeoTIFF."),
        ),
        fields.helped(
            creation,
            tr("As GDAL names them, separated by |, as in COMPRESS=LZW|BLOCKSIZE=256."),
        ),
    ]


def of_the_run():
    """Return MEMORY, TILE, THREADS, DEVICE, PRECISION and DRY_RUN."""
    dry_run = tr("Only tell what a run would take: time, memory, disk")
    return [
        fields.helped(
            fields.text("MEMORY", tr("Memory that the run may take")),
            tr("As in 500M or 4GiB: tiles are made small enough. Empty: a quarter of all."),
        ),
        fields.tile(),
        fields.threads(),
        fields.device(),
        fields.helped(
            fields.choice("PRECISION", tr("Precision of the network"), PRECISIONS),
            tr("bfloat16 is faster where the hardware has it, and not quite the same."),
        ),
        fields.helped(
            fields.yes_or_no("DRY_RUN", dry_run),
            tr("Nothing is written. The answer is in the log."),
        ),
    ]
