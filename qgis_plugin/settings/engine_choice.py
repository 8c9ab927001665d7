"""Which engine this QGIS uses, and the environment that Set up manages for its profile."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsSettings

from ..engine.program import Found, NotSetUp, find_engine
from ..setup.handshake import EngineRefused, greet_once
from ..setup.places import Environment, default_home
from ..setup.state import Kind, look
from ..version import version

EXECUTABLE_SETTING = "hsisr/executable"  # an engine of the user's own
HOME_SETTING = "hsisr/environments"  # where environments are made, empty for the default


def executable() -> str:
    """Path of the engine.

    Raises
    ------
    NotSetUp
        With what to do.
    """
    return engine().program


def engine() -> Found:
    """Return the engine and what named it; errors as for `executable`."""
    managed, broken = environment(), ""
    state = look(managed)
    if state.kind is Kind.BROKEN:
        broken = f"The environment that Set up made is broken: {state.message} Repair it."
    program = str(managed.program) if broken or state.kind is Kind.READY else ""
    try:
        found = find_engine(own_executable(), managed=program)
    except NotSetUp as error:
        if state.kind in (Kind.INSTALLING, Kind.UNFINISHED):
            raise NotSetUp(f"{state.message} {error.reason}") from error
        raise
    if found.program == program and broken:
        raise NotSetUp(broken)  # as for a setting: not skipped for what happens to be on the PATH
    return found


def default_psf() -> str:
    """Return the blur that the engine assumes without being told, empty where it is the model's."""
    try:
        return greet_once(executable()).psf
    except (NotSetUp, EngineRefused):
        return ""


def own_executable() -> str:
    """Return the setting: an engine of the user's own, empty for none."""
    return str(QgsSettings().value(EXECUTABLE_SETTING, "") or "")


def environment() -> Environment:
    """Return the environment for this version of the plugin, whether it exists or not."""
    home = str(QgsSettings().value(HOME_SETTING, "") or "")
    default = default_home(Path(QgsApplication.qgisSettingsDirPath()))
    return Environment(Path(home) if home else default, version())
