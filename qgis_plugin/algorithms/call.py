"""What the algorithms share: finding the engine, running it, passing on what it says."""

from __future__ import annotations

import os

from qgis.core import (
    NULL,
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingParameterEnum,
    QgsProcessingParameterRasterLayer,
    QgsProperty,
)
from qgis.PyQt.QtGui import QIcon

from ..engine.command import shown
from ..engine.leftovers import remove_leftovers
from ..engine.program import NotSetUp, engine_environment
from ..engine.timeleft import TimeLeft, rounded
from ..engine.words import in_words_of_the_dialog, is_usage
from ..engine.worker import Finished, WorkerCanceled, WorkerFailed, run_worker
from ..help import ICON, page
from ..i18n import tr
from ..layers import Source, source_of
from ..settings.engine_choice import executable
from ..setup.handshake import EngineRefused, greet_once
from . import parameters as fields


class EngineAlgorithm(QgsProcessingAlgorithm):
    """An algorithm that is one call of `hsisr-geo`.

    It stays visible where the engine is not set up, and says then what to do: in the toolbox
    (canExecute), before a run (checkParameterValues), and in a run that skips both.
    """

    counted = False  # whether the engine's progress counts tiles, and a person would, too

    def createInstance(self):
        return type(self)()

    def add(self, *parameters, advanced=False):
        """Add parameters to the dialog, folded away where they are advanced."""
        for parameter in parameters:
            self.addParameter(fields.advanced(parameter) if advanced else parameter)

    def icon(self):
        return QIcon(ICON)

    def svgIconPath(self):
        return ICON

    def helpUrl(self):
        return page(self.name())

    def canExecute(self):
        try:
            executable()
        except NotSetUp as error:
            return False, str(error)
        return True, ""

    def checkParameterValues(self, parameters, context):
        try:
            executable()
            taken = {
                **self._rasters_taken(parameters, context),
                **self._words_taken(parameters),
            }
        except (NotSetUp, QgsProcessingException) as error:
            return False, str(error)
        return super().checkParameterValues({**parameters, **taken}, context)

    def _words_taken(self, parameters):
        """Return by name the words for numbers that stand for them: 2 for the factor '2'.

        Raises
        ------
        QgsProcessingException
            A word is none of the list, of which QGIS says no more than that it is incorrect.
        """
        words = {}
        for parameter in self.parameterDefinitions():
            name, given = parameter.name(), parameters.get(parameter.name())
            if parameter.type() != QgsProcessingParameterEnum.typeName():
                continue
            if isinstance(given, (int, str)) and given != "":
                words[name] = str(given)
                if words[name] not in parameter.options():
                    raise QgsProcessingException(self.unknown(name, given, parameter.options()))
        return words

    def unknown(self, name, given, known) -> str:
        """Say what may be given where a word was none of the list."""
        message = tr("{name} is '{given}', but may be {known}.")
        return message.format(name=name, given=given, known=", ".join(known))

    def _rasters_taken(self, parameters, context):
        """Return by name what stands for rasters that QGIS opens not, and so would refuse.

        It takes an expression unseen.
        """
        names = [
            parameter.name()
            for parameter in self.parameterDefinitions()
            if parameter.type() == QgsProcessingParameterRasterLayer.typeName()
            and parameters.get(parameter.name()) not in (None, "")
        ]
        unseen = QgsProperty.fromExpression("''")
        return {
            name: unseen for name in names if self.source(parameters, name, context).shown is None
        }

    def source(self, parameters, name, context) -> Source:
        """Return the raster of a parameter, which must be on disk; the engine judges what it is."""
        layer = self.parameterAsRasterLayer(parameters, name, context)
        if layer is not None:
            return source_of(layer)
        path = self.parameterAsString(parameters, name, context)
        if os.path.exists(path):
            return Source(path, os.path.basename(os.path.normpath(path)))
        other = self.parameterAsLayer(parameters, name, context)
        message = (
            tr("{name}: there is no raster layer and no file '{given}'.")
            if other is None
            else tr("{name}: '{given}' is not a raster layer.")
        )
        given = path if other is None else other.name()
        raise QgsProcessingException(message.format(name=name, given=given))

    def scene(self, parameters, context, feedback) -> Source:
        """Return INPUT, and warn of what QGIS alone knows of it: the engine reads the file."""
        source = self.source(parameters, "INPUT", context)
        hidden = () if source.shown is None else source.shown.nodata
        if hidden and self.decimal(parameters, "NODATA", context) is None:
            message = tr(
                "By the properties of the layer, {values} is no data in '{layer}'. The file does "
                "not say so, and a run takes it for measured, unless it is given as {option}."
            )
            option = f"'{self.label('NODATA')}' (NODATA)"
            feedback.pushWarning(
                message.format(values=", ".join(hidden), layer=source.name, option=option)
            )
        return source

    def call_engine(self, arguments, feedback, outputs=()) -> Finished | None:
        """Run the engine; None when the user cancelled.

        Parameters
        ----------
        outputs : rasters beside which a killed engine may leave unfinished files
        """
        try:
            command = [executable(), *arguments]
            greet_once(command[0], feedback.isCanceled)
            feedback.pushCommandInfo(shown(command))
            return self._run(command, feedback, outputs)
        except WorkerCanceled:
            feedback.pushInfo(tr("Cancelled."))
            return None
        except (NotSetUp, EngineRefused) as error:
            raise QgsProcessingException(str(error)) from error
        except WorkerFailed as error:
            message = in_words_of_the_dialog(str(error), self.label)
            raise QgsProcessingException(message) from error

    def _run(self, command, feedback, outputs) -> Finished:
        """Run the engine; one that was killed leaves nothing beside the outputs."""
        try:
            return run_worker(
                command,
                engine_environment(),
                progress=_Progress(feedback, self.counted),
                log=lambda message: self._pass_on(message, feedback),
                canceled=feedback.isCanceled,
            )
        except (WorkerCanceled, WorkerFailed) as error:
            if isinstance(error, WorkerCanceled) or error.crashed:
                for output in outputs:
                    remove_leftovers(output)
            raise

    def decimal(self, parameters, name, context) -> float | None:
        """Value of an optional number, None where it is left empty.

        QGIS takes 0 for what is empty in another way than None, and for what is no number.
        """
        given = parameters.get(name)
        said = self.parameterAsString(parameters, name, context).strip()
        if given is None or given == NULL or not said:
            return None
        try:
            return float(said)
        except ValueError:
            message = tr("{name} is '{given}', which is not a number.")
            raise QgsProcessingException(message.format(name=name, given=said)) from None

    def label(self, name) -> str | None:
        """Label of a parameter in the dialog, or of hsisr:ALGORITHM; None where there is none."""
        if name.startswith("hsisr:"):
            found = QgsApplication.processingRegistry().algorithmById(name)
            return None if found is None else found.displayName()
        parameter = self.parameterDefinition(name)
        return None if parameter is None else parameter.description()

    def _pass_on(self, message, feedback):
        """Put a line of the engine in the log, its warnings as QGIS's warnings."""
        if message.startswith("hsisr-geo: error: ") or is_usage(message):
            return  # the last word of a run, which the exception has
        said = in_words_of_the_dialog(message, self.label)
        if said.startswith("warning: "):
            feedback.pushWarning(said.removeprefix("warning: "))
        else:
            feedback.pushInfo(said)


class _Progress:
    """Shows a percentage, what is counted, and the time left."""

    def __init__(self, feedback, counted):
        self.feedback = feedback
        self.counted = counted
        self.left = TimeLeft()

    def __call__(self, done: float, total: int) -> None:
        percent, seconds = self.left.percent(done, total), self.left.seconds(done, total)
        if percent is not None:
            self.feedback.setProgress(percent)
        if seconds is None:
            return
        number, unit = rounded(seconds)
        left = tr("about {number} {unit} left").format(number=number, unit=unit)
        if self.counted and total > 1:
            left = f"{tr('{done} of {total} tiles').format(done=int(done), total=total)}, {left}"
        self.feedback.setProgressText(left)
