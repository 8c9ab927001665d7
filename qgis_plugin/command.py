"""Which program to start, with which arguments and environment. Plain Python, no QGIS."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
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


# What `python -I` does, in the processes too that the engine starts: neither the user's packages
# nor the folder of a script are looked into.
_ISOLATED = {"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Uncertainty:
    """A second raster: deviations of `all` bands or their `mean`; without samples predicted."""

    path: str
    samples: int = 0
    bands: str = "all"


@dataclass(frozen=True)
class Selection:
    """Which bands count: only `bands`, and none of `exclude`; empty for the raster's own word.

    Both are e.g. `1-50,60` or `450-900nm`. `orthorectify` puts EMIT on its map grid. `nodata` is
    the number that stands for no data where the file does not say it. `mask_clouds` makes holes of
    what the product's own mask marks.
    """

    bands: str = ""
    exclude: str = ""
    orthorectify: bool = False
    nodata: float | None = None
    mask_clouds: bool = False


ALL_BANDS = Selection()
WATER_VAPOUR = "water-vapour"  # the engine's word for 1340-1445 and 1790-1955 nm
LONGEST_NM = 100_000.0  # beyond what any sensor sees: the end of a range without one


def with_water_vapour(exclude: str) -> str:
    """Return the bands to exclude, those in water vapour among them."""
    return exclude if WATER_VAPOUR in exclude else ",".join(filter(None, (exclude, WATER_VAPOUR)))


def in_range(lowest_nm: float | None, highest_nm: float | None) -> str:
    """Return the bands between two wavelengths as the engine writes them, e.g. 450-900nm."""
    low = 0.0 if lowest_nm is None else lowest_nm
    high = LONGEST_NM if highest_nm is None else highest_nm
    return f"{low:g}-{high:.10g}nm"


def run_arguments(
    source: str,
    destination: str,
    *,
    upscale: int,
    model: str = "",
    detail: float = 0.0,
    seed: int = 0,
    psf: str = "",
    consistency: bool = True,
    tile: int | None = None,
    device: str = "",
    precision: str = "",
    bounds: Sequence[float] | None = None,
    selection: Selection = ALL_BANDS,
    drop_bad: bool = False,
    format: str = "",
    creation: Sequence[str] = (),
    uncertainty: Uncertainty | None = None,
    valid_range: tuple[float, float] | None = None,
    again: bool = False,
    dry_run: bool = False,
) -> list[str]:
    """Arguments of `hsisr-geo run`; what is empty or None leaves the choice to the engine.

    `bounds` are (xmin, ymin, xmax, ymax) in the raster's CRS, `creation` NAME=VALUE of the format.
    With `dry_run` it says what a run would take, and writes nothing.
    """
    arguments = ["run", source, destination, *_common(upscale, model)]
    arguments += ["--detail", repr(float(detail)), "--seed", str(seed)]
    if not consistency:
        arguments.append("--no-consistency")
    arguments += _options(psf=psf, tile=tile, device=device, precision=precision)
    arguments += [*_bounds(bounds), *_selection(selection)]
    if drop_bad:
        arguments.append("--drop-bad")
    arguments += _options(format=format)
    arguments += [word for option in creation for word in ("--co", option)]
    if uncertainty is not None:
        arguments += ["--uncertainty", uncertainty.path]
        if uncertainty.samples:
            arguments += ["--samples", str(uncertainty.samples)]
        arguments += ["--uncertainty-bands", uncertainty.bands]
    arguments += _insisting(valid_range, again)
    if dry_run:
        arguments.append("--dry-run")
    # QGIS has asked before it hands over a file that exists.
    return [*arguments, "--overwrite", "--progress", "json"]


def assess_arguments(
    source: str,
    folder: str,
    *,
    upscale: int,
    model: str = "",
    detail: float = 0.0,
    seed: int = 0,
    psf: str = "",
    window: int | None = None,
    tile: int | None = None,
    device: str = "",
    bounds: Sequence[float] | None = None,
    selection: Selection = ALL_BANDS,
    overwrite: bool = False,
    valid_range: tuple[float, float] | None = None,
    again: bool = False,
) -> list[str]:
    """Arguments of `hsisr-geo assess`, which prints the whole record; parameters as for a run.

    Of folders QGIS does not ask whether to replace them, hence `overwrite`.
    """
    arguments = ["assess", source, "--report", folder, *_common(upscale, model)]
    arguments += ["--detail", repr(float(detail)), "--seed", str(seed)]
    arguments += _options(psf=psf, window=window, tile=tile, device=device)
    arguments += [*_bounds(bounds), *_selection(selection), *_insisting(valid_range, again)]
    if overwrite:
        arguments.append("--overwrite")
    return [*arguments, "--json", "--progress", "json"]


def adapt_arguments(
    source: str,
    destination: str,
    *,
    upscale: int,
    model: str = "",
    minutes: float = 5.0,
    device: str = "",
    selection: Selection = ALL_BANDS,
    again: bool = False,
) -> list[str]:
    """Arguments of `hsisr-geo adapt`; parameters as for a run."""
    arguments = ["adapt", source, "--out", destination, *_common(upscale, model)]
    arguments += ["--minutes", repr(float(minutes)), *_options(device=device)]
    arguments += [*_selection(selection), *_insisting(None, again)]
    return [*arguments, "--overwrite", "--progress", "json"]


def models_arguments() -> list[str]:
    """Arguments of `hsisr-geo models`."""
    return ["models", "--json"]


def _options(**values: str | int | None) -> list[str]:
    """Return `--name value` for each that is given."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def _common(upscale: int, model: str) -> list[str]:
    return ["--upscale", str(upscale), *(["--model", model] if model else [])]


def _selection(selection: Selection) -> list[str]:
    chosen = _options(bands=selection.bands, exclude=selection.exclude)
    if selection.orthorectify:
        chosen.append("--orthorectify")
    if selection.mask_clouds:
        chosen.append("--mask-clouds")
    return chosen if selection.nodata is None else [*chosen, "--nodata", f"{selection.nodata:.17g}"]


def _insisting(valid_range: tuple[float, float] | None, again: bool) -> list[str]:
    """Return what overrules the engine: which values it may write, and which rasters it takes."""
    limits = [] if valid_range is None else [f"{limit:.17g}" for limit in valid_range]
    return [*(["--valid-range", *limits] if limits else []), *(["--again"] if again else [])]


def _bounds(bounds: Sequence[float] | None) -> list[str]:
    return [] if bounds is None else ["--bounds", *(repr(float(value)) for value in bounds)]


def info_arguments(source: str, *, selection: Selection = ALL_BANDS) -> list[str]:
    """Arguments of `hsisr-geo info`; parameters as for a run."""
    return ["info", source, *_selection(selection), "--json"]


def evaluate_arguments(sr: str, reference: str) -> list[str]:
    """Arguments of `hsisr-geo evaluate`."""
    return ["evaluate", sr, reference, "--json"]


def shown(command: Sequence[str]) -> str:
    """Command line as a person could paste it into a terminal."""
    if sys.platform == "win32":
        import subprocess  # nosec B404 # only to quote a command line

        return subprocess.list2cmdline(command)
    import shlex

    return shlex.join(command)
