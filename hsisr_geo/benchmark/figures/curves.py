"""Spectra of a pixel, and what every system makes different there (the paper's figures 6 to 8)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hsisr_geo.assessment.exemplars import Exemplar, choose_exemplars
from hsisr_geo.assessment.report.themes import LIGHT
from hsisr_geo.assessment.report.words import figure as digits
from hsisr_geo.bands.truecolor import clear_colors, stretch, stretch_limits
from hsisr_geo.benchmark.figures.style import PAGE_WIDTH, Look, figure_style, looks
from hsisr_geo.benchmark.figures.values import FigureSettings, SceneResult, SceneResults
from hsisr_geo.raster.selection import WATER_VAPOUR_NM

_COLUMNS = (4, 5)
_NOTE = "numbers in the panels: root mean square error in % of the peak value, spectral angle"
_GAP = 3.0  # times the usual spacing: farther apart, bands are not joined by a line
_FAILED = 5.0  # times the error that is usual: a system beyond does not set the scale of all
_SMALL = 0.01  # of the peak value: an error that is never beyond


def chosen_pixels(found: SceneResults, number: int) -> tuple[Exemplar, ...]:
    """Choose so many pixels: a typical one, then one on an edge, then those that are distinct."""
    order = {"typical": 0, "edge": 1}
    return tuple(sorted(choose_exemplars(found.truth), key=lambda e: order.get(e.why, 2))[:number])


def curves_figure(found: SceneResults, pixel: Exemplar, settings: FigureSettings) -> Figure:
    """Draw the spectra of a pixel, and below, system by system, result - truth on one scale."""
    styles = looks(settings.systems, settings.reference)
    truth = _spectrum(found.truth, pixel)
    with figure_style():
        columns = min(_COLUMNS, key=lambda c: (-len(found.results) % c, c))
        rows = -(-len(found.results) // columns)
        figure = Figure(figsize=(PAGE_WIDTH, 3.5 + 1.4 * rows), layout="constrained")
        grid = figure.add_gridspec(1 + rows, columns, height_ratios=[2.1] + [1.0] * rows)
        kept, limit = _not_failed(
            [_spectrum(r.cube, pixel) - truth for r in found.results], _SMALL * found.peak
        )
        shown = [result for result, keep in zip(found.results, kept, strict=True) if keep]
        _spectra(figure.add_subplot(grid[0, : columns - 1]), found, shown, pixel, settings)
        _place(figure.add_subplot(grid[0, columns - 1]), found, pixel)
        for place, result in enumerate(found.results):
            panel = figure.add_subplot(grid[1 + place // columns, place % columns])
            _difference(panel, found, result, pixel, limit, styles[result.shown.label])
            _tidy(panel, place, columns, len(found.results))
        figure.supxlabel(f"{_axis(found)}\n{_NOTE}", fontsize=9.5)
        figure.suptitle(f"{found.scene}, ×{found.upscale}: {pixel.why} pixel", fontsize=11)
        return figure


def broken(x: Sequence[float], y: NDArray[np.floating]) -> tuple[NDArray[np.float64], ...]:
    """Return x and y of a line with NaN where it has to break: over bands that are left out.

    Detectors may overlap in wavelength, so x may step back; it breaks there too.
    """
    places, values = np.asarray(x, np.float64), np.asarray(y, np.float64)
    steps = np.diff(places)
    usual = float(np.median(np.abs(steps))) if steps.size else 0.0
    apart = np.flatnonzero((steps > _GAP * usual) | (steps <= 0)) + 1
    return np.insert(places, apart, np.nan), np.insert(values, apart, np.nan)


def _spectrum(cube: NDArray[np.float32], pixel: Exemplar) -> NDArray[np.float64]:
    return cube[:, pixel.row, pixel.col].astype(np.float64)


def _x(found: SceneResults) -> tuple[float, ...]:
    return found.wavelengths_nm or tuple(float(n) for n in found.numbers)


def _axis(found: SceneResults) -> str:
    return "band" if found.wavelengths_nm is None else "wavelength, nm"


def _spectra(
    axes: Axes,
    found: SceneResults,
    shown: Sequence[SceneResult],
    pixel: Exemplar,
    settings: FigureSettings,
) -> None:
    """Draw the spectra."""
    styles = looks(settings.systems, settings.reference)
    x, y = broken(_x(found), _spectrum(found.truth, pixel))
    axes.plot(x, y, color=LIGHT.ink, lw=5, alpha=0.25, label="truth", gid="truth")
    for result in shown:
        label = result.shown.label
        line = broken(_x(found), _spectrum(result.cube, pixel))
        axes.plot(*line, **styles[label].line, label=result.shown.title, gid=label)
    axes.set_ylabel("value")
    _shade(axes, found)
    if len(shown) < len(found.results):
        axes.set_title("those far off are below only", loc="right", fontsize=9, color=LIGHT.faint)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, borderaxespad=0.2, fontsize=8.5)


def _place(axes: Axes, found: SceneResults, pixel: Exemplar) -> None:
    """Show where in the scene the pixel lies."""
    picture = found.truth[list(clear_colors(found.bands, found.truth).bands)]
    axes.imshow(stretch(picture, stretch_limits(picture)), interpolation="none")
    axes.plot(pixel.col, pixel.row, "o", mfc="none", mec="white", ms=13, mew=3.5)
    axes.plot(pixel.col, pixel.row, "o", mfc="none", mec="#d01c8b", ms=13, mew=1.8)
    axes.set_title(f"row {pixel.row + 1}, column {pixel.col + 1}", fontsize=9.5)
    axes.set_axis_off()


def _difference(
    axes: Axes, found: SceneResults, result: SceneResult, pixel: Exemplar, limit: float, look: Look
) -> None:
    """Draw what one system makes different, and say by how much and by what angle."""
    made, truth = _spectrum(result.cube, pixel), _spectrum(found.truth, pixel)
    x, y = broken(_x(found), made - truth)
    axes.axhline(0, color=LIGHT.ink, lw=0.8)
    far_off = bool(np.nanmax(np.abs(y)) > 3 * limit)  # a filled frame would say nothing
    axes.fill_between(x, 0, y, color=look.color, alpha=0 if far_off else 0.18, lw=0)
    axes.plot(
        x, y, color=look.color, lw=0.8 if far_off else look.width, zorder=3, gid=result.shown.label
    )
    axes.set_ylim(-limit, limit)
    _shade(axes, found)
    axes.set_title(result.shown.title, loc="left", **look.text)
    error = 100 * float(np.sqrt(np.nanmean((made - truth) ** 2))) / found.peak
    words = f"{digits(error, 2)} %, {digits(angle_deg(made, truth), 2)}°"
    axes.text(
        0.99, 0.97, words, transform=axes.transAxes,
        ha="right", va="top", fontsize=8.5, color=LIGHT.ink, zorder=5,
        bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 1.0},
    )  # fmt: skip


def angle_deg(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the angle between two spectra, in degrees."""
    cosine = float(a @ b) / (float(np.linalg.norm(a) * np.linalg.norm(b)) or np.nan)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _tidy(axes: Axes, place: int, columns: int, number: int) -> None:
    """Keep the numbers of outer axes only, and few of them."""
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    if place % columns:
        axes.tick_params(labelleft=False)
    elif place == 0:
        axes.set_ylabel("result − truth")
    axes.tick_params(labelbottom=place + columns >= number)


def _not_failed(differences: list[NDArray[np.float64]], small: float) -> tuple[list[bool], float]:
    """Say which systems are not far worse than others, and half the height that these need.

    What is usual is told by the better half: many may have failed.
    """
    errors = np.array([np.sqrt(np.nanmean(d**2)) for d in differences])
    usual = np.median(np.sort(errors)[: -(-len(errors) // 2)])
    kept = [bool(error <= max(_FAILED * usual, small)) for error in errors]
    tops = [np.nanmax(np.abs(d)) for d, keep in zip(differences, kept, strict=True) if keep]
    return kept, 1.08 * float(max(tops, default=0.0)) or 1.0


def _shade(axes: Axes, found: SceneResults) -> None:
    """Shade water vapour, and set the limits to the spectrum."""
    x = _x(found)
    low, high = min(x), max(x)
    if found.wavelengths_nm is not None:
        for start, stop in WATER_VAPOUR_NM:
            if start < high and stop > low:
                axes.axvspan(max(start, low), min(stop, high), color=LIGHT.shade, lw=0, zorder=0)
    pad = 0.01 * (high - low) or 0.5
    axes.set_xlim(low - pad, high + pad)
