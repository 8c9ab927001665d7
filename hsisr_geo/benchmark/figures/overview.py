"""All systems in one picture: gain over the reference by spectral angle, and PSNR by time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from hsisr_geo.assessment.report.themes import LIGHT
from hsisr_geo.benchmark.figures.labels import Label, place_labels
from hsisr_geo.benchmark.figures.style import PAGE_WIDTH, Look, figure_style, looks
from hsisr_geo.benchmark.figures.values import FigureSettings, Standing

_FAR = 4.0  # times the usual distance from the reference: a system that is worse is far off
_LEAST_DB, _LEAST_RATIO = 0.5, 0.15  # distances that are usual at least


def overview_figure(standings: Sequence[Standing], settings: FigureSettings) -> Figure:
    """Draw gain in dB against the ratio of spectral angles, one panel for each upscale.

    Up and to the left is better. Systems far off are not drawn, but named with their numbers.
    """
    title = _title(settings)
    with figure_style():
        figure, panels = _panels(standings, settings)
        for axes, here in panels:
            axes.set_xlim(*_limits([1.0, *(s.ratio for s in _near(here))], _LEAST_RATIO))
            axes.set_ylim(*_limits([0.0, *(s.gain for s in _near(here))], _LEAST_DB))
            axes.axhline(0, color=LIGHT.faint, lw=0.8)
            axes.axvline(1, color=LIGHT.faint, lw=0.8)
            axes.set_title("better: up and left", loc="right", fontsize=9, color=LIGHT.faint)
        panels[0][0].set_ylabel(f"PSNR above that of {title}, dB")
        figure.supxlabel(f"spectral angle, as a multiple of that of {title}", fontsize=10.5)
        _name(
            figure, [(a, [_point(s, s.ratio, s.gain, "×") for s in h]) for a, h in panels], settings
        )
        return figure


def times_figure(standings: Sequence[Standing], settings: FigureSettings) -> Figure | None:
    """Draw seconds an image against PSNR, one panel for each upscale.

    None if fewer than two systems were timed: there is nothing to compare then.
    """
    timed = [s for s in standings if s.seconds]
    if len({s.shown.label for s in timed}) < 2:
        return None
    with figure_style():
        figure, panels = _panels(timed, settings)
        for axes, here in panels:
            seconds = [s.seconds or np.nan for s in _near(here) or here]
            axes.set_xscale("log")
            axes.set_xlim(min(seconds) / 3, max(seconds) * 3)
            axes.set_ylim(*_limits([s.psnr for s in _near(here) or here], _LEAST_DB))
            axes.set_title("better: up and left", loc="right", fontsize=9, color=LIGHT.faint)
        panels[0][0].set_ylabel("PSNR, dB")
        figure.supxlabel(
            f"seconds for an image of {settings.size} × {settings.size} pixels", fontsize=10.5
        )
        pairs = [(a, [_point(s, s.seconds or np.nan, s.psnr, " s") for s in h]) for a, h in panels]
        _name(figure, pairs, settings)
        return figure


def _title(settings: FigureSettings) -> str:
    """Return what the reference is called."""
    titles = {shown.label: shown.title for shown in settings.systems}
    return titles.get(settings.reference, settings.reference)


def _panels(
    standings: Sequence[Standing], settings: FigureSettings
) -> tuple[Figure, list[tuple[Axes, list[Standing]]]]:
    """Return a figure with a panel for each upscale that has something to show, and that."""
    upscales = [u for u in settings.upscales if any(s.upscale == u for s in standings)]
    figure = Figure(figsize=(PAGE_WIDTH, 4.9), layout="constrained")
    grid = figure.subplots(1, len(upscales), squeeze=False)
    panels = []
    for axes, upscale in zip(grid[0], upscales, strict=True):
        axes.set_title(f"×{upscale}", loc="left", fontweight="bold")
        panels.append((axes, [s for s in standings if s.upscale == upscale]))
    return figure, panels


def _near(standings: Sequence[Standing]) -> list[Standing]:
    """Keep the systems that are better than the reference, or not much worse than most.

    What is usual is told by the half that is nearest to the reference: many may have failed.
    """
    gains = _FAR * _usual([s.gain for s in standings], _LEAST_DB)
    ratios = _FAR * _usual([s.ratio - 1 for s in standings], _LEAST_RATIO)
    return [s for s in standings if s.gain >= -gains and s.ratio <= 1 + ratios]


def _usual(distances: Sequence[float], least: float) -> float:
    away = np.sort(np.abs([d for d in distances if np.isfinite(d)]))
    nearer = away[: -(-len(away) // 2)]
    return max(float(np.median(nearer)), least) if nearer.size else least


def _limits(values: Sequence[float], least: float) -> tuple[float, float]:
    """Return limits that hold all values, and the names beside them."""
    pad = 0.16 * float(np.ptp(values)) or least
    return min(values) - pad, max(values) + pad


@dataclass(frozen=True)
class _Point:
    """A system in a panel, with its spread over seeds, and its numbers in words."""

    standing: Standing
    x: float
    y: float
    spread: tuple[float, float]
    words: str


def _point(standing: Standing, x: float, y: float, unit: str) -> _Point:
    across = standing.ratio_spread if x == standing.ratio else 0.0
    sign = "+" if y == standing.gain else ""
    across_words = f"{x:.0f}" if x >= 100 else f"{x:.2g}"  # without an exponent
    words = f"{y:{sign}.1f} dB, {across_words}{unit}".replace("-", "−").replace("nan", "–")
    return _Point(standing, x, y, (across, standing.gain_spread), words)


def _name(
    figure: Figure, panels: Sequence[tuple[Axes, Sequence[_Point]]], settings: FigureSettings
) -> None:
    """Draw a marker for each system, and its name beside; those far off are listed.

    Panels are laid out for good before that, as names are placed by what is where in pixels; and
    after lists have made room for themselves, which may make numbers beside an axis wider.
    """
    figure.draw_without_rendering()
    divided = [_divided(points) for _, points in panels]
    lists = [_list(axes, off) for (axes, _), (_, off) in zip(panels, divided, strict=True)]
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for (axes, _), (inside, _), texts in zip(panels, divided, lists, strict=True):
        drawn = [line.get_window_extent().padded(1) for line in axes.lines]
        _name_those(axes, inside, settings, [*drawn, *(t.get_window_extent() for t in texts)])


def _divided(points: Sequence[_Point]) -> tuple[list[_Point], list[_Point]]:
    """Part points into those that are drawn, and those far off."""
    near = _near([point.standing for point in points])
    return [p for p in points if p.standing in near], [p for p in points if p.standing not in near]


def _name_those(
    axes: Axes, inside: Sequence[_Point], settings: FigureSettings, occupied: list[Bbox]
) -> None:
    styles = looks(settings.systems, settings.reference)
    for point in inside:
        _mark(axes, point, styles[point.standing.shown.label])
    labels = []
    for point in inside:
        look = styles[point.standing.shown.label]
        style = {**look.text, "fontsize": 9.5 if look.bold else 9}
        labels.append(Label(point.standing.shown.title, point.x, point.y, style))
    place_labels(axes, labels, occupied)


def _mark(axes: Axes, point: _Point, look: Look) -> None:
    """Draw a marker, and the spread over seeds where there is one."""
    across, up = point.spread
    if across or up:
        axes.errorbar(
            point.x, point.y, xerr=across or None, yerr=up or None, ecolor=look.color,
            elinewidth=0.9, fmt="none", zorder=1,
        )  # fmt: skip
    axes.plot(
        point.x, point.y, marker=look.marker, color=look.color, ms=11 if look.bold else 7,
        mec="white", mew=0.8, zorder=5 if look.bold else 3, ls="none",
        gid=point.standing.shown.label,
    )  # fmt: skip


def _list(axes: Axes, points: Sequence[_Point]) -> list[Text]:
    """Write which systems are not drawn, below the others; return what was written."""
    if not points:
        return []
    lines = [f"{p.standing.shown.title} ({p.words})" for p in points]
    text = axes.text(
        0.03, 0.02, "\n".join(["far off:", *lines]), transform=axes.transAxes, fontsize=8.5,
        color=LIGHT.faint, va="bottom", bbox={"fc": "white", "ec": "none", "pad": 1.5},
    )  # fmt: skip
    share = text.get_window_extent().height / axes.get_window_extent().height
    low, high = axes.get_ylim()
    axes.set_ylim(low - (high - low) * share / (1 - share), high)  # room that no point is in
    return [text]
