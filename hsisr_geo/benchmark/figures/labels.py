"""Names beside the points of a chart, placed so that they cover neither points nor each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

_RADII = (9.0, 16.0, 26.0, 38.0, 52.0)  # points from marker to text
_DIRECTIONS = 16
_MARKER = 5.0  # half a marker, in points
_LEADER = 20.0  # farther away, a line leads from name to point


@dataclass(frozen=True)
class Label:
    """A name for the point (x, y) of the axes' data."""

    text: str
    x: float
    y: float
    style: dict[str, Any]


def place_labels(
    axes: Axes, labels: Sequence[Label], occupied: Sequence[Bbox] = ()
) -> list[Annotation]:
    """Write a name beside each point: nearest to it where there is room, within the axes.

    Limits and layout of the figure have to be final. Points in crowds are named first, as they
    have the fewest places; where there is none at all, a name covers as little as it can.

    Parameters
    ----------
    occupied
        Boxes in pixels of what else lies in the axes.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    scale = figure.dpi / 72
    points = axes.transData.transform([(label.x, label.y) for label in labels])
    taken = [*occupied, *(_around(x, y, _MARKER * scale) for x, y in points)]
    frame = axes.get_window_extent()
    written: dict[int, Annotation] = {}
    for i in _crowded_first(points):
        box = _extent(axes, labels[i])
        best = min(
            _candidates(points[i], box, scale),
            key=lambda c: (_covered(c.box, taken) + _outside(c.box, frame), c.radius, c.order),
        )
        taken.append(best.box)
        written[i] = _write(axes, labels[i], best, scale)
    return [written[i] for i in range(len(labels))]


@dataclass(frozen=True)
class _Candidate:
    box: Bbox
    offset: tuple[float, float]
    radius: float
    order: int


def _candidates(
    point: Sequence[float], box: tuple[float, float], scale: float
) -> Iterator[_Candidate]:
    """Yield places around a point, to the right first; the text touches the circle."""
    width, height = box
    for radius in _RADII:
        for order, turn in enumerate(_turns()):
            dx, dy = np.cos(turn), np.sin(turn)
            x = point[0] + dx * radius * scale + (dx - 1) / 2 * width
            y = point[1] + dy * radius * scale + (dy - 1) / 2 * height
            offset = ((x - point[0]) / scale, (y - point[1]) / scale)
            yield _Candidate(Bbox.from_bounds(x, y, width, height), offset, radius, order)


def _turns() -> list[float]:
    steps = sorted(range(_DIRECTIONS), key=lambda s: min(s, _DIRECTIONS - s))
    return [2 * np.pi * s / _DIRECTIONS for s in steps]


def _crowded_first(points: Any) -> list[int]:
    away = np.linalg.norm(points[:, None] - points[None], axis=-1) if len(points) else np.empty(0)
    near = np.sort(away, axis=1)[:, 1:4].sum(axis=1) if len(points) > 1 else np.zeros(len(points))
    return [int(i) for i in np.argsort(near, kind="stable")]


def _extent(axes: Axes, label: Label) -> tuple[float, float]:
    """Return width and height of a text, in pixels."""
    text = axes.text(0, 0, label.text, **label.style)
    box = text.get_window_extent()
    text.remove()
    return box.width, box.height


def _around(x: float, y: float, half: float) -> Bbox:
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _covered(box: Bbox, taken: Sequence[Bbox]) -> float:
    """Return the area that a box shares with others, in square pixels."""
    shared = (Bbox.intersection(box, other) for other in taken)
    return sum(float(s.width * s.height) for s in shared if s is not None)


def _outside(box: Bbox, frame: Bbox) -> float:
    inside = Bbox.intersection(box, frame)
    area = 0.0 if inside is None else float(inside.width * inside.height)
    return float(box.width * box.height) - area


def _write(axes: Axes, label: Label, place: _Candidate, scale: float) -> Annotation:
    far = place.radius > _LEADER
    line = {"arrowstyle": "-", "color": label.style.get("color", "black"), "lw": 0.6, "alpha": 0.6}
    return axes.annotate(
        label.text, (label.x, label.y), place.offset, textcoords="offset points",
        ha="left", va="bottom", path_effects=[withStroke(linewidth=2.5, foreground="white")],
        arrowprops={**line, "shrinkB": 3} if far else None,
        **label.style,
    )  # fmt: skip
