"""Losses of an autoencoder, and the time of inference, by group size (the paper's figure 9)."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hsisr_geo.assessment.report.themes import LIGHT
from hsisr_geo.benchmark.figures.style import PAGE_WIDTH, figure_style
from hsisr_geo.benchmark.figures.values import FigureSettings, GroupSize

_LOSS, _TIME = "#332288", "#c77700"


def groups_figure(sizes: Sequence[GroupSize], upscale: int, settings: FigureSettings) -> Figure:
    """Draw PSNR of reconstruction, and seconds an image, against bands of a group / shared ones."""
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        _line(left, sizes, [s.psnr for s in sizes], _LOSS)
        left.set_ylabel("PSNR of the\nreconstruction, dB")
        left.set_title("What the autoencoder keeps", loc="left")
        timed = [s for s in sizes if s.seconds is not None]
        _line(right, timed, [s.seconds or 0.0 for s in timed], _TIME)
        right.set_ylim(bottom=0)
        right.set_ylabel(f"seconds for\n{settings.size} × {settings.size} pixels")
        right.set_title("How long inference takes", loc="left")
        figure.supxlabel("bands of a group / shared with the next", fontsize=10.5)
        figure.suptitle(f"Group sizes, ×{upscale}", fontsize=11)
        return figure


def _line(axes: Axes, sizes: Sequence[GroupSize], values: Sequence[float], color: str) -> None:
    """Draw values over group sizes, each with its number."""
    axes.plot(range(len(sizes)), values, "o-", color=color, lw=1.6, ms=7)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:.3g}" if value < 10 else f"{value:.1f}", (place, value), (0, 9),
            textcoords="offset points", ha="center", fontsize=9.5, color=LIGHT.ink,
        )  # fmt: skip
    axes.set_xticks(range(len(sizes)), [f"{s.group} / {s.overlap}" for s in sizes])
    axes.margins(x=0.12, y=0.25)
