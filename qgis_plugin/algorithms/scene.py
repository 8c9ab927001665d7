"""What the algorithms share that apply a model to a scene: its parameters, and what they say."""

from __future__ import annotations

import math

from qgis.core import QgsProcessingException

from ..engine.catalogue import DEFAULT, choices, described
from ..engine.command import ResultCall, SceneCall
from ..i18n import tr
from ..settings.model_list import installed_models
from . import parameters as fields
from .call import EngineAlgorithm
from .selection import selection_of


class SceneAlgorithm(EngineAlgorithm):
    """A call of `hsisr-geo` with a scene, a factor and a model."""

    asks_engine = False  # the toolbox's own copy knows only models that are known already

    def createInstance(self):
        made = super().createInstance()
        made.asks_engine = True
        return made

    def add_scene_parameters(self):
        """Add INPUT, UPSCALE and MODEL."""
        self.models = installed_models(ask=self.asks_engine)
        model = fields.choice("MODEL", tr("Model"), choices(self.models))
        gains = tr("An installed model; the help beside tells what each gains over bicubic.")
        scene = fields.raster("INPUT", tr("Hyperspectral raster"))
        self.add(scene, fields.upscale(), fields.helped(model, gains))

    def add_band_parameters(self):
        """Add WATER_VAPOUR, the range of wavelengths, and EXTENT."""
        self.add(fields.water_vapour())
        self.add(*fields.wavelengths(), advanced=True)
        self.add(fields.extent())

    def models_described(self):
        """Return what the installed models gained, as HTML for the help."""
        if not self.models:
            return tr(
                "<p>The list of models is read from the engine when a dialog opens or a run "
                "begins.</p>"
            )
        note = tr("Against bicubic, mean over scenes that the model was not trained on.")
        return f"{described(self.models, tr('default'), tr('spectral angle'))}<p><i>{note}</i></p>"

    def unknown(self, name, given, known):
        if name != "MODEL":
            return super().unknown(name, given, known)
        message = tr(
            "MODEL is '{given}', but the installed models are {known}. A model of your own is "
            "given as MODEL_FILE."
        )
        return message.format(given=given, known=", ".join(known))

    def scene_call(self, parameters, context, kind=SceneCall, **more):
        """Return what run, assess and adapt are told alike."""
        return kind(
            upscale=int(self.parameterAsEnumString(parameters, "UPSCALE", context)),
            model=self.model(parameters, context),
            device=self.device(parameters, context),
            selection=selection_of(self, parameters, context),
            again=self.parameterAsBoolean(parameters, "AGAIN", context),
            **more,
        )

    def result_call(self, parameters, context):
        """Return what run and assess are told alike."""
        return self.scene_call(
            parameters,
            context,
            ResultCall,
            detail=self.parameterAsDouble(parameters, "DETAIL", context),
            seed=self.parameterAsInt(parameters, "SEED", context),
            psf=self.parameterAsString(parameters, "PSF", context).strip(),
            tile=self.number(parameters, "TILE", context),
            threads=self.number(parameters, "THREADS", context),
            bounds=self.bounds(parameters, context),
            valid_range=self.valid_range(parameters, context),
        )

    def model(self, parameters, context):
        """Name or path of the model, empty for the engine's own choice."""
        file = self.parameterAsString(parameters, "MODEL_FILE", context).strip()
        name = self.parameterAsEnumString(parameters, "MODEL", context)
        return file or ("" if name == DEFAULT else name)

    def device(self, parameters, context):
        """Where to compute, empty for the engine's own choice."""
        device = self.parameterAsEnumString(parameters, "DEVICE", context)
        return "" if device == "auto" else device

    def number(self, parameters, name, context):
        """Value of an optional whole number, None for the engine's own choice."""
        value = self.decimal(parameters, name, context)
        return None if value is None else round(value)

    def bounds(self, parameters, context):
        """Extent as (xmin, ymin, xmax, ymax) in the raster's CRS, None for all of it."""
        if parameters.get("EXTENT") in (None, ""):
            return None
        source = self.source(parameters, "INPUT", context)
        if source.shown is None:
            message = tr("EXTENT needs a raster that QGIS can open, which {scene} is not.")
            raise QgsProcessingException(message.format(scene=source.name))
        extent = self.parameterAsExtent(parameters, "EXTENT", context, source.shown.crs)
        if extent.isEmpty():
            raise QgsProcessingException(
                tr("EXTENT is empty: give XMIN,XMAX,YMIN,YMAX, or nothing.")
            )
        on_a_map = self.parameterAsBoolean(parameters, "ORTHORECTIFY", context)  # of its own
        if not on_a_map and not extent.intersects(source.shown.extent):
            message = tr("EXTENT lies beside {scene}.")
            raise QgsProcessingException(message.format(scene=source.name))
        return extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()

    def valid_range(self, parameters, context):
        """Return least and largest value, None for the engine's own rule."""
        limits = [self.decimal(parameters, name, context) for name in ("VALID_MIN", "VALID_MAX")]
        if limits == [None, None]:
            return None
        low, high = (
            limit if limit is not None else end for limit, end in zip(limits, (-math.inf, math.inf))
        )
        return low, high
