"""The demo's picture: input, results and truth side by side in true colour, and magnified."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

matplotlib.use("Agg")
# ^ before pyplot: the demo runs where there is no display

from matplotlib import pyplot as plt

from hsisr_geo.bands.bands import Bands

TRUE_COLOUR_NM = (650.0, 550.0, 460.0)
STRETCH = (2.0, 98.0)  # percentiles of the truth
ACCENT = "#ffd23f"


@dataclass(frozen=True, eq=False)
class Panel:
    """One column of the picture: an image (3, row, col) in physical units, and what it is."""

    title: str
    caption: str
    image: np.ndarray


def true_colour_bands(bands: Bands) -> tuple[int, int, int]:
    """Return the bands nearest to red, green and blue; without wavelengths, spread over all."""
    good = bands.good_indices
    if any(bands[i].wavelength_nm is None for i in good):
        last = len(good) - 1
        return good[last * 3 // 4], good[last // 2], good[last // 4]
    red, green, blue = (
        min(good, key=lambda i: abs((bands[i].wavelength_nm or 0) - wavelength_nm))
        for wavelength_nm in TRUE_COLOUR_NM
    )
    return red, green, blue


def draw(panels: Sequence[Panel], path: Path, *, heading: str, note: str) -> None:
    """Write the picture; the last panel is the truth, whose colours set the stretch.

    The images may differ in size: all show the same ground.
    """
    truth = panels[-1].image
    limits = np.nanpercentile(truth, STRETCH, axis=(1, 2))
    zoom = busiest_window(truth)
    rows, cols = truth.shape[1:]
    width = 3.1 * len(panels)
    height = 3.0 * rows / cols + 3.0 * _aspect(zoom) + 1.35
    figure, axes = plt.subplots(
        2,
        len(panels),
        figsize=(width, height),
        height_ratios=(rows / cols, _aspect(zoom)),
        layout="constrained",
        squeeze=False,
    )
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01)
    figure.suptitle(heading, fontsize=13, fontweight="bold")
    for (whole, magnified), panel in zip(axes.T, panels, strict=True):
        whole.set_title(f"{panel.title}\n{panel.caption}", fontsize=10)
        _show(whole, panel.image, limits, truth.shape[1:])
        _show(magnified, panel.image, limits, truth.shape[1:])
        _frame(whole, zoom)
        magnified.set_xlim(zoom[1].start, zoom[1].stop)
        magnified.set_ylim(zoom[0].stop, zoom[0].start)
        for spine in magnified.spines.values():
            spine.set(edgecolor=ACCENT, linewidth=2)
    figure.supxlabel(note, fontsize=8, color="#555555")
    figure.savefig(path, dpi=150, facecolor="white")
    plt.close(figure)


def busiest_window(image: np.ndarray, share: float = 0.3) -> tuple[slice, slice]:
    """Return the window, a share of each side, with most fine structure and no hole."""
    rows, cols = image.shape[1:]
    height, width = (max(8, round(share * size)) for size in (rows, cols))
    # ^ the side of a magnified window follows the scene's, so that all panels have one shape
    luma = image.mean(axis=0)
    energy = np.zeros_like(luma)
    energy[1:-1, 1:-1] = np.abs(
        4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    )
    best, found = -1.0, (slice(0, height), slice(0, width))
    for top in range(0, max(1, rows - height + 1), 4):
        for left in range(0, max(1, cols - width + 1), 4):
            window = (slice(top, top + height), slice(left, left + width))
            score = float(np.mean(energy[window]))  # NaN, and so never best, over a hole
            if score > best:
                best, found = score, window
    return found


def _aspect(window: tuple[slice, slice]) -> float:
    rows, cols = window
    return (rows.stop - rows.start) / (cols.stop - cols.start)


def _show(axis, image: np.ndarray, limits: np.ndarray, shape: tuple[int, int]) -> None:
    low, high = limits[0][:, None, None], limits[1][:, None, None]
    rgb = np.clip((image - low) / np.maximum(high - low, 1e-12), 0, 1)
    rgb = np.where(np.isnan(rgb), 1.0, rgb).transpose(1, 2, 0)
    axis.imshow(rgb, interpolation="nearest", extent=(0, shape[1], shape[0], 0))
    axis.set_xticks([])
    axis.set_yticks([])


def _frame(axis, window: tuple[slice, slice]) -> None:
    rows, cols = window
    corner = (cols.start, rows.start)
    size = (cols.stop - cols.start, rows.stop - rows.start)
    axis.add_patch(Rectangle(corner, *size, fill=False, edgecolor=ACCENT, linewidth=1.5))
