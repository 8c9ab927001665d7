"""Which program is the engine, and the environment that it is started in. Plain Python, no QGIS."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

PROGRAM = "hsisr-geo"
EXECUTABLE_VARIABLE = "HSISR_GEO_EXECUTABLE"

# QGIS's own Python, GDAL, PROJ and Qt are not the engine's: a leaked PROJ_LIB alone makes every CRS
# unreadable there, a leaked PYTHONHOME stops its Python.
_FOREIGN_PREFIXES = ("PYTHON", "QGIS_", "CONDA_")
_FOREIGN = frozenset(
    {
        "GDAL_DATA",
        "GDAL_DRIVER_PATH",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "DYLD_LIBRARY_PATH",
        "PROJ_DATA",
        "PROJ_LIB",
        "QT_PLUGIN_PATH",
        "VIRTUAL_ENV",
    }
)

# What of the engine's variables is no default of an option: a folder of models, its traceback.
_OURS = frozenset({EXECUTABLE_VARIABLE, "HSISR_GEO_MODELS", "HSISR_GEO_DEBUG"})

# What `python -I` does, in the processes too that the engine starts: neither the user's packages
# nor the folder of a script are looked into.
_ISOLATED = {"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}

ADVICE = (
    "In QGIS, Raster › Hyperspectral super-resolution › Set up… makes what is missing. Or install "
    f"{PROGRAM} yourself into a Python of its own (its wheel lies beside the plugin's zip), and "
    "give the path of the executable in Settings › Options › Processing › Hyperspectral "
    f"super-resolution; for qgis_process, in the environment variable {EXECUTABLE_VARIABLE}."
)


class NotSetUp(Exception):
    """No `hsisr-geo` executable was found; the message says why and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {ADVICE}")
        self.reason = reason  # for where the way out is a button beside it


class Origin(Enum):
    """What named the executable; the order is the order in which they are asked."""

    SETTING = "the setting"
    VARIABLE = "the environment variable"
    MANAGED = "the environment that Set up made"
    PATH = "the PATH"


@dataclass(frozen=True)
class Found:
    """The executable, and what named it."""

    program: str
    origin: Origin


def find_engine(
    setting: str, environment: Mapping[str, str] | None = None, *, managed: str = ""
) -> Found:
    """Find the `hsisr-geo` executable: by the setting, the variable, Set up, or the PATH.

    `managed` is the executable that Set up made, empty where there is none. A setting or variable
    that names no executable is an error rather than skipped: whoever set it meant that one.

    Raises
    ------
    NotSetUp
        With a sentence that says what to install or set.
    """
    environment = os.environ if environment is None else environment
    for origin, words, given in (
        (Origin.SETTING, "The setting", setting.strip()),
        (
            *(Origin.VARIABLE, EXECUTABLE_VARIABLE),
            environment.get(EXECUTABLE_VARIABLE, "").strip(),
        ),
    ):
        if given:
            found = shutil.which(os.path.expanduser(given), path=environment.get("PATH"))
            if found is None:
                raise NotSetUp(f"{words} names '{given}', which is not an executable file.")
            return Found(found, origin)
    if managed:
        return Found(managed, Origin.MANAGED)
    found = shutil.which(PROGRAM, path=environment.get("PATH"))
    if found is None:
        raise NotSetUp(f"The program {PROGRAM} was not found.")
    return Found(found, Origin.PATH)


def engine_environment(
    environment: Mapping[str, str] | None = None, *, platform: str = sys.platform
) -> dict[str, str]:
    """Copy of the environment without what belongs to QGIS's own Python, GDAL, PROJ and Qt.

    Nor do the command line's own defaults count: its variables (HSISR_GEO_RUN_TILE) are left out
    and its configuration file is turned off, so that a run is what the dialog shows.
    """
    environment = os.environ if environment is None else environment
    kept = {
        name: value
        for name, value in environment.items()
        if name.upper() not in _FOREIGN
        and not name.upper().startswith(_FOREIGN_PREFIXES)
        and (name.upper() in _OURS or not name.upper().startswith("HSISR_GEO_"))
    }
    if platform == "win32":
        kept.update(_without_qgis_on_path(environment))
    return {**kept, **_ISOLATED, "HSISR_GEO_CONFIG": ""}


def _without_qgis_on_path(environment: Mapping[str, str]) -> dict[str, str]:
    r"""Return the PATH of Windows without the folders of QGIS, where another Python finds its DLLs.

    OSGEO4W_ROOT is the folder of the whole installation, with bin and apps\Python312 in it.
    """
    root = environment.get("OSGEO4W_ROOT", "").rstrip("\\/").lower().replace("/", "\\")
    if not root:
        return {}
    return {
        name: ";".join(
            folder
            for folder in value.split(";")
            if not f"{folder.lower()}\\".replace("/", "\\").startswith(f"{root}\\")
        )
        for name, value in environment.items()
        if name.upper() == "PATH"
    }
