"""A scene as every system made it, above its error (the figures 3 to 5 of the paper)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hsisr_geo.assessment.report.pictures import ERROR_COLORS
from hsisr_geo.assessment.report.words import fixed
from hsisr_geo.assessment.wald import degrade
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.bands.truecolor import clear_colors, stretch, stretch_limits
from hsisr_geo.benchmark.figures.style import PAGE_WIDTH, figure_style, looks
from hsisr_geo.benchmark.figures.values import FigureSettings, SceneResult, SceneResults
from hsisr_geo.cube.degradation import BICUBIC, named
from hsisr_geo.cube.windows import Window

_MOST_COLUMNS = 5
_TOP_QUANTILE = 0.995  # of the reference's errors: the common scale ends there


def pictures_figure(found: SceneResults, settings: FigureSettings) -> Figure:
    """Draw truth, the degraded truth and every system's result, stretched alike.

    Below each result is its mean absolute error over the bands, in percent of the peak value, all
    on one scale, which ends where nearly all of the reference's errors do.
    """
    part = detailed_window(found.truth, settings.window)
    errors = [error_map(result.cube, found, part) for result in found.results]
    with figure_style():
        blocks, columns = _layout(1 + len(found.results))
        figure = Figure(figsize=_size(blocks, columns, part), layout="constrained")
        grid = figure.subplots(2 * blocks, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        _show(found, part, grid)
        scale = Normalize(0, _top(found, errors, settings))
        for place, (result, error) in enumerate(zip(found.results, errors, strict=True), start=1):
            block, column = divmod(place, columns)
            below = grid[2 * block + 1, column]
            below.imshow(error, cmap=ERROR_COLORS, norm=scale, interpolation="none")
            below.set_title(_scores(result), fontsize=9.5)
        _name(found, settings, grid, columns)
        bar = figure.colorbar(
            ScalarMappable(scale, ERROR_COLORS), ax=grid, location="bottom", extend="max",
            shrink=0.6, aspect=45, pad=0.015,
        )  # fmt: skip
        bar.set_label("mean absolute error over the bands, % of the peak value")
        figure.suptitle(f"{found.scene}, ×{found.upscale} ({_colors(found)})", fontsize=11)
        return figure


def error_map(cube: Cube, found: SceneResults, part: Window) -> NDArray[np.float64]:
    """Return a window's mean absolute error over the bands (row, col), % of the peak value."""
    away = np.abs(cut(cube, part).astype(np.float64) - cut(found.truth, part))
    valid = np.isfinite(away)
    total = np.where(valid, away, 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: NDArray[np.float64] = total / valid.sum(axis=0)
    return 100 / found.peak * mean


def detailed_window(truth: Cube, side: int) -> Window:
    """Choose the window of a large scene with most detail: where neighbours differ most.

    All of the scene in an axis that is no longer than `side`.
    """
    brightness = np.nan_to_num(truth).mean(axis=0)
    rows, cols = np.gradient(brightness)
    total = np.pad(np.hypot(rows, cols).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    height, width = (min(side, size) for size in brightness.shape)
    sums = (
        total[height:, width:] - total[:-height, width:]
        - total[height:, :-width] + total[:-height, :-width]
    )  # fmt: skip
    row, col = np.unravel_index(int(sums.argmax()), sums.shape)
    return slice(int(row), int(row) + height), slice(int(col), int(col) + width)


def cut(cube: Cube, part: Window) -> Cube:
    """Return a window of a cube."""
    rows, cols = part
    return cube[:, rows, cols]


def _show(found: SceneResults, part: Window, grid: NDArray[np.object_]) -> None:
    """Draw the pictures: the truth first, with the degraded one below."""
    bands = list(clear_colors(found.bands, found.truth).bands)
    truth = found.truth[bands]
    limits = stretch_limits(cut(truth, part))
    shown = [truth, *(result.cube[bands] for result in found.results)]
    for place, cube in enumerate(shown):
        block, column = divmod(place, grid.shape[1])
        grid[2 * block, column].imshow(stretch(cut(cube, part), limits), interpolation="none")
    coarse = degrade(truth, named(BICUBIC, found.upscale))
    rows, cols = (slice(s.start // found.upscale, -(-s.stop // found.upscale)) for s in part)
    grid[1, 0].imshow(stretch(coarse[:, rows, cols], limits), interpolation="none")


def _name(
    found: SceneResults, settings: FigureSettings, grid: NDArray[np.object_], columns: int
) -> None:
    grid[0, 0].set_title("truth", fontweight="bold")
    grid[1, 0].set_title(f"input, {found.upscale} × coarser", fontsize=9.5)
    styles = looks(settings.systems, settings.reference)
    for place, result in enumerate(found.results, start=1):
        block, column = divmod(place, columns)
        axes: Axes = grid[2 * block, column]
        axes.set_title(result.shown.title, **styles[result.shown.label].text)


def _scores(result: SceneResult) -> str:
    return f"{fixed(result.psnr, 2)} dB, {fixed(result.sam, 2)}°"


def _top(found: SceneResults, errors: list[NDArray[np.float64]], settings: FigureSettings) -> float:
    """Return where the common scale ends; a system that fails does not darken all others."""
    labels = [result.shown.label for result in found.results]
    mine = [e for e, label in zip(errors, labels, strict=True) if label == settings.reference]
    tops = [float(np.nanquantile(error, _TOP_QUANTILE)) for error in mine or errors]
    return float(np.median(tops)) if tops and np.median(tops) > 0 else 1.0


def _layout(number: int) -> tuple[int, int]:
    """Return blocks and columns that hold so many pictures with few gaps."""
    blocks = -(-number // _MOST_COLUMNS)
    return blocks, -(-number // blocks)


def _size(blocks: int, columns: int, part: Window) -> tuple[float, float]:
    """Return the figure's width and height in inches."""
    rows, cols = (axis.stop - axis.start for axis in part)
    cell = PAGE_WIDTH / columns
    return PAGE_WIDTH, 2 * blocks * (cell * rows / cols + 0.27) + 0.95


def _colors(found: SceneResults) -> str:
    """Say which bands are red, green and blue."""
    chosen = clear_colors(found.bands, found.truth)
    known = found.wavelengths_nm
    if known is None:
        numbers = ", ".join(str(found.numbers[i]) for i in chosen.bands)
        return f"bands {numbers} as red, green, blue"
    lengths = ", ".join(f"{known[i]:.0f}" for i in chosen.bands)
    return f"{lengths} nm as red, green, blue"
