"""Arguments of the engine's commands: what the dialogs ask for. Plain Python, no QGIS."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Uncertainty:
    """A second raster: deviations of `all` bands or their `mean`; without samples predicted."""

    path: str
    samples: int = 0
    bands: str = "all"


@dataclass(frozen=True)
class Selection:
    """Which bands count: only `bands`, and none of `exclude`; empty for the raster's own word.

    Both are e.g. `1-50,60` or `450-900nm`. `orthorectify` puts a swath on a map grid. `nodata` is
    the number that stands for no data where the file does not say it. `mask_clouds` makes holes of
    what the product's own mask marks. `drop_bad` leaves bad bands out, and `overlap` is the
    detector that counts where two measure, empty for both.
    """

    bands: str = ""
    exclude: str = ""
    orthorectify: bool = False
    nodata: float | None = None
    mask_clouds: bool = False
    drop_bad: bool = False
    overlap: str = ""


ALL_BANDS = Selection()
INDICES = ("ndvi", "pri", "rep", "depth:2200", "depth:900")
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


@dataclass(frozen=True)
class SceneCall:
    """What `run`, `assess` and `adapt` are told alike; empty leaves the choice to the engine."""

    upscale: int
    model: str = ""
    device: str = ""
    selection: Selection = ALL_BANDS
    again: bool = False


@dataclass(frozen=True)
class ResultCall(SceneCall):
    """What `run` and `assess` are told besides, empty or None for the engine's choice.

    `bounds` are (xmin, ymin, xmax, ymax) in the raster's CRS.
    """

    detail: float = 0.0
    seed: int = 0
    psf: str = ""
    tile: int | None = None
    threads: int | None = None
    bounds: Sequence[float] | None = None
    valid_range: tuple[float, float] | None = None


def run_arguments(
    source: str,
    destination: str,
    call: ResultCall,
    *,
    consistency: bool = True,
    precision: str = "",
    memory: str = "",
    format: str = "",
    creation: Sequence[str] = (),
    uncertainty: Uncertainty | None = None,
    dry_run: bool = False,
) -> list[str]:
    """Arguments of `hsisr-geo run`; what is empty or None leaves the choice to the engine.

    `creation` is NAME=VALUE of the format. With `dry_run` it says what a run would take, and writes
    nothing.
    """
    arguments = ["run", source, destination, *_common(call), *_texture(call)]
    if not consistency:
        arguments.append("--no-consistency")
    arguments += _options(psf=call.psf, tile=call.tile, threads=call.threads, memory=memory)
    arguments += _options(device=call.device, precision=precision)
    arguments += [*_bounds(call.bounds), *_selection(call.selection), *_options(format=format)]
    arguments += [word for option in creation for word in ("--co", option)]
    if uncertainty is not None:
        arguments += ["--uncertainty", uncertainty.path]
        if uncertainty.samples:
            arguments += ["--samples", str(uncertainty.samples)]
        arguments += ["--uncertainty-bands", uncertainty.bands]
    arguments += _insisting(call.valid_range, call.again)
    if dry_run:
        arguments.append("--dry-run")
    # QGIS has asked before it hands over a file that exists.
    return [*arguments, "--overwrite", "--progress", "json"]


def assess_arguments(
    source: str,
    folder: str,
    call: ResultCall,
    *,
    window: int | None = None,
    overwrite: bool = False,
) -> list[str]:
    """Arguments of `hsisr-geo assess`, which prints the whole record.

    Of folders QGIS does not ask whether to replace them, hence `overwrite`.
    """
    arguments = ["assess", source, "--report", folder, *_common(call), *_texture(call)]
    arguments += _options(psf=call.psf, window=window, tile=call.tile, threads=call.threads)
    arguments += _options(device=call.device)
    arguments += [*_bounds(call.bounds), *_selection(call.selection)]
    arguments += _insisting(call.valid_range, call.again)
    if overwrite:
        arguments.append("--overwrite")
    return [*arguments, "--json", "--progress", "json"]


def adapt_arguments(
    source: str, destination: str, call: SceneCall, *, minutes: float = 5.0
) -> list[str]:
    """Arguments of `hsisr-geo adapt`."""
    arguments = ["adapt", source, "--out", destination, *_common(call)]
    arguments += ["--minutes", repr(float(minutes)), *_options(device=call.device)]
    arguments += [*_selection(call.selection), *_insisting(None, call.again)]
    return [*arguments, "--overwrite", "--progress", "json"]


def models_arguments() -> list[str]:
    """Arguments of `hsisr-geo models`."""
    return ["models", "--json"]


def _options(**values: str | int | None) -> list[str]:
    """Return `--name value` for each that is given."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def _common(call: SceneCall) -> list[str]:
    return ["--upscale", str(call.upscale), *(["--model", call.model] if call.model else [])]


def _texture(call: ResultCall) -> list[str]:
    return ["--detail", repr(float(call.detail)), "--seed", str(call.seed)]


def _selection(selection: Selection) -> list[str]:
    chosen = _options(bands=selection.bands, exclude=selection.exclude)
    if selection.orthorectify:
        chosen.append("--orthorectify")
    if selection.mask_clouds:
        chosen.append("--mask-clouds")
    if selection.drop_bad:
        chosen.append("--drop-bad")
    chosen += _options(overlap=selection.overlap)
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


def evaluate_arguments(
    sr: str, reference: str, *, all_bands: bool = False, data_range: float | None = None
) -> list[str]:
    """Arguments of `hsisr-geo evaluate`; without a range the engine chooses the peak value."""
    arguments = ["evaluate", sr, reference, *(["--all-bands"] if all_bands else [])]
    if data_range is not None:
        arguments += ["--data-range", f"{data_range:.17g}"]
    return [*arguments, "--json"]


def index_arguments(result: str, sigma: str, index: str, destination: str) -> list[str]:
    """Arguments of `hsisr-geo index`; the ending of the destination's name tells its format."""
    arguments = ["index", result, "--sigma", sigma, "--index", index, "--out", destination]
    return [*arguments, "--overwrite", "--json"]


def psf_arguments(source: str, *, plot: str = "", selection: Selection = ALL_BANDS) -> list[str]:
    """Arguments of `hsisr-geo psf`; parameters as for a run, and a file to draw the blur in."""
    drawn = ["--plot", plot, "--overwrite"] if plot else []
    return ["psf", source, *_selection(selection), *drawn, "--json"]


def shown(command: Sequence[str]) -> str:
    """Command line as a person could paste it into a terminal."""
    if sys.platform == "win32":
        import subprocess  # nosec B404 # only to quote a command line

        return subprocess.list2cmdline(command)
    import shlex

    return shlex.join(command)
