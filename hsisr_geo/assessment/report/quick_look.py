"""A picture of a scene and its result: true colour, a strip that swipes, spectra of three pixels.

Both are shown with the stretch of the scene. The spectra are those of the same places on the
ground: where the scene is dark, middling and bright in green.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from affine import Affine
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.bands.truecolor import choose_colors, stretch, stretch_limits
from hsisr_geo.errors import HsisrError
from hsisr_geo.files import drafted
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.selection import WATER_VAPOUR_NM

SIDE = 512  # pixels of a side of the scene that are shown at most, from its middle
COLORS = ("#0072b2", "#d55e00", "#009e73")
QUANTILES = (0.15, 0.5, 0.85)  # of brightness: where the three pixels are taken


class ShowError(HsisrError):
    """The two rasters do not show the same ground."""


@dataclass(frozen=True)
class View:
    """A window of a raster: first row and column, its pixels (band, row, col) of all bands."""

    raster: Raster
    top: int
    left: int
    cube: Cube


def draw_quick_look(path: str | os.PathLike[str], scene: Raster, result: Raster | None) -> None:
    """Write a PNG.

    Parameters
    ----------
    scene : the input
    result : made of it, on a grid finer by a whole number; None shows the scene alone

    Raises
    ------
    ShowError
        `result` does not lie on the ground of `scene`, or not on a finer grid of it.
    OutputError
        It cannot be written there.
    """
    before = _middle(scene, result)
    after = None if result is None else _same_ground(before, result)
    with mpl.rc_context({"font.size": 9, "svg.hashsalt": "hsisr-geo"}):
        wide = 2 if after is None else 3
        figure = Figure(figsize=(4.2 * wide, 4.4), layout="constrained")
        axes = figure.subplots(1, wide)
        limits, image = _colors(before, None)
        axes[0].imshow(image, interpolation="nearest")
        axes[0].set_title(_size(scene) if after is None else f"before: {_size(scene)}")
        if after is not None:
            _, finer = _colors(after, limits)
            axes[1].imshow(_swiped(image, finer), interpolation="nearest")
            axes[1].axvline(finer.shape[1] / 2 - 0.5, color="white", linewidth=1)
            axes[1].set_title(f"before | after: {_size(after.raster)}")
        for picture in axes[:-1]:
            picture.set(xticks=[], yticks=[], facecolor="#e6e6e6")  # which shows in holes
        _spectra(axes, before, after)
        with drafted(Path(path)) as draft:
            figure.savefig(draft, format="png", dpi=110, metadata={"Software": None})


def _middle(scene: Raster, result: Raster | None) -> View:
    """Return the middle of the scene, or of the part of it that the result shows."""
    rows, cols = (0, scene.rows), (0, scene.cols)
    if result is not None and result.has_transform and scene.has_transform:
        row, col, height, width = _placed(scene, result)
        rows, cols = (row, row + height), (col, col + width)
    top, height = _within(*rows)
    left, width = _within(*cols)
    cube = read_window(scene, slice(top, top + height), slice(left, left + width))
    return View(scene, top, left, cube)


def _within(first: int, last: int) -> tuple[int, int]:
    size = min(last - first, SIDE)
    return first + (last - first - size) // 2, size


def _on_map(scene: Raster) -> str:
    """Say what is to be done where a swath's result may lie on its map."""
    return ": was it made with --orthorectify? Give it here, too" if scene.gcps else ""


def _placed(scene: Raster, result: Raster) -> tuple[int, int, int, int]:
    """Return where the result lies in the scene: row, column, rows, columns."""
    to_scene = ~Affine(*scene.transform[:6]) @ Affine(*result.transform[:6])
    col, row = to_scene.c, to_scene.f
    height, width = result.rows * to_scene.e, result.cols * to_scene.a
    found = np.array([row, col, height, width])
    parallel = abs(to_scene.b) + abs(to_scene.d) < 1e-6
    inside = (found >= -0.01).all() and row + height <= scene.rows + 0.01
    if not (parallel and inside and col + width <= scene.cols + 0.01):
        raise ShowError(f"{result.path} does not show the ground of {scene.path}{_on_map(scene)}")
    row, col, height, width = (round(value) for value in found)
    return row, col, height, width


def _same_ground(before: View, result: Raster) -> View:
    """Return the pixels of the result where `before` is."""
    scene = before.raster
    row, col, height, width = (
        _placed(scene, result) if result.has_transform else (0, 0, scene.rows, scene.cols)
    )
    finer = result.rows // max(height, 1)
    if finer < 1 or (finer * height, finer * width) != (result.rows, result.cols):
        raise ShowError(f"{result.path} is not {scene.path} on a grid finer by a whole number")
    top, left = finer * (before.top - row), finer * (before.left - col)
    rows, cols = (finer * size for size in before.cube.shape[1:])
    cube = read_window(result, slice(top, top + rows), slice(left, left + cols))
    return View(result, top, left, cube)


def _colors(
    view: View, limits: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    planes = view.cube[list(choose_colors(view.raster.bands).bands)]
    limits = stretch_limits(planes) if limits is None else limits
    return limits, stretch(planes, limits)


def _swiped(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the left half of one and the right half of the other, at the finer pixels."""
    finer = after.shape[0] // before.shape[0]
    image = after.copy()
    half = image.shape[1] // 2
    image[:, :half] = before.repeat(finer, axis=0).repeat(finer, axis=1)[:, :half]
    return image


def _size(raster: Raster) -> str:
    if not raster.has_transform:
        return f"{raster.rows} rows × {raster.cols} columns"
    width = np.hypot(raster.transform.a, raster.transform.d)
    return f"pixel {width:.4g} {raster.unit}".rstrip()


def _spectra(axes: NDArray[np.object_], before: View, after: View | None) -> None:
    """Draw the spectra of three pixels, and mark these in the pictures."""
    chart: Axes = axes[-1]
    alone = after is None
    for color, (row, col) in zip(COLORS, _three_pixels(before), strict=False):
        axes[0].plot(col, row, "x", color=color, markeredgewidth=2)
        chart.plot(*_curve(before, row, col), "-" if alone else "--", color=color, linewidth=1)
        if after is not None:
            finer = after.cube.shape[1] // before.cube.shape[1]
            row, col = finer * row + finer // 2, finer * col + finer // 2
            axes[1].plot(col, row, "x", color=color, markeredgewidth=2)
            chart.plot(*_curve(after, row, col), "-", color=color, linewidth=1.4)
    known = before.raster.bands[0].wavelength_nm is not None
    chart.set_xlabel("wavelength (nm)" if known else "band")
    chart.set_ylabel(before.raster.bands[0].unit or "value")
    chart.set_title("three pixels" if alone else "dashed: before; solid: after")
    chart.grid(visible=True, color="#dddddd")


def _three_pixels(view: View) -> list[tuple[int, int]]:
    """Return (row, col) of a dark, a middling and a bright pixel, where all good bands are."""
    green = view.cube[choose_colors(view.raster.bands).bands[1]]
    good = list(view.raster.bands.good_indices) or list(range(len(view.raster.bands)))
    valid = np.isfinite(view.cube[good]).all(axis=0)
    if not valid.any():
        return []
    levels = np.quantile(green[valid], QUANTILES)
    away = [np.where(valid, np.abs(green - level), np.inf) for level in levels]
    found = [np.unravel_index(np.argmin(each), each.shape) for each in away]
    return [(int(row), int(col)) for row, col in found]


def _curve(view: View, row: int, col: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return wavelengths (band numbers without) and values; bad bands and water vapour are NaN."""
    bands = view.raster.bands
    known = [band.wavelength_nm for band in bands]
    at = np.array(
        [i + 1 if nm is None else nm for i, nm in enumerate(known)]
        if None not in known
        else range(1, len(bands) + 1),
        dtype=np.float64,
    )
    values = view.cube[:, row, col].astype(np.float64)
    values[[not band.good for band in bands]] = np.nan
    if None not in known:
        for low, high in WATER_VAPOUR_NM:  # mostly noise, which would squash the rest
            values[(at >= low) & (at <= high)] = np.nan
    order = np.argsort(at, kind="stable")
    return at[order], values[order]
