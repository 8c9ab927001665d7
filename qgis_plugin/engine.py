"""What the algorithms share: finding the engine, running it, refusing layers it cannot open."""

from __future__ import annotations

import time

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProviderRegistry,
    QgsSettings,
)

from .command import NotSetUp, engine_environment, find_executable, shown
from .worker import Finished, WorkerCanceled, WorkerFailed, run_worker

EXECUTABLE_SETTING = "hsisr/executable"


class EngineAlgorithm(QgsProcessingAlgorithm):
    """An algorithm that is one call of `hsisr-geo`.

    It stays visible where the engine is not set up, and says then what to do: in the toolbox
    (canExecute), before a run (checkParameterValues), and in a run that skips both.
    """

    counted = ""  # what the engine's progress counts, where a person would count it

    def createInstance(self):
        return type(self)()

    def canExecute(self):
        try:
            executable()
        except NotSetUp as error:
            return False, str(error)
        return True, ""

    def checkParameterValues(self, parameters, context):
        try:
            executable()
        except NotSetUp as error:
            return False, str(error)
        return super().checkParameterValues(parameters, context)

    def source_path(self, parameters, name, context):
        """Path or GDAL name of the raster parameter, which must be on disk."""
        layer = self.parameterAsRasterLayer(parameters, name, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, name))
        return layer_path(layer)

    def call_engine(self, arguments, feedback) -> Finished | None:
        """Run the engine; None when the user cancelled."""
        try:
            command = [executable(), *arguments]
        except NotSetUp as error:
            raise QgsProcessingException(str(error)) from error
        feedback.pushCommandInfo(shown(command))
        try:
            return run_worker(
                command,
                engine_environment(),
                progress=_Progress(feedback, self.counted),
                log=lambda message: _pass_on(message, feedback),
                canceled=feedback.isCanceled,
            )
        except WorkerCanceled:
            feedback.pushInfo("Cancelled.")
            return None
        except WorkerFailed as error:
            raise QgsProcessingException(str(error)) from error


def executable() -> str:
    """Path of the engine, by the setting, the variable or the PATH."""
    return find_executable(str(QgsSettings().value(EXECUTABLE_SETTING, "") or ""))


def layer_path(layer) -> str:
    """Path or GDAL name under which another process can open the layer.

    Raises
    ------
    QgsProcessingException
        For a layer that is not on disk: web services, databases, virtual and memory rasters.
    """
    source = layer.source()
    if layer.providerType() != "gdal":
        raise QgsProcessingException(
            f"'{layer.name()}' comes from the provider '{layer.providerType()}', not from a file. "
            "Export it (Layer › Save As…) and use the file."
        )
    if source.startswith(("/vsimem/", "MEM:")):
        raise QgsProcessingException(
            f"'{layer.name()}' is held in the memory of QGIS. Export it (Layer › Save As…) and use "
            "the file."
        )
    if "|" in source:  # path|option:NAME=VALUE
        parts = QgsProviderRegistry.instance().decodeUri("gdal", source)
        source = parts.get("path") or source
    return source


def _pass_on(message: str, feedback) -> None:
    """Put a line of the engine in the log, its warnings as QGIS's warnings."""
    if message.startswith("warning: "):
        feedback.pushWarning(message.removeprefix("warning: "))
    else:
        feedback.pushInfo(message)


class _Progress:
    """Turns done/total into a percentage and an estimate of the time left."""

    def __init__(self, feedback, counted):
        self.feedback = feedback
        self.counted = counted
        self.started = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if total <= 0:
            return
        self.feedback.setProgress(100.0 * done / total)
        if 0 < done < total:
            left = (time.monotonic() - self.started) * (total - done) / done
            count = f"{done} of {total} {self.counted}, " if self.counted else ""
            self.feedback.setProgressText(f"{count}about {_minutes(left)} left")


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
