"""The list of models, asked of the engine when it is needed first, and kept in QGIS's settings."""

from __future__ import annotations

import os
import time

from qgis.core import Qgis, QgsMessageLog, QgsSettings

from ..engine.catalogue import Model, fingerprint, parse
from ..engine.command import models_arguments
from ..engine.program import NotSetUp, engine_environment
from ..engine.worker import WorkerCanceled, WorkerFailed, run_worker
from .engine_choice import executable

SETTING = "hsisr/models"  # the fingerprint, then what `hsisr-geo models --json` said
PATIENCE_S = 15.0

_unanswered: set[str] = set()  # fingerprints of engines that gave no list in this session


def installed_models(*, ask: bool) -> tuple[Model, ...]:
    """Return the models of the engine that is set up; empty while they are not known.

    Parameters
    ----------
    ask : start the engine (0.3 s) if its list is not kept yet. The toolbox does not, as QGIS
        fills it when it starts; a dialog and a run do.
    """
    try:
        program = executable()
    except NotSetUp:
        return ()
    state = fingerprint(program, os.environ)
    kept = QgsSettings().value(SETTING, None)
    if isinstance(kept, list) and len(kept) == 2 and kept[0] == state:
        return parse(kept[1])
    if not ask or state in _unanswered:
        return ()
    try:
        text = _ask(program)
        models = parse(text)
    except (ValueError, WorkerCanceled, WorkerFailed) as error:
        _unanswered.add(state)
        message = f"{program} does not tell its models: {error}"
        QgsMessageLog.logMessage(message, "hsisr", Qgis.MessageLevel.Warning)
        return ()
    QgsSettings().setValue(SETTING, [state, text])
    return models


def _ask(program: str) -> str:
    deadline = time.monotonic() + PATIENCE_S
    finished = run_worker(
        [program, *models_arguments()],
        engine_environment(),
        progress=lambda done, total: None,
        log=lambda message: None,
        canceled=lambda: time.monotonic() > deadline,
    )
    return finished.text
