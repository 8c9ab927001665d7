"""What the algorithms share that apply a model to a scene: INPUT, UPSCALE, MODEL, EXTENT."""

from __future__ import annotations

import math

from qgis.core import (
    QgsProcessingException,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from .. import widgets
from ..engine.catalogue import DEFAULT, choices, described
from ..engine.command import Selection, in_range, with_water_vapour
from ..i18n import tr
from ..settings.model_list import installed_models
from .call import EngineAlgorithm

WIDGETS = widgets.__name__  # QGIS imports a field by its name


class SceneAlgorithm(EngineAlgorithm):
    """A call of `hsisr-geo` with a scene, a factor and a model."""

    asks_engine = False  # the toolbox's own copy knows only models that are known already

    def createInstance(self):
        made = super().createInstance()
        made.asks_engine = True
        return made

    def add_scene_parameters(self):
        """Add INPUT, UPSCALE and MODEL."""
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", tr("Hyperspectral raster")))
        upscale = choice("UPSCALE", tr("Pixels become finer by"), ["2", "3", "4"])
        upscale.setMetadata({"widget_wrapper": {"class": f"{WIDGETS}.pixel_size.PixelSizeWrapper"}})
        self.addParameter(helped(upscale, tr("How many times finer the pixels become.")))
        self.models = installed_models(ask=self.asks_engine)
        self.addParameter(
            helped(
                choice("MODEL", tr("Model"), choices(self.models)),
                tr("An installed model; the help beside tells what each gains over bicubic."),
            )
        )

    def add_model_file_parameter(self):
        """Add MODEL_FILE, which goes before MODEL."""
        self.addParameter(
            advanced(
                helped(
                    QgsProcessingParameterFile(
                        "MODEL_FILE",
                        tr("Model file, in place of the model chosen above"),
                        fileFilter=tr("Model files") + " (*.safetensors)",
                        optional=True,
                    ),
                    tr("A model of your own, such as 'Adapt model to scene' writes."),
                )
            )
        )

    def add_texture_parameters(self):
        """Add DETAIL and SEED."""
        number = QgsProcessingParameterNumber
        detail = number(
            "DETAIL",
            tr("Detail (0: most likely image, 1: sampled texture)"),
            number.Type.Double,
            defaultValue=0.0,
            minValue=0.0,
            maxValue=1.0,
        )
        detail.setMetadata({"widget_wrapper": {"decimals": 2}})
        seed = number("SEED", tr("Seed"), number.Type.Integer, 0, minValue=0)
        for parameter in (
            helped(detail, tr("Above 0 the network adds texture that the sensor did not see.")),
            helped(seed, tr("Chooses the texture; without effect at detail 0.")),
        ):
            self.addParameter(advanced(parameter))

    def add_extent_parameter(self):
        """Add EXTENT."""
        extent = QgsProcessingParameterExtent("EXTENT", tr("Only this extent"), optional=True)
        self.addParameter(helped(extent, tr("In any CRS; grown to whole pixels of the raster.")))

    def psf_parameter(self):
        """Return PSF."""
        psf = QgsProcessingParameterString("PSF", tr("The sensor's blur"), optional=True)
        psf.setMetadata({"widget_wrapper": {"class": f"{WIDGETS}.blur.PsfWrapper"}})
        return helped(
            psf,
            tr(
                "What made the raster's pixels of finer ones: auto, bicubic, gaussian:MTF "
                "(gaussian:0.3 for an MTF of 0.3), or the path of a kernel file. Empty: auto."
            ),
        )

    def add_band_parameters(self):
        """Add WATER_VAPOUR and the range of wavelengths."""
        number = QgsProcessingParameterNumber
        water = QgsProcessingParameterBoolean(
            "WATER_VAPOUR", tr("Keep bands in water vapour from the network"), defaultValue=False
        )
        self.addParameter(
            helped(water, tr("1340–1445 and 1790–1955 nm, where they are noise: interpolated."))
        )
        for name, text in (
            ("FROM_NM", tr("Only wavelengths from (nm)")),
            ("TO_NM", tr("Only wavelengths up to (nm)")),
        ):
            limit = number(name, text, number.Type.Double, optional=True, minValue=0)
            self.addParameter(advanced(limit))

    def selection_parameters(self):
        """Return BANDS, EXCLUDE, ORTHORECTIFY, NODATA and MASK_CLOUDS."""
        string = QgsProcessingParameterString
        return [
            helped(
                string("BANDS", tr("Only these bands (empty: all)"), optional=True),
                tr("By number or wavelength, as in 1-50,60 or 450-900nm."),
            ),
            helped(
                string("EXCLUDE", tr("Bands to take for bad"), optional=True),
                tr(
                    "Never shown to the network, but interpolated; as above, and water-vapour "
                    "(1340-1445 and 1790-1955 nm)."
                ),
            ),
            orthorectify_parameter(),
            nodata_parameter(),
            mask_clouds_parameter(),
        ]

    def range_parameters(self):
        """Return VALID_MIN and VALID_MAX."""
        number = QgsProcessingParameterNumber
        told = tr(
            "In the raster's units. Empty, both: nothing below zero where the raster has nothing "
            "there, and no spikes. One alone: the other end is open."
        )
        return [
            helped(number(name, text, number.Type.Double, optional=True), told)
            for name, text in (
                ("VALID_MIN", tr("Least value of the result")),
                ("VALID_MAX", tr("Largest value of the result")),
            )
        ]

    def again_parameter(self):
        """Return AGAIN."""
        again = tr("Take the raster though it is a result already")
        return helped(
            QgsProcessingParameterBoolean("AGAIN", again, defaultValue=False),
            tr("Else it is refused: detail that was made up is no scene to start from."),
        )

    def valid_range(self, parameters, context):
        """Return least and largest value, None for the engine's own rule."""
        limits = [self.decimal(parameters, name, context) for name in ("VALID_MIN", "VALID_MAX")]
        if limits == [None, None]:
            return None
        low, high = (
            limit if limit is not None else end for limit, end in zip(limits, (-math.inf, math.inf))
        )
        return low, high

    def device_parameter(self):
        """Return DEVICE."""
        return helped(
            choice("DEVICE", tr("Where to compute"), ["auto", "cpu", "cuda"]),
            tr("auto: on the graphics card where there is a usable one."),
        )

    def tile_parameter(self):
        """Return TILE."""
        return QgsProcessingParameterNumber(
            "TILE",
            tr("Tile size in input pixels (smaller needs less memory)"),
            QgsProcessingParameterNumber.Type.Integer,
            optional=True,
            minValue=8,
        )

    def models_described(self):
        """Return what the installed models gained, as HTML for the help."""
        if not self.models:
            return tr(
                "<p>The list of models is read from the engine when a dialog opens or a run "
                "begins.</p>"
            )
        note = tr("Against bicubic, mean over scenes that the model was not trained on.")
        return f"{described(self.models, tr('default'), tr('spectral angle'))}<p><i>{note}</i></p>"

    def checkParameterValues(self, parameters, context):
        problem = self._unknown_model(parameters, context)
        return (False, problem) if problem else super().checkParameterValues(parameters, context)

    def _unknown_model(self, parameters, context):
        """Say what a name that is not in the list should have been; QGIS only says 'incorrect'."""
        given, known = parameters.get("MODEL"), choices(self.models)
        if not isinstance(given, str) or given in known or not self.models:
            return ""
        message = tr(
            "MODEL is '{given}', but the installed models are {known}. A model of your own is "
            "given as MODEL_FILE."
        )
        return message.format(given=given, known=", ".join(known))

    def upscale(self, parameters, context):
        """Spatial factor."""
        return int(self.parameterAsEnumString(parameters, "UPSCALE", context))

    def model(self, parameters, context):
        """Name or path of the model, empty for the engine's own choice."""
        file = self.parameterAsString(parameters, "MODEL_FILE", context).strip()
        name = self.parameterAsEnumString(parameters, "MODEL", context)
        return file or ("" if name == DEFAULT else name)

    def device(self, parameters, context):
        """Where to compute, empty for the engine's own choice."""
        device = self.parameterAsEnumString(parameters, "DEVICE", context)
        return "" if device == "auto" else device

    def psf(self, parameters, context):
        """Return what made the pixels, empty for the default of the command."""
        return self.parameterAsString(parameters, "PSF", context).strip()

    def selection(self, parameters, context):
        """Return which bands count, and how they lie."""
        bands, exclude = (
            self.parameterAsString(parameters, name, context).strip()
            for name in ("BANDS", "EXCLUDE")
        )
        if self.parameterAsBoolean(parameters, "WATER_VAPOUR", context):
            exclude = with_water_vapour(exclude)
        limits = [self.decimal(parameters, name, context) for name in ("FROM_NM", "TO_NM")]
        if limits != [None, None]:
            if None not in limits and limits[0] > limits[1]:
                message = tr("FROM_NM is larger than TO_NM: exchange them.")
                raise QgsProcessingException(message)
            if bands:
                message = tr("Give BANDS or a range of wavelengths, not both.")
                raise QgsProcessingException(message)
            bands = in_range(*limits)
        return Selection(
            bands,
            exclude,
            self.parameterAsBoolean(parameters, "ORTHORECTIFY", context),
            self.decimal(parameters, "NODATA", context),
            self.parameterAsBoolean(parameters, "MASK_CLOUDS", context),
        )

    def number(self, parameters, name, context):
        """Value of an optional whole number, None for the engine's own choice."""
        return (
            None if parameters.get(name) is None else self.parameterAsInt(parameters, name, context)
        )

    def again(self, parameters, context):
        """Whether a result is to be taken for a scene."""
        return self.parameterAsBoolean(parameters, "AGAIN", context)

    def bounds(self, parameters, context):
        """Extent as (xmin, ymin, xmax, ymax) in the raster's CRS, None for all of it."""
        if parameters.get("EXTENT") in (None, ""):
            return None
        source = self.source(parameters, "INPUT", context)
        if source.layer is None:
            message = tr("EXTENT needs a raster that QGIS can open, which {scene} is not.")
            raise QgsProcessingException(message.format(scene=source.name))
        extent = self.parameterAsExtent(parameters, "EXTENT", context, source.layer.crs())
        if extent.isEmpty():
            raise QgsProcessingException(
                tr("EXTENT is empty: give XMIN,XMAX,YMIN,YMAX, or nothing.")
            )
        return extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()


def choice(name, description, options):
    """Enum whose values are its words, in scripts too; the first is the default."""
    return QgsProcessingParameterEnum(
        name, description, options=options, defaultValue=options[0], usesStaticStrings=True
    )


def orthorectify_parameter():
    """Return ORTHORECTIFY."""
    return helped(
        QgsProcessingParameterBoolean(
            "ORTHORECTIFY", tr("Put a swath on a map grid"), defaultValue=False
        ),
        tr(
            "Of EMIT, PRISMA (L1, L2B, L2C), Tanager, PACE, HYPSO, AVIRIS, and any netCDF or Zarr "
            "with longitude and latitude of each pixel, by the lookup table or coordinates that "
            "come with them. Else the result stays in the geometry of the sensor."
        ),
    )


def nodata_parameter():
    """Return NODATA."""
    number = QgsProcessingParameterNumber
    return helped(
        number("NODATA", tr("Number for no data"), number.Type.Double, optional=True),
        tr("Where the file does not say it."),
    )


def mask_clouds_parameter():
    """Return MASK_CLOUDS."""
    return helped(
        QgsProcessingParameterBoolean(
            "MASK_CLOUDS", tr("Take the maker's clouds for holes"), defaultValue=False
        ),
        tr("Of EnMAP, PRISMA L1, Tanager, EMIT and Wyvern, whose masks lie in or beside the file."),
    )


def advanced(parameter):
    """Fold the parameter away in the dialog."""
    parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def helped(parameter, text):
    """Give the parameter a help text: a tooltip, and what `qgis_process help` prints."""
    parameter.setHelp(text)
    return parameter
