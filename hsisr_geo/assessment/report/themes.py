"""Colours of charts: on light pages, and the same charts recoloured for dark ones."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Theme:
    """Colours of a page."""

    name: str
    ink: str
    faint: str
    grid: str
    shade: str
    bad: str
    methods: tuple[tuple[str, str], ...]
    ours: str


LIGHT = Theme(
    "light", ink="#1c2530", faint="#5b6875", grid="#dfe4ea", shade="#e6eef7", bad="#f6d9d5",
    methods=(("nearest", "#9aa5b1"), ("bilinear", "#7b8794"), ("bicubic", "#2868c8"),
             ("back-projection", "#c77700")),
    ours="#0b7a4b",
)  # fmt: skip
DARK = Theme(
    "dark", ink="#e6ebf0", faint="#9fb0c0", grid="#33404d", shade="#1e3147", bad="#4a2826",
    methods=(("nearest", "#6d7a87"), ("bilinear", "#8d99a6"), ("bicubic", "#6aa5ff"),
             ("back-projection", "#ffb347")),
    ours="#4fd39a",
)  # fmt: skip


def page_style(theme: Theme) -> Any:
    """Return the settings of matplotlib for charts on a page."""
    return {
        "lines.markersize": 5,
        "font.size": 11, "axes.titlesize": 11, "axes.labelsize": 11, "legend.fontsize": 10.5,
        "font.family": "DejaVu Sans",
        "text.color": theme.ink, "axes.labelcolor": theme.ink, "axes.edgecolor": theme.faint,
        "xtick.color": theme.faint, "ytick.color": theme.faint,
        "xtick.labelcolor": theme.ink, "ytick.labelcolor": theme.ink,
        "axes.grid": True, "grid.color": theme.grid, "grid.linewidth": 0.7,
        "axes.spines.top": False, "axes.spines.right": False,
        "axes.facecolor": "none", "figure.facecolor": "none",
        "legend.frameon": False, "axes.axisbelow": True,
        "svg.fonttype": "path", "svg.hashsalt": "hsisr-geo", "path.simplify": True,
    }  # fmt: skip


def recolored(svg: bytes, one: Theme, other: Theme) -> bytes:
    """Return a chart with the colours of another theme: a tenth of the time of drawing it again."""
    pairs = zip(_colors(one), _colors(other), strict=True)
    known = {old.encode(): new.encode() for old, new in pairs}
    return re.sub(rb"#[0-9a-f]{6}\b", lambda found: known.get(found[0], found[0]), svg)


def _colors(theme: Theme) -> list[str]:
    plain = [theme.ink, theme.faint, theme.grid, theme.shade, theme.bad, theme.ours]
    return [*plain, *(color for _, color in theme.methods)]
