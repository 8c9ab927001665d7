"""Where all systems stand: gain over the reference by spectral angle, and PSNR by time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hsisr_geo.report.charts import LIGHT
from hsisr_geo.report.comparison import FigureSettings, Standing
from hsisr_geo.report.comparison_labels import Label, place_labels
from hsisr_geo.report.comparison_style import PAGE_WIDTH, Look, figure_style, looks

_FAR = 4.0  # times the usual distance from the middle: farther out, a system is shown at the edge
_LEAST_DB, _LEAST_RATIO = 0.3, 0.05  # distances that are usual at least


def overview_figure(standings: Sequence[Standing], settings: FigureSettings) -> Figure:
    """Draw gain in dB against the ratio of spectral angles, one panel for each upscale.

    Up and to the left is better. Systems far off are shown at the edge, with their numbers.
    """
    title = _title(settings)
    with figure_style():
        figure, panels = _panels(standings, settings)
        for axes, upscale in panels:
            here = [s for s in standings if s.upscale == upscale]
            x, y = [s.ratio for s in here], [s.gain for s in here]
            _frame(axes, x, y)
            axes.axhline(0, color=LIGHT.faint, lw=0.8)
            axes.axvline(1, color=LIGHT.faint, lw=0.8)
            axes.set_title(f"×{upscale}", loc="left", fontweight="bold")
            axes.set_xlabel(f"spectral angle, as a multiple of {title}'s")
        panels[0][0].set_ylabel(f"PSNR gain over {title}, dB")
        _finish(figure)
        for axes, upscale in panels:
            here = [s for s in standings if s.upscale == upscale]
            _points(axes, here, settings, "ratio", "gain")
        return figure


def times_figure(standings: Sequence[Standing], settings: FigureSettings) -> Figure | None:
    """Draw seconds an image against PSNR, one panel for each upscale; None if none was timed."""
    timed = [s for s in standings if s.seconds]
    if not timed:
        return None
    with figure_style():
        figure, panels = _panels(timed, settings)
        for axes, upscale in panels:
            here = [s for s in timed if s.upscale == upscale]
            seconds = [s.seconds or np.nan for s in here]
            axes.set_xscale("log")
            axes.set_xlim(min(seconds) / 3, max(seconds) * 3)
            axes.set_ylim(*_limits([s.psnr for s in here], _LEAST_DB))
            axes.set_title(f"×{upscale}", loc="left", fontweight="bold")
            axes.set_xlabel(f"seconds for {settings.size} × {settings.size} pixels")
        panels[0][0].set_ylabel("PSNR, dB")
        _finish(figure)
        for axes, upscale in panels:
            here = [s for s in timed if s.upscale == upscale]
            _points(axes, here, settings, "seconds", "psnr")
        return figure


def _title(settings: FigureSettings) -> str:
    """Return what the reference is called."""
    titles = {shown.label: shown.title for shown in settings.systems}
    return titles.get(settings.reference, settings.reference)


def _panels(
    standings: Sequence[Standing], settings: FigureSettings
) -> tuple[Figure, list[tuple[Axes, int]]]:
    """Return a figure with a panel for each upscale that has something to show."""
    upscales = [u for u in settings.upscales if any(s.upscale == u for s in standings)]
    figure = Figure(figsize=(PAGE_WIDTH, 4.6), layout="constrained")
    grid = figure.subplots(1, len(upscales), squeeze=False)
    return figure, list(zip(grid[0], upscales, strict=True))


def _finish(figure: Figure) -> None:
    """Lay the panels out for good: names are placed by what is where in pixels."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def _frame(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """Set limits that hold all systems but those far off, and the reference."""
    axes.set_xlim(*_limits([1.0, *x], _LEAST_RATIO))
    axes.set_ylim(*_limits([0.0, *y], _LEAST_DB))


def _limits(values: Sequence[float], least: float) -> tuple[float, float]:
    found = np.asarray([v for v in values if np.isfinite(v)])
    middle = float(np.median(found))
    usual = max(float(np.median(np.abs(found - middle))), least)
    near = found[np.abs(found - middle) <= _FAR * usual]
    pad = 0.16 * float(np.ptp(near)) or least
    return float(near.min()) - pad, float(near.max()) + pad


def _points(
    axes: Axes, standings: Sequence[Standing], settings: FigureSettings, x: str, y: str
) -> None:
    """Draw a marker for each system, and its name beside; spread over seeds as bars."""
    styles = looks(settings.systems, settings.reference)
    labels = []
    for standing in standings:
        look = styles[standing.shown.label]
        place, off = _inside(axes, getattr(standing, x), getattr(standing, y))
        _bars(axes, standing, look, x, y)
        axes.plot(
            *place, marker=look.marker, color=look.color, ms=11 if look.bold else 7,
            mec="white", mew=0.8, zorder=5 if look.bold else 3, gid=standing.shown.label,
            ls="none", clip_on=False,
        )  # fmt: skip
        name = standing.shown.title
        if off:
            name += f"\n{getattr(standing, y):+.1f} dB, {getattr(standing, x):.2g}×"
        style = {**look.text, "fontsize": 9.5 if look.bold else 9}
        labels.append(Label(name, *place, style))
    place_labels(axes, labels)


def _inside(axes: Axes, x: float, y: float) -> tuple[tuple[float, float], bool]:
    """Return where a point is shown, and whether that is at the edge instead of its place."""
    place = float(np.clip(x, *axes.get_xlim())), float(np.clip(y, *axes.get_ylim()))
    return place, place != (x, y)


def _bars(axes: Axes, standing: Standing, look: Look, x: str, y: str) -> None:
    """Draw the spread over seeds, where there is one."""
    spread = {"gain": standing.gain_spread, "psnr": standing.gain_spread}
    across = {"ratio": standing.ratio_spread}
    if spread.get(y) or across.get(x):
        axes.errorbar(
            getattr(standing, x), getattr(standing, y), yerr=spread.get(y), xerr=across.get(x),
            ecolor=look.color, elinewidth=0.9, fmt="none", zorder=1,
        )  # fmt: skip
