"""Limits of an axis that a few bands cannot set, and marks where a line leaves them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

QUANTILES = (0.01, 0.99)
_PAD = 0.12  # of the range, on each side


def limit(axes: Axes, x: ArrayLike, curves: Sequence[ArrayLike], quiet: ArrayLike) -> None:
    """Set the limits to what the quiet bands need; small triangles show where values are beyond.

    Parameters
    ----------
    x
        Of every band.
    curves
        Their values, one array (band,) a line.
    quiet
        Which bands count, True or False; all of them, if none does.
    """
    values = np.stack([np.asarray(curve, np.float64) for curve in curves])
    kept = values[:, np.asarray(quiet, bool)]
    kept = kept[np.isfinite(kept)]
    if not kept.size:
        kept = values[np.isfinite(values)]
    if not kept.size:
        return
    low, high = np.quantile(kept, QUANTILES)
    pad = _PAD * (high - low) or max(abs(high) * _PAD, 1e-9)
    bottom, top = max(low - pad, kept.min() - pad), min(high + pad, kept.max() + pad)
    axes.set_ylim(bottom, top)
    with np.errstate(invalid="ignore"):
        _mark(axes, np.asarray(x)[(values > top).any(axis=0)], 1.0, "^")
        _mark(axes, np.asarray(x)[(values < bottom).any(axis=0)], 0.0, "v")


def _mark(axes: Axes, x: NDArray[np.floating], edge: float, shape: str) -> None:
    """Draw triangles on the upper or lower edge of the axes."""
    (marks,) = axes.plot(
        x, np.full(len(x), edge), shape, transform=axes.get_xaxis_transform(),
        color=axes.xaxis.label.get_color(), markersize=4, alpha=0.5, clip_on=False, zorder=5,
    )  # fmt: skip
    marks.set_in_layout(False)
