"""The look of all figures of a comparison: width, colours, lines and markers of the systems."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from hsisr_geo.assessment.report.themes import LIGHT, page_style
from hsisr_geo.benchmark.figures.values import Shown
from hsisr_geo.files import drafted

PAGE_WIDTH = 9.2
"""Inches; at 11 points text is still read where a page takes two thirds of that."""
DPI = 150

_COLORS = (
    "#332288", "#cc6677", "#2f9fe0", "#882255", "#999933", "#aa4499", "#661100", "#5b6875",
    "#b8960c", "#1c2530",
)  # fmt: skip
# ^ after Paul Tol's "muted", which people with any colour blindness tell apart; without its green,
#   which is ours, and darker where names in them could not be read on white
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.5, 1.5, 1.5)))
_MARKERS = "D^vPX<>pdh8"


@dataclass(frozen=True)
class Look:
    """How a system is drawn."""

    color: str
    dashes: Any
    marker: str
    width: float
    bold: bool

    @property
    def line(self) -> dict[str, Any]:
        """As a line."""
        order = 4 if self.bold else 2
        return {"color": self.color, "ls": self.dashes, "lw": self.width, "zorder": order}

    @property
    def text(self) -> dict[str, Any]:
        """As its title."""
        return {"color": self.color, "fontweight": "bold" if self.bold else "normal"}


def looks(systems: Sequence[Shown], reference: str) -> dict[str, Look]:
    """Return how each system is drawn, by label: ours strongest, baselines as in other charts.

    Where colours have to be used again, dashes and markers tell.
    """
    usual = dict(LIGHT.methods)
    found, other, own = {}, 0, 0
    for shown in systems:
        if shown.ours:
            found[shown.label] = Look(LIGHT.ours, _DASHES[own % len(_DASHES)], "*", 2.2, True)
            own += 1
        elif shown.label == reference:
            found[shown.label] = Look(usual["bicubic"], "-", "o", 1.4, False)
        elif shown.label in usual:
            found[shown.label] = Look(usual[shown.label], "-", "s", 1.3, False)
        else:
            rounds, place = divmod(other, len(_COLORS))
            dashes = _DASHES[(place + rounds) % len(_DASHES)]
            marker = _MARKERS[(place + rounds) % len(_MARKERS)]
            found[shown.label] = Look(_COLORS[place], dashes, marker, 1.3, False)
            other += 1
    return found


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the style of the report's charts, on white."""
    with mpl.rc_context({
        **page_style(LIGHT), "figure.facecolor": "white", "axes.titlesize": 10.5,
        "font.size": 10.5, "axes.labelsize": 10.5, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5,
    }):  # fmt: skip
        yield


def save(figure: Figure, path: Path, *, svg: bool) -> list[Path]:
    """Write a figure as PNG, and as SVG where that is asked for; each appears when complete."""
    written = []
    for kind in ("png", "svg") if svg else ("png",):
        final = path.with_name(f"{path.name}.{kind}")
        about = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        with figure_style(), drafted(final) as draft:  # names within an SVG follow from the style
            figure.savefig(draft, format=kind, dpi=DPI, metadata=about)
        written.append(final)
    return written
